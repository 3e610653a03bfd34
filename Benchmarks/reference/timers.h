// Who is to be called when: a binary heap of connections, the earliest first.
#ifndef REFERENCE_TIMERS_H
#define REFERENCE_TIMERS_H

#include <stddef.h>
#include <stdint.h>

struct connection;

// A connection's part of the heap.
struct timer {
  uint64_t deadline;
  size_t position;  // 0: not in the heap
};

struct timers {
  struct connection **heap;  // from 1 on
  size_t count, capacity;
};

void timers_set(struct timers *timers, struct connection *connection, uint64_t deadline);
void timers_remove(struct timers *timers, struct connection *connection);
// UINT64_MAX: none.
uint64_t timers_earliest(const struct timers *timers);
// Takes one out that is due; NULL: none is.
struct connection *timers_pop(struct timers *timers, uint64_t now);

#endif
