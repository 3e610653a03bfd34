// Counts heap allocations of a process that runs with this library preloaded, and says so at its end on the stream
// that TERN_ALLOCATIONS_FD names. Built by scripts/allocations.
//
// What happens between two moments is the difference of two runs of different length: start-up, handshake and
// shut-down cancel out.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_ulong count;
static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static int (*next_posix_memalign)(void **, size_t, size_t);
static void *(*next_aligned_alloc)(size_t, size_t);

// The loader itself allocates while the functions below are looked up.
static char early[16384];
static size_t early_used;

static void find(void) {
  next_calloc = dlsym(RTLD_NEXT, "calloc");
  next_realloc = dlsym(RTLD_NEXT, "realloc");
  next_posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
  next_aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
  next_malloc = dlsym(RTLD_NEXT, "malloc");
}
static void *take_early(size_t size) {
  size = (size + 15) & ~(size_t)15;
  if (early_used + size > sizeof(early)) abort();
  void *memory = early + early_used;
  early_used += size;
  return memory;
}

void *malloc(size_t size) {
  static _Thread_local int finding;
  if (!next_malloc) {
    if (finding) return take_early(size);
    finding = 1;
    find();
    finding = 0;
  }
  atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
  return next_malloc(size);
}
void *calloc(size_t n, size_t size) {
  if (!next_calloc) return take_early(n * size);
  atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
  return next_calloc(n, size);
}
void *realloc(void *old, size_t size) {
  if (!next_realloc) find();
  atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
  return next_realloc(old, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
  if (!next_posix_memalign) find();
  atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
  return next_posix_memalign(memory, alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  if (!next_aligned_alloc) find();
  atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
  return next_aligned_alloc(alignment, size);
}
void free(void *memory) {
  static void (*next_free)(void *);
  if ((char *)memory >= early && (char *)memory < early + sizeof(early)) return;
  if (!next_free) next_free = dlsym(RTLD_NEXT, "free");
  next_free(memory);
}

__attribute__((destructor)) static void report(void) {
  const char *stream = getenv("TERN_ALLOCATIONS_FD");
  if (stream) dprintf(atoi(stream), "%lu\n", atomic_load(&count));
}
