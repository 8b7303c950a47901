// Telegram's side: one update of a chat in flight, the next when it is answered; chats side by side over kept-alive
// connections, which take turns. An update that is due while none is free waits for one, and that counts.
#define _GNU_SOURCE
#include "traffic.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BODY = 573, FIRST_CHAT = 1000000001, FIRST_UPDATE = 1000000000 };

struct sender {
    struct watched watched;
    struct message message;
    // The number of the update it carries, or -1.
    int64_t carries;
};
struct chat {
    bool is_busy;
    // How many updates wait for the one in flight, and the first of them.
    int64_t behind, next;
};

// Queues whose places are used in turn; each has room for all that can wait at once.
struct queue {
    int64_t *places;
    int64_t room, first, count;
};
static struct queue idle, due_now;
static struct sender *senders;
static struct chat *chats;
static char **heads;
static int64_t bots, start, open_count;

static void push(struct queue *queue, int64_t value) {
    queue->places[(queue->first + queue->count++) % queue->room] = value;
}

static int64_t pop(struct queue *queue) {
    int64_t value = queue->places[queue->first];
    queue->first = (queue->first + 1) % queue->room;
    queue->count--;
    return value;
}

static void read_targets(const char *path) {
    FILE *file = fopen(path, "r");
    if (file == NULL) fail("targets");
    char way[512], secret[512];
    while (fscanf(file, "%511s %511s", way, secret) == 2) {
        heads = checked(realloc(heads, (size_t)(bots + 1) * sizeof *heads));
        if (asprintf(&heads[bots++],
                     "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                     "X-Telegram-Bot-Api-Secret-Token: %s\r\nContent-Length: ", way, secret) < 0) fail("memory");
    }
    fclose(file);
    if (bots == 0) fail("no targets");
}

static void open_connection(struct sender *sender) {
    sender->watched.file = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)plan.target_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(sender->watched.file, (struct sockaddr *)&address, sizeof address)) fail("connect");
    int yes = 1;
    setsockopt(sender->watched.file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(sender->watched.file, F_SETFL, O_NONBLOCK);
    watch(&sender->watched);
}

void generator_start(const char *targets) {
    read_targets(targets);
    idle = (struct queue){checked(calloc((size_t)plan.connections, sizeof(int64_t))), plan.connections, 0, 0};
    due_now = (struct queue){checked(calloc((size_t)plan.chats, sizeof(int64_t))), plan.chats, 0, 0};
    chats = checked(calloc((size_t)plan.chats, sizeof *chats));
    senders = checked(calloc((size_t)plan.connections, sizeof *senders));
    for (int64_t number = 0; number < plan.connections; number++) {
        senders[number] = (struct sender){.watched = {GENERATOR, -1}, .carries = -1};
        open_connection(&senders[number]);
        push(&idle, number);
    }
    start = now();
}

// 573 bytes of update, or for the sandbox 400 of message; the number stands at the beginning of the text.
static int body_of(char *body, int64_t number) {
    static const char filler[] =
        "I would like to book the morning class on Tuesday, please. I would like to book the morning class on Tuesday, "
        "please. I would like to book the morning class on Tuesday, please. I would like to book the morning class on "
        "Tuesday, please. I would like to book the morning class on Tuesday, please. I would like to book the morning "
        "class on Tuesday, please. I would like to book the morning class on Tuesday, please.";
    long long chat = FIRST_CHAT + number % plan.chats, n = number;
    int length;
    if (plan.is_message) {
        length = sprintf(body, "{\"user_id\":%lld,\"chat_id\":%lld,\"text\":\"n%lld ", chat, chat, n);
        return length + sprintf(body + length, "%.*s\"}", 398 - length, filler);
    }
    length = sprintf(
        body,
        "{\"update_id\":%lld,\"message\":{\"message_id\":%lld,\"from\":{\"id\":%lld,\"is_bot\":false,\"first_name\":"
        "\"Katharina\",\"language_code\":\"de\"},\"chat\":{\"id\":%lld,\"first_name\":\"Katharina\",\"type\":"
        "\"private\"},\"date\":%lld,\"text\":\"n%lld ",
        FIRST_UPDATE + n, n + 1, chat, chat, (long long)time(NULL), n);
    return length + sprintf(body + length, "%.*s\"}}", BODY - 3 - length, filler);
}

static void post(struct sender *sender, int64_t number) {
    char body[1024], request[2048];
    int length = body_of(body, number);
    int size = sprintf(request, "%s%d\r\n\r\n", heads[number % plan.chats % bots], length);
    memcpy(request + size, body, (size_t)length);
    sender->carries = number;
    if (write(sender->watched.file, request, (size_t)(size + length)) < 0) shutdown(sender->watched.file, SHUT_RDWR);
}

static void send_waiting(void) {
    while (due_now.count > 0 && idle.count > 0) post(&senders[pop(&idle)], pop(&due_now));
}

static void become_due(int64_t at) {
    int64_t number = counts.sent++;
    struct chat *chat = &chats[number % plan.chats];
    records[number].due = at;
    open_count++;
    if (chat->is_busy) {
        if (chat->behind++ == 0) chat->next = number;
    } else {
        chat->is_busy = true;
        push(&due_now, number);
    }
}

// The moment of the next update of an open loop, or of the end of a closed one.
int64_t generator_next_due(void) {
    if (plan.rate > 0) return start + (int64_t)((double)counts.sent / plan.rate * 1e9);
    return start + (int64_t)(plan.seconds * 1e9);
}

// Lets become due whatever is by now.
void generator_fill(int64_t at) {
    if (plan.rate > 0) {
        int64_t planned = (int64_t)(plan.rate * plan.seconds);
        for (int64_t due; counts.sent < planned && (due = generator_next_due()) <= at;) become_due(due);
    } else if (at < start + (int64_t)(plan.seconds * 1e9)) {
        // Only into free connections, so that an update counts from when it really leaves.
        while (counts.sent - counts.refused - counts.broken - counts.delivered < plan.window && idle.count > due_now.count
               && counts.sent < capacity) become_due(at);
    }
    send_waiting();
}

static void finish(struct sender *sender) {
    struct chat *chat = &chats[sender->carries % plan.chats];
    sender->carries = -1;
    open_count--;
    if (chat->behind > 0) {
        push(&due_now, chat->next);
        chat->behind--;
        chat->next += plan.chats;
    } else {
        chat->is_busy = false;
    }
}

void generator_handle(struct watched *it) {
    struct sender *sender = (struct sender *)it;
    bool is_closed;
    message_read(&sender->message, it->file, &is_closed);
    if (message_is_whole(&sender->message) && sender->carries >= 0) {
        int status = (int)strtol(sender->message.bytes + 9, NULL, 10);
        if (status == plan.accepted_status) {
            records[sender->carries].answered = now();
            counts.accepted++;
        } else {
            counts.refused++;
        }
        message_drop(&sender->message);
        finish(sender);
        push(&idle, sender - senders);
    }
    if (is_closed) {
        close(it->file);
        sender->message.length = sender->message.head = sender->message.body = 0;
        open_connection(sender);
        if (sender->carries >= 0) {
            counts.broken++;
            finish(sender);
            push(&idle, sender - senders);
        }
    }
    send_waiting();
}

bool generator_is_done(void) {
    int64_t at = now();
    bool is_sent = plan.rate > 0 ? counts.sent >= (int64_t)(plan.rate * plan.seconds)
                                 : at >= start + (int64_t)(plan.seconds * 1e9) || counts.sent >= capacity;
    return is_sent && open_count == 0;
}
