// What the Swift runtime is asked for: references counted up and down, exclusivity checks, and locks that another thread
// held. Its functions expect most registers to survive, so each of these only counts and jumps on.
#define _GNU_SOURCE
#include "counts.h"

#include <stddef.h>

#if defined(__x86_64__)

#define PASS_ON(symbol, name, which)                                                         \
  __attribute__((visibility("hidden"))) void *tern_counts_next_##name;                       \
  __asm__(".text\n.globl \"" symbol "\"\n.type \"" symbol "\", @function\n\"" symbol "\":\n" \
          "  mov own_row@gottpoff(%rip), %r11\n"                                             \
          "  mov %fs:(%r11), %r11\n"                                                         \
          "  test %r11, %r11\n"                                                              \
          "  jz 1f\n"                                                                        \
          "  incq " #which "(%r11)\n"                                                        \
          "1: jmp *tern_counts_next_" #name "(%rip)\n"                                       \
          ".size \"" symbol "\", .-\"" symbol "\"\n")

// Places in a row, checked below.
#define CONTENDED 32
#define RETAIN 40
#define RELEASE 48
#define CHECK 56
#define CHECKED(which, place) _Static_assert(which * sizeof(uint64_t) == place, "a counter has moved")
CHECKED(COUNT_CONTENDED_LOCKS, CONTENDED);
CHECKED(COUNT_RETAINS, RETAIN);
CHECKED(COUNT_RELEASES, RELEASE);
CHECKED(COUNT_EXCLUSIVITY_CHECKS, CHECK);

#define PASS(symbol, name, which) PASS_ON(symbol, name, which)
PASS("swift_retain", retain, RETAIN);
PASS("swift_release", release, RELEASE);
PASS("swift_bridgeObjectRetain", bridge_retain, RETAIN);
PASS("swift_bridgeObjectRelease", bridge_release, RELEASE);
PASS("swift_beginAccess", begin_access, CHECK);
// Synchronization._MutexHandle._lockSlow: the rest of a Mutex is inlined and not seen here.
PASS("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF", lock_slow, CONTENDED);

__attribute__((constructor(101))) static void find(void) {
  tern_counts_next_retain = next_definition("swift_retain");
  tern_counts_next_release = next_definition("swift_release");
  tern_counts_next_bridge_retain = next_definition("swift_bridgeObjectRetain");
  tern_counts_next_bridge_release = next_definition("swift_bridgeObjectRelease");
  tern_counts_next_begin_access = next_definition("swift_beginAccess");
  tern_counts_next_lock_slow = next_definition("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
}

#endif
