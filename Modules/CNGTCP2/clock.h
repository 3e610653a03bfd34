// The clock that GnuTLS judges tickets by, which has no public setter.
#ifndef TERN_CLOCK_H
#define TERN_CLOCK_H

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

typedef void (*tern_clock)(struct timespec *now);

// Looked up while the program runs: a library without the function links and works, and this returns 0.
static inline int tern_replace_clock(const char *setter_name, tern_clock clock) {
  void (*setter)(tern_clock) = NULL;
  void *program = dlopen(NULL, RTLD_LAZY);
  if (program == NULL) return 0;
  void *found = dlsym(program, setter_name);
  memcpy(&setter, &found, sizeof(setter));
  dlclose(program);
  if (setter == NULL) return 0;
  setter(clock);
  return 1;
}
static inline void tern_read_clock(struct timespec *now) { clock_gettime(CLOCK_REALTIME, now); }
static inline void tern_set_back(struct timespec *time, int64_t seconds, int64_t earliest) {
  time->tv_sec -= seconds;
  if (time->tv_sec >= earliest) return;
  time->tv_sec = earliest;
  time->tv_nsec = 0;
}
static inline uint64_t tern_this_thread(void) { return (uint64_t)pthread_self(); }

#endif
