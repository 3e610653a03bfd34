// Making, feeding and draining a connection.
#ifndef TERN_CONNECTION_H
#define TERN_CONNECTION_H

#include "settings.h"

static inline ngtcp2_conn *tern__connection_of(ngtcp2_crypto_conn_ref *reference) {
  return ((tern_context *)reference->user_data)->connection;
}

static inline void tern_context_init(tern_context *c, const tern_handlers *handlers, void *owner, int is_server) {
  memset(c, 0, sizeof(*c));
  c->reference.get_conn = tern__connection_of;
  c->reference.user_data = c;
  c->handlers = handlers;
  c->owner = owner;
  c->is_server = is_server;
  ngtcp2_path_storage_zero(&c->transmit_storage);
}

// From 1.x on the library aborts when time goes backwards: it never sees that.
static inline uint64_t tern__clamp(tern_context *c, uint64_t timestamp) {
  if (timestamp > c->last_timestamp) c->last_timestamp = timestamp;
  return c->last_timestamp;
}

// Every entry into the library that may protect packets: late packets are read when the handshake completes, not only
// when they come. Returns what to restore, because a judge of certificates may drive another connection meanwhile.
static inline tern_context *tern__enter(tern_context *c) {
  tern_context **current = c->current();
  tern_context *outer = *current;
  *current = c;
  return outer;
}
static inline void tern__leave(tern_context *c, tern_context *outer) { *c->current() = outer; }

static inline int tern_connection_new(tern_context *c, const ngtcp2_cid *dcid, const ngtcp2_cid *scid, const tern_path *path,
                                      uint32_t version, const tern_settings *settings, const tern_parameters *parameters) {
  ngtcp2_callbacks callbacks;
  ngtcp2_settings s;
  ngtcp2_transport_params p;
  ngtcp2_path_storage storage;
  tern__fill_callbacks(&callbacks, c);
  tern__fill_settings(&s, settings, c);
  tern__fill_parameters(&p, parameters);
  tern__to_path(path, &storage);
  c->last_timestamp = settings->initial_timestamp;
  int result = c->is_server ? ngtcp2_conn_server_new(&c->connection, dcid, scid, &storage.path, version, &callbacks, &s, &p, NULL, c)
                            : ngtcp2_conn_client_new(&c->connection, dcid, scid, &storage.path, version, &callbacks, &s, &p, NULL, c);
  if (result != 0) c->connection = NULL;  // 0.12 leaves what it freed
  return result;
}
static inline void tern_connection_free(tern_context *c) {
  if (c->connection) ngtcp2_conn_del(c->connection);
  c->connection = NULL;
  tern_protection_clear(&c->protection);
}
static inline int tern_bind_session(tern_context *c, gnutls_session_t session) {
  int result = c->is_server ? ngtcp2_crypto_gnutls_configure_server_session(session)
                            : ngtcp2_crypto_gnutls_configure_client_session(session);
  if (result != 0) return result;
  if (c->protection.is_wanted) gnutls_handshake_set_secret_function(session, tern__secrets);
  c->session = session;
  gnutls_session_set_ptr(session, &c->reference);
  ngtcp2_conn_set_tls_native_handle(c->connection, session);
  return 0;
}
// Nothing of QUIC's own needs TLS once the handshake is over: its keys were derived, its messages copied.
static inline void tern_unbind_session(tern_context *c) {
  gnutls_session_set_ptr(c->session, NULL);
  ngtcp2_conn_set_tls_native_handle(c->connection, NULL);
  c->session = NULL;
}

// Reads datagrams of `segment` bytes (the last may be shorter) that arrived together, up to the first that does
// not succeed. `consumed` says how far it came.
static inline int tern_read(tern_context *c, const tern_path *path, uint8_t ecn, const uint8_t *bytes, size_t count,
                            size_t segment, uint64_t timestamp, size_t *consumed) {
  ngtcp2_pkt_info info;
  memset(&info, 0, sizeof(info));
  info.ecn = ecn;
  if (!tern_path_equal(path, &c->receive_path)) {
    c->receive_path = *path;
    tern__to_path(path, &c->receive_storage);
  }
  tern_context *outer = tern__enter(c);
  uint64_t now = tern__clamp(c, timestamp);
  int result = 0;
  *consumed = 0;
  while (result == 0 && *consumed < count) {
    size_t size = count - *consumed < segment ? count - *consumed : segment;
    result = ngtcp2_conn_read_pkt(c->connection, &c->receive_storage.path, &info, bytes + *consumed, size, now);
    *consumed += size;
  }
  tern__leave(c, outer);
  return result;
}

static inline void tern__note_transmission(tern_context *c, ngtcp2_ssize written, const ngtcp2_pkt_info *info) {
  if (written <= 0) return;
  c->transmit_ecn = (uint8_t)info->ecn;
  // Packet after packet goes the same way: no need to take the addresses apart to see that.
  if (memcmp(&c->transmit_storage.local_addrbuf, &c->noted_local, sizeof(c->noted_local)) == 0 &&
      memcmp(&c->transmit_storage.remote_addrbuf, &c->noted_remote, sizeof(c->noted_remote)) == 0)
    return;
  c->noted_local = c->transmit_storage.local_addrbuf;
  c->noted_remote = c->transmit_storage.remote_addrbuf;
  tern_path path = tern__from_path(&c->transmit_storage.path);
  if (tern_path_equal(&path, &c->transmit_path)) return;
  c->transmit_path = path;
  c->transmit_path_generation += 1;
}
// `stream` -1: no stream data. `accepted` -1 afterwards: no STREAM frame was written.
static inline ngtcp2_ssize tern_write(tern_context *c, uint8_t *to, size_t capacity, ngtcp2_ssize *accepted, int64_t stream, int fin,
                                      int more, const ngtcp2_vec *vectors, size_t vector_count, uint64_t timestamp) {
  ngtcp2_pkt_info info;
  memset(&info, 0, sizeof(info));
  uint32_t flags = (fin ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0) | (more ? NGTCP2_WRITE_STREAM_FLAG_MORE : 0);
  tern_context *outer = tern__enter(c);
  ngtcp2_ssize written = ngtcp2_conn_writev_stream(c->connection, &c->transmit_storage.path, &info, to, capacity, accepted, flags,
                                                   stream, vectors, vector_count, tern__clamp(c, timestamp));
  tern__leave(c, outer);
  tern__note_transmission(c, written, &info);
  return written;
}
// Fills a run of equally long packets from one stream, until its bytes, the buffer or the allowance end, or the
// library has something else to say. `hint` packets at most.
static inline void tern_write_run(tern_context *c, uint8_t *to, size_t capacity, size_t payload, size_t hint, int64_t stream, int fin,
                                  ngtcp2_vec *vectors, size_t vector_count, uint64_t timestamp, tern_run *run) {
  memset(run, 0, sizeof(*run));
  run->accepted = -1;
  while (run->packets < hint && capacity - run->bytes >= payload) {
    ngtcp2_ssize accepted = -1;
    run->result = tern_write(c, to + run->bytes, payload, &accepted, stream, fin, 1, vectors, vector_count, timestamp);
    if (accepted >= 0) run->accepted = (run->accepted < 0 ? 0 : run->accepted) + accepted;
    if (run->result <= 0) return;
    size_t size = (size_t)run->result;
    if (run->packets > 0 && (size > run->segment || run->path_generation != c->transmit_path_generation || run->ecn != c->transmit_ecn))
      return;
    if (run->packets == 0) {
      run->segment = size;
      run->path = c->transmit_path;
      run->path_generation = c->transmit_path_generation;
      run->ecn = c->transmit_ecn;
    }
    run->result = 0;
    run->bytes += size;
    run->packets += 1;
    if (accepted < 0 || size < run->segment) return;
    for (size_t left = (size_t)accepted; left > 0 && vector_count > 0;) {
      size_t step = left < vectors->len ? left : vectors->len;
      vectors->base += step;
      vectors->len -= step;
      left -= step;
      if (vectors->len == 0) {
        ++vectors;
        --vector_count;
      }
    }
    if (vector_count == 0) return;
  }
}
static inline ngtcp2_ssize tern_write_datagram(tern_context *c, uint8_t *to, size_t capacity, int *accepted, uint64_t id,
                                               const ngtcp2_vec *vector, uint64_t timestamp) {
  ngtcp2_pkt_info info;
  memset(&info, 0, sizeof(info));
  tern_context *outer = tern__enter(c);
  ngtcp2_ssize written =
      ngtcp2_conn_writev_datagram(c->connection, &c->transmit_storage.path, &info, to, capacity, accepted,
                                  NGTCP2_WRITE_DATAGRAM_FLAG_MORE, id, vector, 1, tern__clamp(c, timestamp));
  tern__leave(c, outer);
  tern__note_transmission(c, written, &info);
  return written;
}
static inline void tern_did_transmit(tern_context *c, uint64_t timestamp) {
  ngtcp2_conn_update_pkt_tx_time(c->connection, tern__clamp(c, timestamp));
}
static inline int tern_handle_expiry(tern_context *c, uint64_t timestamp) {
  uint64_t now = tern__clamp(c, timestamp);
#if TERN_LEGACY
  // 0.12 lets a retired connection ID go after its time, not at it: exactly then the timer would stay due for ever.
  // Not remembered: this family does not mind that the next time is the same instant again.
  now += 1;
#endif
  return ngtcp2_conn_handle_expiry(c->connection, now);
}

// The flags argument came with 1.x; all three take the peer's view of the code, checked by the caller.
#if TERN_LEGACY
#define TERN__NO_FLAGS
#else
#define TERN__NO_FLAGS 0,
#endif
static inline int tern_reset_stream(tern_context *c, int64_t stream, uint64_t code) {
  return ngtcp2_conn_shutdown_stream_write(c->connection, TERN__NO_FLAGS stream, code);
}
static inline int tern_stop_sending(tern_context *c, int64_t stream, uint64_t code) {
  return ngtcp2_conn_shutdown_stream_read(c->connection, TERN__NO_FLAGS stream, code);
}

// Both addresses of `path` may differ from the present ones. Without probing, the move is immediate.
static inline int tern_migrate(tern_context *c, const tern_path *path, int immediately, uint64_t timestamp) {
  ngtcp2_path_storage storage;
  tern__to_path(path, &storage);
  uint64_t now = tern__clamp(c, timestamp);
  return immediately ? ngtcp2_conn_initiate_immediate_migration(c->connection, &storage.path, now)
                     : ngtcp2_conn_initiate_migration(c->connection, &storage.path, now);
}
static inline int tern_update_keys(tern_context *c, uint64_t timestamp) {
  return ngtcp2_conn_initiate_key_update(c->connection, tern__clamp(c, timestamp));
}
static inline void tern_current_path(tern_context *c, tern_path *to) { *to = tern__from_path(ngtcp2_conn_get_path(c->connection)); }

static inline void tern_connection_info(tern_context *c, tern_info *to) {
#if TERN_LEGACY
  ngtcp2_conn_stat from;
  ngtcp2_conn_get_conn_stat(c->connection, &from);
#else
  ngtcp2_conn_info from;
  ngtcp2_conn_get_conn_info(c->connection, &from);
#endif
  memset(to, 0, sizeof(*to));
  to->latest_rtt = from.latest_rtt;
  to->minimum_rtt = from.min_rtt;
  to->smoothed_rtt = from.smoothed_rtt;
  to->rtt_variation = from.rttvar;
  to->congestion_window = from.cwnd;
  to->slow_start_threshold = from.ssthresh;
  to->bytes_in_flight = from.bytes_in_flight;
#if TERN_AT_LEAST(1, 16, 0)
  to->counts_losses = 1;
  to->packets_lost = from.pkt_lost;
#endif
}

// TLS paused because a certificate's verdict is awaited; the verdict is there, so step it.
// Before 1.22 no call exists: TLS is stepped by hand, and a datagram that nobody can decrypt makes the
// library look at the TLS state again (without it the next packet would trip an assertion).
static inline int tern__continue_handshake(tern_context *c, uint64_t timestamp) {
  uint64_t now = tern__clamp(c, timestamp);
#if TERN_AT_LEAST(1, 22, 0)
  return ngtcp2_conn_continue_handshake(c->connection, now);
#else
  int result = ngtcp2_crypto_read_write_crypto_data(c->connection, (tern__level)1, NULL, 0);
  if (result != 0) {
    int error = ngtcp2_conn_get_tls_error(c->connection);
    return error != 0 ? error : NGTCP2_ERR_CRYPTO;
  }
  uint8_t nudge[64];
  ngtcp2_pkt_info info;
  ngtcp2_path_storage storage;
  memset(&info, 0, sizeof(info));
  ngtcp2_path_storage_zero(&storage);
  ngtcp2_path_copy(&storage.path, ngtcp2_conn_get_path(c->connection));
  c->handlers->random(c->owner, nudge, sizeof(nudge));
  nudge[0] = 0x40;
  return ngtcp2_conn_read_pkt(c->connection, &storage.path, &info, nudge, sizeof(nudge), now);
#endif
}
static inline int tern_continue_handshake(tern_context *c, uint64_t timestamp) {
  tern_context *outer = tern__enter(c);
  int result = tern__continue_handshake(c, timestamp);
  tern__leave(c, outer);
  return result;
}

#endif
