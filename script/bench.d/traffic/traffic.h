// Both ends of `script/bench deliver` in one process of one thread, so that they take as little as can be of the
// processor they share with what is measured: the generator, which posts updates as Telegram does, and the receiver,
// which is the server of every bot. Each update carries its number in its text, and the record of that number says
// when it was due, when it was answered with 200 and when it came back.
//
// All times are nanoseconds of CLOCK_MONOTONIC, the clock of every process of a machine.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record {
    int64_t due, answered, delivered;
};

struct plan {
    int listen_port;
    // 0: nothing is sent, updates only arrive.
    int target_port;
    // The way: "update" is a Telegram update for a bot's webhook, "message" is what has a user of the sandbox write.
    bool is_message;
    int accepted_status;
    int connections;
    int64_t chats;
    double seconds;
    // Updates a second, whatever the answers (open loop). 0: as fast as can be with no more than `window` updates
    // that have been sent and have not come back (closed loop).
    double rate;
    int64_t window;
    // How many updates are to arrive when none are sent.
    int64_t expected;
    // How long nothing may arrive before what is missing counts as lost.
    double patience;
};

struct counts {
    int64_t sent, accepted, refused, broken, delivered, again, reordered, unknown;
    int64_t last_arrival;
};

extern struct plan plan;
extern struct counts counts;
extern struct record *records;
extern int64_t capacity;
extern int poller;

enum source { LISTENER, TIMER, RECEIVER, GENERATOR };

// What epoll gives back. First in every connection.
struct watched {
    enum source source;
    int file;
};

int64_t now(void);
void *checked(void *pointer);
_Noreturn void fail(const char *what);
void watch(struct watched *it);

// A buffer of one HTTP message, and where its parts are.
struct message {
    char *bytes;
    size_t length, room, head, body;
};
bool message_read(struct message *it, int file, bool *is_closed);
bool message_is_whole(struct message *it);
void message_drop(struct message *it);

void generator_start(const char *targets);
void generator_fill(int64_t at);
int64_t generator_next_due(void);
void generator_handle(struct watched *it);
bool generator_is_done(void);

void receiver_start(void);
void receiver_accept(void);
void receiver_handle(struct watched *it);
