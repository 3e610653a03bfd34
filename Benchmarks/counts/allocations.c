// Heap allocations: the malloc family, whoever calls it.
#define _GNU_SOURCE
#include "counts.h"

#include <stddef.h>
#include <stdlib.h>

static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static void (*next_free)(void *);
static int (*next_posix_memalign)(void **, size_t, size_t);
static void *(*next_aligned_alloc)(size_t, size_t);
static void *(*next_memalign)(size_t, size_t);

// The loader itself allocates while the functions are looked up.
static char early[16384];
static size_t early_used;

static void *take_early(size_t size) {
  size = (size + 15) & ~(size_t)15;
  if (early_used + size > sizeof(early)) abort();
  void *memory = early + early_used;
  early_used += size;
  return memory;
}
static int is_early(void *memory) { return (char *)memory >= early && (char *)memory < early + sizeof(early); }

static int find(void) {
  static int is_finding;
  if (is_finding) return 0;
  is_finding = 1;
  next_free = next_definition("free");
  next_calloc = next_definition("calloc");
  next_realloc = next_definition("realloc");
  next_posix_memalign = next_definition("posix_memalign");
  next_aligned_alloc = next_definition("aligned_alloc");
  next_memalign = next_definition("memalign");
  next_malloc = next_definition("malloc");
  return 1;
}

void *malloc(size_t size) {
  if (!next_malloc && !find()) return take_early(size);
  count(COUNT_ALLOCATIONS, 1);
  return next_malloc(size);
}
void *calloc(size_t n, size_t size) {
  if (!next_malloc && !find()) return take_early(n * size);
  count(COUNT_ALLOCATIONS, 1);
  return next_calloc(n, size);
}
void *realloc(void *old, size_t size) {
  if ((!next_malloc && !find()) || is_early(old)) abort();
  count(COUNT_ALLOCATIONS, 1);
  return next_realloc(old, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
  if (!next_malloc && !find()) abort();
  count(COUNT_ALLOCATIONS, 1);
  return next_posix_memalign(memory, alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  if (!next_malloc && !find()) abort();
  count(COUNT_ALLOCATIONS, 1);
  return next_aligned_alloc(alignment, size);
}
void *memalign(size_t alignment, size_t size) {
  if (!next_malloc && !find()) abort();
  count(COUNT_ALLOCATIONS, 1);
  return next_memalign(alignment, size);
}
void free(void *memory) {
  if (is_early(memory)) return;
  if (!next_malloc && !find()) return;
  next_free(memory);
}
