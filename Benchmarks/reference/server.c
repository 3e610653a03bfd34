// Both protocols on one port, as `tern peer server` has them.
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "endpoint.h"
#include "programs.h"

static volatile sig_atomic_t was_told_to_end;

static void note_signal(int number) {
  (void)number;
  was_told_to_end = 1;
}

// Blocked but while the endpoint sleeps: none comes between its look at the flag and its sleep.
static void await_signals(sigset_t *awake) {
  struct sigaction action = {.sa_handler = note_signal};
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigaddset(&blocked, SIGINT);
  sigprocmask(SIG_BLOCK, &blocked, awake);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
}

static void accepted(struct connection *connection) {
  if (connection->endpoint->options->is_quiet) return;
  printf("{\"event\": \"handshake\", \"alpn\": \"%s\", \"resumed\": %s}\n", connection->echoes ? "echo" : "perf",
         gnutls_session_is_resumed(connection->session) ? "true" : "false");
  fflush(stdout);
}

static void receive_echo(struct connection *connection, struct stream *stream, const uint8_t *bytes, size_t count,
                         bool is_end) {
  stream_append(stream, bytes, count);
  stream->finishes = is_end;
  connection_send(connection, stream);
}

// Eight bytes, big-endian, and the end of the stream: so many zeros are the answer.
static void receive_request(struct connection *connection, struct stream *stream, const uint8_t *bytes, size_t count,
                            bool is_end) {
  uint64_t before = stream->received - count;
  for (size_t i = 0; i < count && before + i < sizeof(stream->header); ++i) stream->header[before + i] = bytes[i];
  if (!is_end) return;
  if (stream->received >= sizeof(stream->header))
    for (size_t i = 0; i < sizeof(stream->header); ++i) stream->zeros = stream->zeros << 8 | stream->header[i];
  stream->finishes = true;
  connection_send(connection, stream);
}

static void received(struct connection *connection, struct stream *stream, const uint8_t *bytes, size_t count, bool is_end) {
  (connection->echoes ? receive_echo : receive_request)(connection, stream, bytes, count, is_end);
}

static void receive_datagram(struct connection *connection, const uint8_t *bytes, size_t count) {
  if (connection->echoes) connection_send_datagram(connection, bytes, count);
}

static void ignore_stream(struct connection *connection, struct stream *stream) { (void)connection, (void)stream; }
static void ignore(struct connection *connection) { (void)connection; }
static void stop(struct endpoint *endpoint) { endpoint->is_done = true; }

int run_server(const struct options *options) {
  static const struct application application = {
      .connected = accepted,
      .received = received,
      .received_datagram = receive_datagram,
      .stream_closed = ignore_stream,
      .streams_available = ignore,
      .closed = ignore,
      .alarm = stop,
  };
  static struct endpoint endpoint;
  endpoint_init(&endpoint, options, &application);
  endpoint.is_stopped = &was_told_to_end;
  await_signals(&endpoint.awake);
  if (options->seconds) endpoint.alarm = endpoint.now + options->seconds;
  if (!options->is_quiet) {
    puts("{\"event\": \"listening\"}");
    fflush(stdout);
  }
  endpoint_run(&endpoint);
  if (options->prints_figures) endpoint_print_figures(&endpoint);
  return 0;
}
