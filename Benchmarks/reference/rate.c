// Mode dgrams: 64-byte datagrams as fast as they leave. The server sends them back; what is lost on the way is lost.
#include "client.h"
#include "clock.h"
#include "report.h"

// Silence after which no more are expected.
enum { SILENCE = 200000000 };

static struct {
  uint64_t started, last, returned;
} rate;

static void begin(void) { connection_dial(&client.endpoint, NULL, NULL); }

static void connected(struct connection *connection) {
  rate.started = rate.last = clock_now();
  client.endpoint.alarm = rate.last + SILENCE;
  connection_repeat_datagram(connection, client.endpoint.options->datagrams);
}

static void conclude(void) {
  uint64_t count = client.endpoint.options->datagrams;
  double seconds = (double)(rate.last - rate.started) / 1e9;
  if (rate.returned == 0) fail("no datagram came back");
  report_whole("sent", count);
  report_whole("returned", rate.returned);
  report_fraction("secs", seconds, 4);
  report_fraction("per_s", (double)rate.returned / (seconds > 0 ? seconds : 1e-9), 1);
  client_finish();
}

static void returned(struct connection *connection, const uint8_t *bytes, size_t count) {
  (void)bytes;
  if (count != MEASURED_DATAGRAM) fail("a datagram came back with %zu bytes", count);
  // The turn's clock is good enough: all of a burst come at once.
  rate.last = client.endpoint.now;
  client.endpoint.alarm = rate.last + SILENCE;
  if (++rate.returned < client.endpoint.options->datagrams) return;
  connection_close(connection);
  conclude();
}

static void stop(struct endpoint *endpoint) {
  (void)endpoint;
  conclude();
}

const struct mode_program rate_program = {
    begin,
    {
        .connected = connected,
        .received = client_ignore_received,
        .received_datagram = returned,
        .stream_closed = client_ignore_stream,
        .streams_available = client_ignore,
        .closed = client_lost,
        .alarm = stop,
    },
};
