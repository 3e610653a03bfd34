#include "routes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

enum { FIRST_CAPACITY = 64 };

static void allocate(struct routes *routes, size_t capacity) {
  routes->slots = calloc(capacity, sizeof(struct route));
  if (!routes->slots) fail("there is no memory for %zu connection IDs", capacity);
  routes->capacity = capacity;
}

void routes_init(struct routes *routes) {
  memset(routes, 0, sizeof(*routes));
  allocate(routes, FIRST_CAPACITY);
}

void routes_free(struct routes *routes) { free(routes->slots); }

static size_t first_slot(const struct routes *routes, const uint8_t *id, size_t length) {
  uint64_t hash = 0;
  memcpy(&hash, id, length < sizeof(hash) ? length : sizeof(hash));
  return (size_t)(hash * 0x9e3779b97f4a7c15ULL >> 32) & (routes->capacity - 1);
}

static bool is_same(const struct route *route, const uint8_t *id, size_t length) {
  return route->length == length && memcmp(route->bytes, id, length) == 0;
}

// The slot of the ID, or the free one where it would go.
static size_t slot_of(const struct routes *routes, const uint8_t *id, size_t length) {
  size_t slot = first_slot(routes, id, length);
  while (routes->slots[slot].connection && !is_same(&routes->slots[slot], id, length))
    slot = (slot + 1) & (routes->capacity - 1);
  return slot;
}

struct connection *routes_find(const struct routes *routes, const uint8_t *id, size_t length) {
  return routes->slots[slot_of(routes, id, length)].connection;
}

static void put(struct routes *routes, const struct route *route) {
  size_t slot = slot_of(routes, route->bytes, route->length);
  if (!routes->slots[slot].connection) ++routes->count;
  routes->slots[slot] = *route;
}

static void grow(struct routes *routes) {
  struct routes old = *routes;
  routes->count = 0;
  allocate(routes, old.capacity * 2);
  for (size_t i = 0; i < old.capacity; ++i)
    if (old.slots[i].connection) put(routes, &old.slots[i]);
  free(old.slots);
}

void routes_add(struct routes *routes, const uint8_t *id, size_t length, struct connection *connection) {
  struct route route = {.connection = connection, .length = (uint8_t)length};
  if (length > sizeof(route.bytes)) return;
  memcpy(route.bytes, id, length);
  if ((routes->count + 1) * 2 > routes->capacity) grow(routes);
  put(routes, &route);
}

// Moves those behind the gap forward where the gap cuts them off, so that no marks of the dead are needed.
void routes_remove(struct routes *routes, const uint8_t *id, size_t length) {
  size_t mask = routes->capacity - 1, gap = slot_of(routes, id, length);
  if (!routes->slots[gap].connection) return;
  --routes->count;
  for (size_t next = (gap + 1) & mask; routes->slots[next].connection; next = (next + 1) & mask) {
    size_t home = first_slot(routes, routes->slots[next].bytes, routes->slots[next].length);
    if (((next - home) & mask) < ((next - gap) & mask)) continue;
    routes->slots[gap] = routes->slots[next];
    gap = next;
  }
  routes->slots[gap].connection = NULL;
}
