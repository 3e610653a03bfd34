// Mode ping: one byte there and back on a fresh stream, one after another.
#include <stdlib.h>

#include "client.h"
#include "clock.h"
#include "report.h"

enum { WARM_UP = 50 };

static struct {
  double *times;  // microseconds
  uint64_t round, started;
  bool is_waiting;  // for the server to allow another stream
} ping;

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void next(struct connection *connection) {
  ping.started = clock_now();
  struct stream *stream = connection_open(connection);
  ping.is_waiting = !stream;
  if (!stream) return;
  stream_append(stream, (const uint8_t *)"x", 1);
  stream->finishes = true;
  connection_send(connection, stream);
}

static void begin(void) {
  ping.times = malloc(client.endpoint.options->rounds * sizeof(double));
  if (!ping.times) fail("there is no memory for so many --rounds");
  connection_dial(&client.endpoint, NULL, NULL);
}

static void more(struct connection *connection) {
  if (ping.is_waiting) next(connection);
}

static void conclude(struct connection *connection) {
  uint64_t count = client.endpoint.options->rounds;
  qsort(ping.times, count, sizeof(double), compare);
  report_whole("rounds", count);
  report_fraction("p50_us", ping.times[count / 2], 1);
  report_fraction("p99_us", ping.times[count * 99 / 100], 1);
  report_fraction("p999_us", ping.times[count * 999 / 1000], 1);
  report_fraction("min_us", ping.times[0], 1);
  connection_close(connection);
  client_finish();
}

static void answered(struct connection *connection, struct stream *stream, const uint8_t *bytes, size_t count, bool is_end) {
  (void)bytes, (void)count;
  if (!is_end) return;
  if (stream->received != 1) fail("the echo differs");
  double time = (double)(clock_now() - ping.started) / 1e3;
  if (ping.round >= WARM_UP) ping.times[ping.round - WARM_UP] = time;
  if (++ping.round == WARM_UP + client.endpoint.options->rounds) return conclude(connection);
  next(connection);
}

const struct mode_program ping_program = {
    begin,
    {
        .connected = next,
        .received = answered,
        .stream_closed = client_ignore_stream,
        .streams_available = more,
        .closed = client_lost,
        .alarm = client_time_out,
    },
};
