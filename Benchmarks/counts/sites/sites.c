// Tells who allocates: the chains of callers of the malloc family, with how often each came, for scripts/counts --sites.
// Follows frame pointers, which Swift code keeps; a C library without them ends a chain early.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 12, SITES = 8192, PROBES = 64, STACK = 1 << 16 };

struct site {
  atomic_ullong hash, times;
  void *callers[DEPTH];
};
static struct site sites[SITES];
static atomic_ullong unplaced;
// Telling allocates as well.
static atomic_int is_over;

static uint64_t hash_of(void *const *callers) {
  uint64_t hash = 14695981039346656037ULL;
  for (int i = 0; i < DEPTH; i++) hash = (hash ^ (uintptr_t)callers[i]) * 1099511628211ULL;
  return hash ? hash : 1;
}

// Inlined, so that the chain begins at the caller of malloc.
__attribute__((always_inline)) static inline void note(void) {
  if (atomic_load_explicit(&is_over, memory_order_relaxed)) return;
  void *callers[DEPTH] = {0};
  void **frame = __builtin_frame_address(0);
  uintptr_t start = (uintptr_t)frame;
  for (int i = 0; i < DEPTH; i++) {
    uintptr_t place = (uintptr_t)frame;
    if (place < start || place > start + STACK || place % sizeof(void *) != 0) break;
    callers[i] = frame[1];
    if ((uintptr_t)frame[0] <= place) break;
    frame = frame[0];
  }
  uint64_t hash = hash_of(callers);
  for (uint64_t i = 0; i < PROBES; i++) {
    struct site *site = &sites[(hash + i) % SITES];
    unsigned long long found = 0;
    if (atomic_compare_exchange_strong(&site->hash, &found, hash)) memcpy(site->callers, callers, sizeof(callers));
    else if (found != hash) continue;
    atomic_fetch_add(&site->times, 1);
    return;
  }
  atomic_fetch_add(&unplaced, 1);
}

// Not calloc: dlsym may need it, and no Swift code does.
#define NEXT(name)                                      \
  static __typeof__(name) *next;                        \
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, #name); \
  note()

void *malloc(size_t size) {
  NEXT(malloc);
  return next(size);
}
void *realloc(void *old, size_t size) {
  NEXT(realloc);
  return next(old, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
  NEXT(posix_memalign);
  return next(memory, alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  NEXT(aligned_alloc);
  return next(alignment, size);
}

// One line a site: how often, then OBJECT+OFFSET=NAME for each caller, the nearest first.
__attribute__((destructor)) static void report(void) {
  const char *descriptor = getenv("TERN_COUNTS_FD");
  if (descriptor == NULL) return;
  int to = atoi(descriptor);
  atomic_store(&is_over, 1);
  for (int i = 0; i < SITES; i++) {
    unsigned long long times = atomic_load(&sites[i].times);
    if (times == 0) continue;
    dprintf(to, "%llu", times);
    for (int k = 0; k < DEPTH && sites[i].callers[k]; k++) {
      Dl_info info;
      if (!dladdr(sites[i].callers[k], &info) || !info.dli_fname) break;
      dprintf(to, " %s+%zx=%s", info.dli_fname, (size_t)((char *)sites[i].callers[k] - (char *)info.dli_fbase),
              info.dli_sname ? info.dli_sname : "");
    }
    dprintf(to, "\n");
  }
  dprintf(to, "%llu others\n", atomic_load(&unplaced));
}
