// Enough of HTTP/1.1 for both ends: one message at a time on a connection, its length given by Content-Length.
#define _GNU_SOURCE
#include "traffic.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Reads what there is. False when nothing more can come; `is_closed` tells an end from a full message.
bool message_read(struct message *it, int file, bool *is_closed) {
    *is_closed = false;
    for (;;) {
        if (it->room - it->length < 2048) {
            it->room = it->room ? it->room * 2 : 4096;
            it->bytes = checked(realloc(it->bytes, it->room));
        }
        ssize_t count = read(file, it->bytes + it->length, it->room - it->length - 1);
        if (count > 0) {
            it->length += (size_t)count;
            it->bytes[it->length] = 0;
            if (it->length < it->room - 1) return true;
        } else if (count < 0 && errno == EINTR) {
            continue;
        } else if (count < 0 && errno == EAGAIN) {
            return true;
        } else {
            *is_closed = true;
            return false;
        }
    }
}

bool message_is_whole(struct message *it) {
    if (it->length == 0) return false;
    if (it->head == 0) {
        char *end = memmem(it->bytes, it->length, "\r\n\r\n", 4);
        if (end == NULL) return false;
        it->head = (size_t)(end - it->bytes) + 4;
        char *field = strcasestr(it->bytes, "\r\ncontent-length:");
        it->body = field && field < end ? strtoul(field + 17, NULL, 10) : 0;
    }
    return it->length >= it->head + it->body;
}

// Takes the first whole message away; what follows it stays.
void message_drop(struct message *it) {
    size_t used = it->head + it->body;
    memmove(it->bytes, it->bytes + used, it->length - used + 1);
    it->length -= used;
    it->head = it->body = 0;
}
