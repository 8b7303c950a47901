// The program: reads its plan, says that it listens, runs until all has arrived or nothing comes any more, writes
// the records to a file and what it counted to standard output.
//
//     traffic listen=PORT target=PORT targets=FILE records=FILE rate=N | window=N …
//
// SIGTERM ends it with what there is.
#define _GNU_SOURCE
#include "traffic.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct plan plan = {.accepted_status = 200, .connections = 64, .chats = 10000, .patience = 20};
struct counts counts;
struct record *records;
int64_t capacity;
int poller;
static volatile sig_atomic_t is_ended;
static struct watched timer = {TIMER, -1};
static const char *targets, *file_of_records;

int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

void fail(const char *what) {
    fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
    exit(1);
}

void *checked(void *pointer) {
    if (pointer == NULL) fail("memory");
    return pointer;
}

void watch(struct watched *it) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = it};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, it->file, &event)) fail("epoll_ctl");
}

static void take(const char *argument) {
    const char *value = strchr(argument, '=');
    if (value == NULL) fail(argument);
    size_t length = (size_t)(value++ - argument);
    double number = strtod(value, NULL);
#define IS(name) (length == sizeof name - 1 && strncmp(argument, name, length) == 0)
    if (IS("listen")) plan.listen_port = (int)number;
    else if (IS("target")) plan.target_port = (int)number;
    else if (IS("targets")) targets = value;
    else if (IS("records")) file_of_records = value;
    else if (IS("form")) plan.is_message = strcmp(value, "message") == 0;
    else if (IS("accepted")) plan.accepted_status = (int)number;
    else if (IS("connections")) plan.connections = (int)number;
    else if (IS("chats")) plan.chats = (int64_t)number;
    else if (IS("seconds")) plan.seconds = number;
    else if (IS("rate")) plan.rate = number;
    else if (IS("window")) plan.window = (int64_t)number;
    else if (IS("expected")) plan.expected = (int64_t)number;
    else if (IS("patience")) plan.patience = number;
    else fail(argument);
#undef IS
}

// Only what is used of it takes memory.
static void make_records(void) {
    double most = plan.target_port == 0 ? (double)plan.expected
                  : plan.rate > 0       ? plan.rate * plan.seconds
                                        : 50000 * plan.seconds;
    capacity = (int64_t)most + 1;
    records = mmap(NULL, (size_t)capacity * sizeof *records, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (records == MAP_FAILED) fail("memory");
}

static void arm(int64_t at) {
    struct itimerspec when = {.it_value = {at / 1000000000, at % 1000000000}};
    timerfd_settime(timer.file, TFD_TIMER_ABSTIME, &when, NULL);
}

static bool is_over(void) {
    if (is_ended) return true;
    if (plan.target_port && !generator_is_done()) return false;
    int64_t wanted = plan.target_port ? counts.accepted : plan.expected;
    if (counts.delivered >= wanted) return true;
    // Counted from the last arrival, or from the first look after the last answer.
    static int64_t since;
    int64_t at = now();
    if (since == 0 || counts.last_arrival > since) since = counts.last_arrival > since ? counts.last_arrival : at;
    return plan.target_port && at - since > (int64_t)(plan.patience * 1e9);
}

static void run(void) {
    struct epoll_event events[256];
    int64_t armed = 0;
    while (!is_over()) {
        if (plan.target_port) {
            generator_fill(now());
            int64_t due = generator_next_due();
            if (due != armed && !generator_is_done()) arm(armed = due);
        }
        int count = epoll_wait(poller, events, 256, 100);
        for (int number = 0; number < count; number++) {
            struct watched *it = events[number].data.ptr;
            uint64_t ticks;
            switch (it->source) {
                case LISTENER: receiver_accept(); break;
                case TIMER: if (read(it->file, &ticks, sizeof ticks) < 0) {} break;
                case RECEIVER: receiver_handle(it); break;
                case GENERATOR: generator_handle(it); break;
            }
        }
    }
}

static void write_records(void) {
    FILE *file = fopen(file_of_records, "wb");
    size_t count = (size_t)(plan.target_port ? counts.sent : plan.expected);
    if (file == NULL || fwrite(records, sizeof *records, count, file) != count || fclose(file)) fail("records");
}

static void end(int signal) { is_ended = signal; }

int main(int count, char **arguments) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, end);
    for (int number = 1; number < count; number++) take(arguments[number]);
    make_records();
    poller = epoll_create1(0);
    timer.file = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    watch(&timer);
    receiver_start();
    if (plan.target_port) generator_start(targets);
    printf("{\"start\":%lld}\n", (long long)now());
    fflush(stdout);
    run();
    if (file_of_records) write_records();
    printf("{\"sent\":%lld,\"accepted\":%lld,\"refused\":%lld,\"broken\":%lld,\"delivered\":%lld,\"again\":%lld,"
           "\"reordered\":%lld,\"unknown\":%lld,\"ended\":%lld}\n",
           (long long)counts.sent, (long long)counts.accepted, (long long)counts.refused, (long long)counts.broken,
           (long long)counts.delivered, (long long)counts.again, (long long)counts.reordered,
           (long long)counts.unknown, (long long)now());
    return 0;
}
