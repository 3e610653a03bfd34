// The one clock of the program.
#ifndef REFERENCE_CLOCK_H
#define REFERENCE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NANOSECONDS 1000000000ULL

// Nanoseconds of the monotonic clock.
static inline uint64_t clock_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * NANOSECONDS + (uint64_t)t.tv_nsec;
}

#endif
