// The modes of the client.
#ifndef REFERENCE_CLIENT_H
#define REFERENCE_CLIENT_H

#include "endpoint.h"

// A mode: how it begins, and what it does after that.
struct mode_program {
  void (*begin)(void);
  struct application application;
};

// There is one client in the process.
struct client {
  struct endpoint endpoint;
};
extern struct client client;

// Reports what was agreed on.
void client_describe(struct connection *connection);
void client_finish(void);
double client_seconds(uint64_t started);

// For modes that have nothing to do with an event.
void client_lost(struct connection *connection);
void client_time_out(struct endpoint *endpoint);
void client_ignore_received(struct connection *connection, struct stream *stream, const uint8_t *bytes, size_t count,
                            bool is_end);
void client_ignore_stream(struct connection *connection, struct stream *stream);
void client_ignore(struct connection *connection);

extern const struct mode_program transfer_program, ping_program, rate_program, handshake_program, idle_program;

#endif
