// What the counters of this library share. Each thread has a row of its own: nothing is locked while it counts.
#ifndef TERN_COUNTS_H
#define TERN_COUNTS_H

#include <stdint.h>

// The names that the report gives them are in counts.c, in this order.
enum counter {
  COUNT_ALLOCATIONS,
  COUNT_COPIES,
  COUNT_COPIED_BYTES,
  COUNT_LOCKS,
  COUNT_CONTENDED_LOCKS,
  COUNT_RETAINS,
  COUNT_RELEASES,
  COUNT_EXCLUSIVITY_CHECKS,
  COUNTERS,
};

// Above the highest number of a system call.
enum { SYSTEM_CALLS = 512 };

struct row {
  uint64_t counts[COUNTERS];
  uint64_t calls[SYSTEM_CALLS];
  char room[64];
};

// The first row is for threads that have none yet, and for those beyond the last.
extern _Thread_local struct row *own_row __attribute__((tls_model("initial-exec"), visibility("hidden")));
__attribute__((visibility("hidden"))) struct row *take_row(void);

static inline struct row *row_of_thread(void) { return own_row ? own_row : take_row(); }
static inline void count(enum counter which, uint64_t more) { row_of_thread()->counts[which] += more; }

// 0, or why system calls are not counted, as an errno.
__attribute__((visibility("hidden"))) extern int calls_uncounted_because;
// The next definition of a function: the one that would run without this library.
__attribute__((visibility("hidden"))) void *next_definition(const char *name);

#endif
