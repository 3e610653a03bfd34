// One connection of ngtcp2, its TLS session and its streams.
#ifndef REFERENCE_CONNECTION_H
#define REFERENCE_CONNECTION_H

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <stdbool.h>
#include <stdint.h>

#include "datagrams.h"
#include "socket.h"
#include "stream.h"
#include "timers.h"

enum { ID_LENGTH = 8 };

struct endpoint;

struct connection {
  ngtcp2_crypto_conn_ref reference;
  ngtcp2_conn *library;
  gnutls_session_t session;
  struct endpoint *endpoint;
  struct timer timer;
  union address remote;
  struct connection *next_touched;
  // Streams that have something to send, in a ring; the first is next.
  struct stream *sending;
  struct datagrams *datagrams;  // NULL until there are some
  bool is_touched, is_complete, wants_close, is_over;
  bool is_starved;          // the window of the connection is used up
  bool echoes;              // the protocol is echo
  const char *reason;       // why it is over, where nobody wanted that
  void *user;               // the application's
};

// What a program does with connections. Called while the library works: they must not send, only queue.
struct application {
  void (*connected)(struct connection *connection);
  void (*received)(struct connection *connection, struct stream *stream, const uint8_t *bytes, size_t count, bool is_end);
  // NULL: datagrams are ignored.
  void (*received_datagram)(struct connection *connection, const uint8_t *bytes, size_t count);
  void (*stream_closed)(struct connection *connection, struct stream *stream);
  // A client that resumes has a ticket for another connection, which it owns.
  void (*received_ticket)(struct connection *connection, gnutls_datum_t ticket);
  // More streams may be opened.
  void (*streams_available)(struct connection *connection);
  // It is gone after this call.
  void (*closed)(struct connection *connection);
  // The alarm of the endpoint rings.
  void (*alarm)(struct endpoint *endpoint);
};

// `ticket` and `user` may be NULL.
struct connection *connection_dial(struct endpoint *endpoint, const gnutls_datum_t *ticket, void *user);
// NULL: the datagram opens no connection.
struct connection *connection_accept(struct endpoint *endpoint, const uint8_t *bytes, size_t count,
                                     const union address *remote);
void connection_free(struct connection *connection);

void connection_read(struct connection *connection, uint8_t *bytes, size_t count, size_t segment, uint8_t ecn);
void connection_expire(struct connection *connection);
// Writes what is due into the batch of the endpoint, which it flushes. True: there is more.
bool connection_write(struct connection *connection);

// NULL: the peer allows no more for now.
struct stream *connection_open(struct connection *connection);
// The stream has something to send.
void connection_send(struct connection *connection, struct stream *stream);
// What does not fit is dropped.
void connection_send_datagram(struct connection *connection, const uint8_t *bytes, size_t count);
// So many of the size that is measured.
void connection_repeat_datagram(struct connection *connection, uint64_t count);
// Closes after what is queued now has been offered to the network.
void connection_close(struct connection *connection);

#endif
