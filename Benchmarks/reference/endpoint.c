#include "endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "clock.h"
#include "report.h"

static void watch(struct endpoint *endpoint, int operation, uint32_t events) {
  struct epoll_event event = {.events = events};
  if (epoll_ctl(endpoint->poll, operation, endpoint->socket, &event) != 0) fail_errno("epoll");
}

void endpoint_init(struct endpoint *endpoint, const struct options *options, const struct application *application) {
  memset(endpoint, 0, sizeof(*endpoint));
  endpoint->options = options;
  endpoint->application = application;
  endpoint->alarm = UINT64_MAX;
  endpoint->touched_end = &endpoint->touched;
  tls_init(&endpoint->tls, options);
  endpoint->socket = socket_open(options);
  endpoint->poll = epoll_create1(EPOLL_CLOEXEC);
  if (endpoint->poll < 0) fail_errno("epoll");
  watch(endpoint, EPOLL_CTL_ADD, EPOLLIN);
  ring_init(&endpoint->ring, options->slots);
  batch_init(&endpoint->batch, options->gather + 2 * BUFFER_SIZE, options);
  routes_init(&endpoint->routes);
  // Sleeps of pacing last microseconds; the usual slack of 50 would stretch them.
  prctl(PR_SET_TIMERSLACK, 1UL);
  endpoint->now = clock_now();
}

void endpoint_touch(struct endpoint *endpoint, struct connection *connection) {
  if (connection->is_touched) return;
  connection->is_touched = true;
  connection->next_touched = NULL;
  *endpoint->touched_end = connection;
  endpoint->touched_end = &connection->next_touched;
}

bool endpoint_flush(struct endpoint *endpoint) {
  bool is_blocked = !batch_flush(&endpoint->batch, endpoint->socket, &endpoint->figures);
  if (is_blocked != endpoint->is_blocked) watch(endpoint, EPOLL_CTL_MOD, is_blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
  endpoint->is_blocked = is_blocked;
  return !is_blocked;
}

// MARK: reading

// Where the datagram belongs, and who is to be made for it.
static struct connection *recipient(struct endpoint *endpoint, const uint8_t *bytes, size_t count,
                                    const union address *remote) {
  if (count <= ID_LENGTH) return NULL;
  if (!(bytes[0] & 0x80)) return routes_find(&endpoint->routes, bytes + 1, ID_LENGTH);
  ngtcp2_version_cid ids;
  // Other versions are left without an answer: nobody here speaks them.
  if (ngtcp2_pkt_decode_version_cid(&ids, bytes, count, ID_LENGTH) != 0) return NULL;
  struct connection *connection = routes_find(&endpoint->routes, ids.dcid, ids.dcidlen);
  if (connection || !endpoint->options->is_server) return connection;
  return connection_accept(endpoint, bytes, count, remote);
}

// How many bytes at the front are datagrams with short headers and one connection ID.
static size_t length_of_run(const struct received *received, size_t offset) {
  const uint8_t *first = received->bytes + offset;
  size_t left = received->count - offset, length = received->segment;
  if (left <= length) return left;
  if (length <= ID_LENGTH || first[0] & 0x80) return length;
  while (left - length > ID_LENGTH && !(first[length] & 0x80) && memcmp(first + 1, first + length + 1, ID_LENGTH) == 0) {
    length += received->segment;
    if (length >= left) return left;
  }
  return length;
}

static void route(struct endpoint *endpoint, const struct received *received) {
  for (size_t offset = 0, length; offset < received->count; offset += length) {
    length = length_of_run(received, offset);
    uint8_t *bytes = received->bytes + offset;
    struct connection *connection = recipient(endpoint, bytes, length, received->remote);
    if (!connection) continue;
    connection_read(connection, bytes, length, received->segment, received->ecn);
    endpoint_touch(endpoint, connection);
  }
}

// Returns whether there may be more.
static bool receive(struct endpoint *endpoint) {
  for (size_t calls = 0; calls < endpoint->options->reads; ++calls) {
    size_t count = ring_receive(&endpoint->ring, endpoint->socket, &endpoint->figures);
    for (size_t slot = 0; slot < count; ++slot) {
      struct received received = ring_read(&endpoint->ring, slot, &endpoint->figures);
      route(endpoint, &received);
    }
    // Not all buffers were needed: the socket is empty, and need not be asked.
    if (count < endpoint->ring.slots) return false;
  }
  return true;
}

// MARK: the turn

static void ring_alarms(struct endpoint *endpoint) {
  if (endpoint->alarm <= endpoint->now) {
    endpoint->alarm = UINT64_MAX;
    endpoint->application->alarm(endpoint);
  }
  for (struct connection *connection; (connection = timers_pop(&endpoint->timers, endpoint->now));) {
    connection_expire(connection);
    endpoint_touch(endpoint, connection);
  }
}

static void settle_one(struct endpoint *endpoint, struct connection *connection) {
  connection->is_touched = false;
  bool has_more = connection_write(connection);
  if (connection->is_over) {
    endpoint->application->closed(connection);
    connection_free(connection);
    return;
  }
  timers_set(&endpoint->timers, connection, ngtcp2_conn_get_expiry(connection->library));
  if (has_more) endpoint_touch(endpoint, connection);
}

// Everybody who was touched once; who has more to send, or could not, waits for the next turn.
static void settle(struct endpoint *endpoint) {
  struct connection *connection = endpoint->touched;
  endpoint->touched = NULL;
  endpoint->touched_end = &endpoint->touched;
  for (struct connection *next; connection; connection = next) {
    next = connection->next_touched;
    if (!endpoint->is_blocked) {
      settle_one(endpoint, connection);
      continue;
    }
    connection->is_touched = false;
    endpoint_touch(endpoint, connection);
  }
  if (!endpoint->is_blocked) endpoint_flush(endpoint);
}

static bool sleep_until_event(struct endpoint *endpoint, uint64_t deadline) {
  struct epoll_event event;
  struct timespec time = {0}, *timeout = &time;
  if (deadline == UINT64_MAX) {
    timeout = NULL;
  } else if (deadline > 0) {
    uint64_t now = clock_now(), left = deadline > now ? deadline - now : 0;
    time = (struct timespec){(time_t)(left / NANOSECONDS), (long)(left % NANOSECONDS)};
  }
  ++endpoint->figures.sleeps;
  int count = epoll_pwait2(endpoint->poll, &event, 1, timeout, endpoint->is_stopped ? &endpoint->awake : NULL);
  if (count < 0 && errno != EINTR) fail_errno("epoll: Linux 5.11 or newer is needed");
  if (count > 0 && event.events & EPOLLOUT) endpoint_flush(endpoint);
  return count > 0 && event.events & ~(uint32_t)EPOLLOUT;
}

static uint64_t earliest_deadline(const struct endpoint *endpoint) {
  uint64_t earliest = timers_earliest(&endpoint->timers);
  return endpoint->alarm < earliest ? endpoint->alarm : earliest;
}

void endpoint_run(struct endpoint *endpoint) {
  bool may_read = true;
  while (!endpoint->is_done && !(endpoint->is_stopped && *endpoint->is_stopped)) {
    ++endpoint->figures.turns;
    endpoint->now = clock_now();
    uint64_t calls = endpoint->figures.buffers_in;
    bool has_more = may_read && receive(endpoint);
    bool has_read = endpoint->figures.buffers_in != calls;
    ring_alarms(endpoint);
    settle(endpoint);
    may_read = true;
    bool is_busy = has_more || (endpoint->touched && !endpoint->is_blocked);
    // While packets keep coming, asking the socket itself is one call where asking epoll first is two.
    if (endpoint->is_done || (endpoint->options->hesitates && (is_busy || has_read))) continue;
    may_read = sleep_until_event(endpoint, is_busy ? 0 : earliest_deadline(endpoint));
  }
}

void endpoint_print_figures(const struct endpoint *endpoint) {
  const struct figures *f = &endpoint->figures;
  const struct {
    const char *name;
    uint64_t value;
  } rows[] = {{"turns", f->turns}, {"sleeps", f->sleeps}, {"receive calls", f->receive_calls},
              {"empty receives", f->empty_receives}, {"buffers in", f->buffers_in}, {"packets in", f->packets_in},
              {"bytes in", f->bytes_in}, {"overflow", f->overflow}, {"send calls", f->send_calls}, {"sends", f->sends},
              {"packets out", f->packets_out}, {"bytes out", f->bytes_out}, {"blocked", f->blocked}, {"lost", f->lost}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
    fprintf(stderr, "%s%s %llu", i ? ", " : "", rows[i].name, (unsigned long long)rows[i].value);
  fputc('\n', stderr);
}
