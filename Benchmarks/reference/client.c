// What a client measures. Each mode is an application of the endpoint; this file has what they share.
#include "client.h"

#include <string.h>

#include "clock.h"
#include "programs.h"
#include "report.h"

struct client client;

void client_describe(struct connection *connection) {
  gnutls_datum_t protocol = {0};
  char name[32] = "";
  gnutls_alpn_get_selected_protocol(connection->session, &protocol);
  if (protocol.size < sizeof(name)) memcpy(name, protocol.data, protocol.size);
  report_text("alpn", name);
  report_text("version", "v1");
  report_text("cipher", gnutls_cipher_get_name(gnutls_cipher_get(connection->session)));
  report_truth("resumed", gnutls_session_is_resumed(connection->session) != 0);
  report_truth("early", false);
}

void client_finish(void) {
  // The endpoint stops at the end of this turn; what closes the connections leaves before.
  client.endpoint.is_done = true;
}

void client_lost(struct connection *connection) {
  if (!connection->wants_close) fail("a connection ended: %s", connection->reason ? connection->reason : "nobody knows why");
}

void client_ignore_received(struct connection *connection, struct stream *stream, const uint8_t *bytes, size_t count,
                            bool is_end) {
  (void)connection, (void)stream, (void)bytes, (void)count, (void)is_end;
}
void client_ignore_stream(struct connection *connection, struct stream *stream) { (void)connection, (void)stream; }
void client_ignore(struct connection *connection) { (void)connection; }

void client_time_out(struct endpoint *endpoint) {
  fail("nothing came of it within %llu s", (unsigned long long)(endpoint->options->timeout / NANOSECONDS));
}

double client_seconds(uint64_t started) {
  uint64_t elapsed = clock_now() - started;
  return elapsed ? (double)elapsed / 1e9 : 1e-9;
}

int run_client(const struct options *options) {
  static const struct mode_program *const programs[] = {
      [MODE_DOWN] = &transfer_program, [MODE_UP] = &transfer_program,  [MODE_BOTH] = &transfer_program,
      [MODE_PING] = &ping_program,     [MODE_RATE] = &rate_program,    [MODE_HS] = &handshake_program,
      [MODE_IDLE] = &idle_program,
  };
  const struct mode_program *program = programs[options->mode];
  report_begin(options->mode_name);
  endpoint_init(&client.endpoint, options, &program->application);
  client.endpoint.alarm = client.endpoint.now + options->timeout;
  program->begin();
  endpoint_run(&client.endpoint);
  report_end();
  if (options->prints_figures) endpoint_print_figures(&client.endpoint);
  return 0;
}
