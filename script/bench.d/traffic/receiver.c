// The server of every bot: notes the update and answers 200 at once.
#define _GNU_SOURCE
#include "traffic.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct visitor {
    struct watched watched;
    struct message message;
};

static struct watched listener = {LISTENER, -1};
// By chat: 1 + the highest number that has come.
static int64_t *latest;

void receiver_start(void) {
    latest = checked(calloc((size_t)plan.chats, sizeof *latest));
    listener.file = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int yes = 1;
    setsockopt(listener.file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)plan.listen_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener.file, (struct sockaddr *)&address, sizeof address)) fail("bind");
    if (listen(listener.file, 4096)) fail("listen");
    watch(&listener);
}

void receiver_accept(void) {
    int file;
    while ((file = accept4(listener.file, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        int yes = 1;
        setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        struct visitor *visitor = checked(calloc(1, sizeof *visitor));
        visitor->watched = (struct watched){RECEIVER, file};
        watch(&visitor->watched);
    }
}

static void note(const struct message *message) {
    static const char mark[] = "\"text\":\"n";
    int64_t at = now();
    char *found = memmem(message->bytes + message->head, message->body, mark, sizeof mark - 1);
    const char *digits = found ? found + sizeof mark - 1 : "";
    int64_t number = *digits >= '0' && *digits <= '9' ? strtoll(digits, NULL, 10) : -1;
    if (number < 0 || number >= capacity) {
        counts.unknown++;
        return;
    }
    counts.last_arrival = at;
    if (records[number].delivered) {
        counts.again++;
        return;
    }
    records[number].delivered = at;
    counts.delivered++;
    int64_t *last = &latest[number % plan.chats];
    if (number < *last) counts.reordered++;
    else *last = number + 1;
}

void receiver_handle(struct watched *it) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    struct visitor *visitor = (struct visitor *)it;
    bool is_closed;
    message_read(&visitor->message, it->file, &is_closed);
    while (message_is_whole(&visitor->message)) {
        note(&visitor->message);
        message_drop(&visitor->message);
        if (write(it->file, answer, sizeof answer - 1) != sizeof answer - 1) is_closed = true;
    }
    if (is_closed) {
        close(it->file);
        free(visitor->message.bytes);
        free(visitor);
    }
}
