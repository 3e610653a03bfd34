// Closing with a code of ours, with one derived from a library error, and reading the peer's.
#ifndef TERN_CLOSING_H
#define TERN_CLOSING_H

#include "connection.h"

#if TERN_LEGACY
typedef ngtcp2_connection_close_error tern__close_error;
#define tern__close_default ngtcp2_connection_close_error_default
#define tern__close_transport ngtcp2_connection_close_error_set_transport_error
#define tern__close_application ngtcp2_connection_close_error_set_application_error
#define tern__close_library ngtcp2_connection_close_error_set_transport_error_liberr
#else
typedef ngtcp2_ccerr tern__close_error;
#define tern__close_default ngtcp2_ccerr_default
#define tern__close_transport ngtcp2_ccerr_set_transport_error
#define tern__close_application ngtcp2_ccerr_set_application_error
#define tern__close_library ngtcp2_ccerr_set_liberr
#endif

// The transport error code that stands for a library error (RFC 9000 §20.1).
static inline uint64_t tern_transport_code(int library_error) {
  tern__close_error e;
  tern__close_default(&e);
  tern__close_library(&e, library_error, NULL, 0);
  return e.error_code;
}

// Returns the packet's length, 0 if nothing may be sent (yet), or an error. `code` is below 2^62.
static inline ngtcp2_ssize tern_write_close(tern_context *c, uint8_t *to, size_t capacity, int is_application, uint64_t code,
                                            const uint8_t *text, size_t text_length, uint64_t timestamp) {
  tern__close_error e;
  ngtcp2_pkt_info info;
  memset(&info, 0, sizeof(info));
  tern__close_default(&e);
  if (is_application)
    tern__close_application(&e, code, text, text_length);
  else
    tern__close_transport(&e, code, text, text_length);
  tern_context *outer = tern__enter(c);
  ngtcp2_ssize written = ngtcp2_conn_write_connection_close(c->connection, &c->transmit_storage.path, &info, to, capacity, &e,
                                                            tern__clamp(c, timestamp));
  tern__leave(c, outer);
  tern__note_transmission(c, written, &info);
  return written;
}

// What the peer closed with; valid after NGTCP2_ERR_DRAINING.
static inline void tern_peer_close(tern_context *c, tern_close_reason *to) {
  memset(to, 0, sizeof(*to));
#if TERN_LEGACY
  ngtcp2_connection_close_error copy;
  ngtcp2_conn_get_connection_close_error(c->connection, &copy);
  const ngtcp2_connection_close_error *from = &copy;
#else
  const ngtcp2_ccerr *from = ngtcp2_conn_get_ccerr(c->connection);
#endif
  to->kind = (int)from->type;
  to->code = from->error_code;
  to->text = from->reason;
  to->text_length = from->reasonlen;
}

#endif
