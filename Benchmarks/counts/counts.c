// Counts what a process does that runs with this library preloaded (LD_PRELOAD), and tells the counts at its end, a name
// and a number a line, on the descriptor that TERN_COUNTS_FD names. Built and read by scripts/counts.
//
// What happens between two moments is the difference of two runs of different length: start-up, handshake and
// shut-down cancel out.
#define _GNU_SOURCE
#include "counts.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[COUNTERS] = {
    [COUNT_ALLOCATIONS] = "allocations",
    [COUNT_COPIES] = "copies",
    [COUNT_COPIED_BYTES] = "copied_bytes",
    [COUNT_LOCKS] = "locks",
    [COUNT_CONTENDED_LOCKS] = "contended_locks",
    [COUNT_RETAINS] = "retains",
    [COUNT_RELEASES] = "releases",
    [COUNT_EXCLUSIVITY_CHECKS] = "exclusivity_checks",
};

enum { ROWS = 128 };
static struct row rows[ROWS];
static atomic_uint rows_taken = 1;
_Thread_local struct row *own_row;

struct row *take_row(void) {
  unsigned number = atomic_fetch_add_explicit(&rows_taken, 1, memory_order_relaxed);
  own_row = &rows[number < ROWS ? number : 0];
  return own_row;
}

void *next_definition(const char *name) { return dlsym(RTLD_NEXT, name); }

// What CountedMutex.swift calls; in other builds nobody does.
void tern_counts_lock(void) { count(COUNT_LOCKS, 1); }

static uint64_t total(const uint64_t *in_first_row) {
  uint64_t sum = 0;
  for (int i = 0; i < ROWS; i++) {
    sum += *(const uint64_t *)((const char *)in_first_row + (size_t)i * sizeof(struct row));
  }
  return sum;
}

__attribute__((destructor)) static void report(void) {
  const char *descriptor = getenv("TERN_COUNTS_FD");
  if (descriptor == NULL) return;
  int to = atoi(descriptor);
  // Telling takes memory and system calls of its own.
  static struct row sums;
  for (int i = 0; i < COUNTERS; i++) sums.counts[i] = total(&rows[0].counts[i]);
  for (int i = 0; i < SYSTEM_CALLS; i++) sums.calls[i] = total(&rows[0].calls[i]);
  for (int i = 0; i < COUNTERS; i++) dprintf(to, "%s %lu\n", names[i], (unsigned long)sums.counts[i]);
  if (calls_uncounted_because != 0) {
    dprintf(to, "no_system_calls %s\n", strerror(calls_uncounted_because));
    return;
  }
  for (int i = 0; i < SYSTEM_CALLS; i++) {
    if (sums.calls[i] != 0) dprintf(to, "call_%d %lu\n", i, (unsigned long)sums.calls[i]);
  }
}
