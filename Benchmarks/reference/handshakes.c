// Mode hs: whole handshakes with the certificate judged, each connection closed as soon as it stands; or resumed ones,
// each with the ticket of the one before, for which it waits.
#include <gnutls/gnutls.h>
#include <stdlib.h>

#include "client.h"
#include "clock.h"
#include "report.h"

// One handshake after another.
struct worker {
  gnutls_datum_t ticket;
};

static struct {
  struct worker *workers;
  uint64_t worker_count, prepared, started, begun, done;
  bool is_measuring;
} handshakes;

static void dial(struct worker *worker) { connection_dial(&client.endpoint, &worker->ticket, worker); }

static void dial_all(void) {
  for (uint64_t i = 0; i < handshakes.worker_count; ++i) dial(&handshakes.workers[i]);
}

static void measure(void) {
  handshakes.is_measuring = true;
  handshakes.started = clock_now();
  handshakes.begun = handshakes.worker_count;
  dial_all();
}

static void begin(void) {
  const struct options *options = client.endpoint.options;
  handshakes.worker_count = options->concurrency < options->count ? options->concurrency : options->count;
  handshakes.workers = calloc(handshakes.worker_count, sizeof(struct worker));
  if (!handshakes.workers) fail("there is no memory for so much concurrency: take a smaller --conc");
  // The first tickets come from handshakes that are not counted.
  if (options->resumes) dial_all();
  else measure();
}

static void conclude(void) {
  const struct options *options = client.endpoint.options;
  double seconds = client_seconds(handshakes.started);
  report_whole("count", options->count);
  report_whole("conc", handshakes.worker_count);
  report_truth("resumed", options->resumes);
  report_fraction("secs", seconds, 4);
  report_fraction("hs_per_s", (double)options->count / seconds, 1);
  client_finish();
}

static void completed(struct connection *connection) {
  bool is_resumed = gnutls_session_is_resumed(connection->session) != 0;
  if (is_resumed != (client.endpoint.options->resumes && handshakes.is_measuring))
    fail("a handshake was %s", is_resumed ? "resumed" : "not resumed");
  if (!client.endpoint.options->resumes) connection_close(connection);
}

static void keep_ticket(struct connection *connection, gnutls_datum_t ticket) {
  struct worker *worker = connection->user;
  gnutls_free(worker->ticket.data);
  worker->ticket = ticket;
  connection_close(connection);
}

static void closed(struct connection *connection) {
  uint64_t count = client.endpoint.options->count;
  client_lost(connection);
  if (!handshakes.is_measuring) {
    if (++handshakes.prepared == handshakes.worker_count) measure();
    return;
  }
  if (++handshakes.done == count) return conclude();
  if (handshakes.begun == count) return;
  ++handshakes.begun;
  dial(connection->user);
}

const struct mode_program handshake_program = {
    begin,
    {
        .connected = completed,
        .received = client_ignore_received,
        .received_ticket = keep_ticket,
        .stream_closed = client_ignore_stream,
        .streams_available = client_ignore,
        .closed = closed,
        .alarm = client_time_out,
    },
};
