// Mode idle: connections that do nothing, for whoever looks at the memory of the server.
#include <stdio.h>

#include "client.h"
#include "report.h"

static uint64_t ready;

static void dial(void) { connection_dial(&client.endpoint, NULL, NULL); }

static void completed(struct connection *connection) {
  (void)connection;
  struct endpoint *endpoint = &client.endpoint;
  if (++ready < endpoint->options->count) {
    dial();
    return;
  }
  printf("{\"ready\": %llu}\n", (unsigned long long)ready);
  fflush(stdout);
  endpoint->alarm = endpoint->now + endpoint->options->hold;
}

// Nobody may have ended meanwhile: that would have been an error at once.
static void conclude(struct endpoint *endpoint) {
  if (ready < endpoint->options->count) client_time_out(endpoint);
  report_whole("conns", ready);
  client_finish();
}

const struct mode_program idle_program = {
    dial,
    {
        .connected = completed,
        .received = client_ignore_received,
        .stream_closed = client_ignore_stream,
        .streams_available = client_ignore,
        .closed = client_lost,
        .alarm = conclude,
    },
};
