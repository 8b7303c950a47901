#pragma once
// What Swift's Glibc module leaves out of Linux.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <spawn.h>

/// Names the calling thread, for ps and debuggers; at most 15 bytes count. (prctl is variadic.)
static inline void shim_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

/// Lets the calling thread, not the whole process, yield the CPU to others. (In Linux 0 is the thread.)
static inline int shim_nice_thread(int niceness) { return setpriority(PRIO_PROCESS, 0, niceness); }

/// Has the kernel send `signal` to the calling process when the thread that started it ends.
static inline void shim_die_with_parent(int signal) { prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }

// Declared by glibc for _GNU_SOURCE only.
extern int pipe2(int ends[2], int flags);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
