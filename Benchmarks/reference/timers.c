#include "timers.h"

#include <stdlib.h>

#include "connection.h"
#include "report.h"

static uint64_t deadline_at(const struct timers *timers, size_t position) { return timers->heap[position]->timer.deadline; }

static void place(struct timers *timers, struct connection *connection, size_t position) {
  timers->heap[position] = connection;
  connection->timer.position = position;
}

static void sift_up(struct timers *timers, struct connection *connection, size_t position) {
  for (; position > 1 && connection->timer.deadline < deadline_at(timers, position / 2); position /= 2)
    place(timers, timers->heap[position / 2], position);
  place(timers, connection, position);
}

static void sift_down(struct timers *timers, struct connection *connection, size_t position) {
  for (size_t child; (child = position * 2) <= timers->count; position = child) {
    if (child < timers->count && deadline_at(timers, child + 1) < deadline_at(timers, child)) ++child;
    if (deadline_at(timers, child) >= connection->timer.deadline) break;
    place(timers, timers->heap[child], position);
  }
  place(timers, connection, position);
}

static void make_room(struct timers *timers) {
  if (timers->count + 1 < timers->capacity) return;
  timers->capacity = timers->capacity ? timers->capacity * 2 : 64;
  timers->heap = realloc(timers->heap, timers->capacity * sizeof(*timers->heap));
  if (!timers->heap) fail("there is no memory for %zu timers", timers->capacity);
}

void timers_set(struct timers *timers, struct connection *connection, uint64_t deadline) {
  uint64_t before = connection->timer.deadline;
  connection->timer.deadline = deadline;
  if (connection->timer.position == 0) {
    make_room(timers);
    sift_up(timers, connection, ++timers->count);
  } else if (deadline < before) {
    sift_up(timers, connection, connection->timer.position);
  } else if (deadline > before) {
    sift_down(timers, connection, connection->timer.position);
  }
}

void timers_remove(struct timers *timers, struct connection *connection) {
  size_t position = connection->timer.position;
  if (position == 0) return;
  connection->timer.position = 0;
  struct connection *last = timers->heap[timers->count--];
  if (last == connection) return;
  sift_up(timers, last, position);
  sift_down(timers, last, last->timer.position);
}

uint64_t timers_earliest(const struct timers *timers) { return timers->count ? deadline_at(timers, 1) : UINT64_MAX; }

struct connection *timers_pop(struct timers *timers, uint64_t now) {
  if (timers_earliest(timers) > now) return NULL;
  struct connection *first = timers->heap[1];
  timers_remove(timers, first);
  return first;
}
