// Copies of payload: memcpy and its kin, where they move at least 512 bytes. Headers and small structures are below
// that, a packet's worth of stream data is above. What a compiler has copy inline, the kernel's copies and what a cipher
// writes on its way are not seen.
#define _GNU_SOURCE
#include "counts.h"

#include <stddef.h>

enum { PAYLOAD = 512 };

typedef void *copier(void *, const void *, size_t);
static copier *next_memcpy, *next_memmove, *next_mempcpy;

// Before the loader is done there is no next one. Compiled so that this loop is not made a call of memcpy.
static void *copy_bytes(void *to, const void *from, size_t size) {
  char *target = to;
  const char *source = from;
  if (target <= source) {
    for (size_t i = 0; i < size; i++) target[i] = source[i];
  } else {
    for (size_t i = size; i > 0; i--) target[i - 1] = source[i - 1];
  }
  return to;
}

__attribute__((constructor(101))) static void find(void) {
  next_memcpy = next_definition("memcpy");
  next_mempcpy = next_definition("mempcpy");
  next_memmove = next_definition("memmove");
}

static inline void note(size_t size) {
  if (size < PAYLOAD) return;
  count(COUNT_COPIES, 1);
  count(COUNT_COPIED_BYTES, size);
}

void *memcpy(void *to, const void *from, size_t size) {
  note(size);
  return next_memcpy ? next_memcpy(to, from, size) : copy_bytes(to, from, size);
}
void *memmove(void *to, const void *from, size_t size) {
  note(size);
  return next_memmove ? next_memmove(to, from, size) : copy_bytes(to, from, size);
}
void *mempcpy(void *to, const void *from, size_t size) {
  note(size);
  return next_mempcpy ? next_mempcpy(to, from, size) : (char *)copy_bytes(to, from, size) + size;
}
// What _FORTIFY_SOURCE calls; the check is not what is measured.
void *__memcpy_chk(void *to, const void *from, size_t size, size_t room) {
  (void)room;
  return memcpy(to, from, size);
}
void *__memmove_chk(void *to, const void *from, size_t size, size_t room) {
  (void)room;
  return memmove(to, from, size);
}
void *__mempcpy_chk(void *to, const void *from, size_t size, size_t room) {
  (void)room;
  return mempcpy(to, from, size);
}
