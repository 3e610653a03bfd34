// epoll, eventfd and the thread of an event loop.
#ifndef TERN_CLINUXUDP_LOOP_H
#define TERN_CLINUXUDP_LOOP_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static inline int tern_epoll_open(void) { return epoll_create1(EPOLL_CLOEXEC); }
static inline int tern_eventfd_open(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

// Edge-triggered: every write wakes once, and nobody has to read the counter.
static inline int tern_epoll_add_eventfd(int epoll, int descriptor, uint64_t key) {
  struct epoll_event event;
  memset(&event, 0, sizeof(event));
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = key;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}
static inline int tern_eventfd_wake(int descriptor) {
  uint64_t one = 1;
  return write(descriptor, &one, sizeof(one)) == sizeof(one) ? 0 : -1;
}
static inline int tern_epoll_watch(int epoll, int descriptor, int is_new, int for_writing, uint64_t key) {
  struct epoll_event event;
  memset(&event, 0, sizeof(event));
  event.events = for_writing ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u64 = key;
  return epoll_ctl(epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event);
}
static inline int tern_epoll_unwatch(int epoll, int descriptor) {
  struct epoll_event unused;
  memset(&unused, 0, sizeof(unused));
  return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &unused);
}

typedef struct {
  uint64_t key;
  int is_readable, is_writable;
} tern_epoll_event;

// Waits for `timeout` nanoseconds, without end if negative. By its number, because older C libraries lack the call. Kernels
// before 5.11 and some sandboxes lack it too: from then on the wait is in whole milliseconds, never shorter than asked for.
static inline int tern_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t timeout, int *uses_milliseconds) {
  if (!*uses_milliseconds) {
    struct timespec limit = {timeout / 1000000000, timeout % 1000000000};
    long count = syscall(441, epoll, events, capacity, timeout < 0 ? NULL : &limit, NULL, 0);  // epoll_pwait2
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return (int)count;
    *uses_milliseconds = 1;
  }
  int64_t milliseconds = timeout < 0 ? -1 : timeout / 1000000 + (timeout % 1000000 != 0);
  return epoll_wait(epoll, events, capacity, milliseconds > 3600000 ? 3600000 : (int)milliseconds);
}
static inline tern_epoll_event tern_epoll_read(const struct epoll_event *event) {
  // An error is reported by the next call, whichever it is.
  tern_epoll_event e = {event->data.u64, (event->events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0, (event->events & (EPOLLOUT | EPOLLERR)) != 0};
  return e;
}

// A thread that nobody waits for and that signal handlers do not interrupt.
static inline int tern_thread_start(void *(*run)(void *), void *argument) {
  sigset_t all, before;
  pthread_t thread;
  pthread_attr_t attributes;
  sigfillset(&all);
  int result = pthread_attr_init(&attributes);
  if (result != 0) return result;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  result = pthread_create(&thread, &attributes, run, argument);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return result;
}
static inline void tern_thread_name(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
// 0 where the descriptor is no terminal.
static inline int tern_terminal_columns(int descriptor) {
  struct winsize size;
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
static inline uint64_t tern_thread_self(void) { return (uint64_t)(uintptr_t)pthread_self(); }

// The processors that this process may run on; taskset and containers can leave fewer than the host has.
static inline int tern_processor_count(void) {
  unsigned char mask[1024];
  int count = 0;
  long length = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
  for (long i = 0; i < length; i++) count += __builtin_popcount(mask[i]);
  return count > 0 ? count : 1;
}

#endif
