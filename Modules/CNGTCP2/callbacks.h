// The per-connection context and the trampolines that give every version's call-backs one shape.
#ifndef TERN_CALLBACKS_H
#define TERN_CALLBACKS_H

#include "frames.h"

// What Swift implements. `owner` is the call-back context, never the engine itself.
typedef struct tern_handlers {
  int (*stream_data)(void *owner, int64_t stream, void *entry, int fin, int early, const uint8_t *bytes, size_t count);
  int (*stream_opened)(void *owner, int64_t stream);
  int (*stream_closed)(void *owner, int64_t stream, void *entry, int has_code, uint64_t code, uint64_t lost_packets);
  int (*stream_reset)(void *owner, int64_t stream, void *entry, uint64_t code);
  void (*stop_sending)(void *owner, int64_t stream, uint64_t code);
  int (*stream_window)(void *owner, int64_t stream, void *entry);
  int (*stream_limit)(void *owner, int bidirectional, uint64_t limit);
  int (*handshake_completed)(void *owner, int early_data_rejected);
  int (*handshake_confirmed)(void *owner);
  int (*key_updated)(void *owner);
  int (*datagram)(void *owner, int early, const uint8_t *bytes, size_t count);
  int (*datagram_acknowledged)(void *owner, uint64_t id);
  int (*datagram_lost)(void *owner, uint64_t id);
  int (*new_connection_id)(void *owner, ngtcp2_cid *id, uint8_t *token, size_t length);
  int (*retired_connection_id)(void *owner, const ngtcp2_cid *id);
  int (*peer_connection_id)(void *owner, int activated, uint64_t number, const ngtcp2_cid *id, const uint8_t *token);
  int (*path_validated)(void *owner, const tern_path *path, int succeeded, int to_preferred_address);
  int (*versions_offered)(void *owner, const uint32_t *versions, size_t count);
  int (*token_received)(void *owner, const uint8_t *bytes, size_t count);
  int (*stateless_reset)(void *owner);
  void (*random)(void *owner, uint8_t *bytes, size_t count);
  void (*log)(void *owner, const char *line, size_t count);
  void (*qlog)(void *owner, const uint8_t *bytes, size_t count);
} tern_handlers;

// One per connection, on the heap, its address fixed until the connection and its TLS session are gone.
typedef struct tern_context {
  ngtcp2_crypto_conn_ref reference;  // what GnuTLS's session points to
  ngtcp2_conn *connection;
  const tern_handlers *handlers;
  void *owner;
  gnutls_session_t session;
  uint64_t last_timestamp;
  int is_server, offered_early_data, follows_preferred_address, saw_retry;
  tern_path receive_path, transmit_path;
  uint32_t transmit_path_generation;
  uint8_t transmit_ecn;
  tern_sink *acknowledged;  // streams whose acknowledged offset moved since Swift looked
  ngtcp2_path_storage receive_storage, transmit_storage;
  ngtcp2_sockaddr_union noted_local, noted_remote;  // the addresses behind transmit_path, as the library writes them
  struct tern_context **(*reading)(void);
#if TERN_GUARDS_CONNECTION_IDS
  tern_seen_numbers seen_numbers;
#endif
} tern_context;

static inline void *tern__entry(void *sink) { return sink ? ((tern_sink *)sink)->entry : NULL; }

#define TERN__CONTEXT \
  tern_context *c = (tern_context *)user_data; \
  (void)conn

static inline int tern__stream_data(ngtcp2_conn *conn, uint32_t flags, int64_t stream, uint64_t offset, const uint8_t *bytes,
                                    size_t count, void *user_data, void *entry) {
  TERN__CONTEXT;
  (void)offset;
  tern_sink *sink = (tern_sink *)entry;
  if (sink == NULL) return 0;
  if (count <= sink->room && !(flags & NGTCP2_STREAM_DATA_FLAG_FIN)) {
    memcpy(sink->at, bytes, count);  // the one copy on the way in
    sink->at += count;
    sink->room -= count;
    sink->filled += count;
    return 0;
  }
#if TERN_LEGACY
  int early = (flags & NGTCP2_STREAM_DATA_FLAG_EARLY) != 0;
#else
  int early = (flags & NGTCP2_STREAM_DATA_FLAG_0RTT) != 0;
#endif
  return c->handlers->stream_data(c->owner, stream, sink->entry, (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0, early, bytes, count);
}
static inline int tern__stream_acknowledged(ngtcp2_conn *conn, int64_t stream, uint64_t offset, uint64_t count, void *user_data,
                                            void *entry) {
  TERN__CONTEXT;
  (void)stream;
  tern_sink *sink = (tern_sink *)entry;
  if (sink == NULL) return 0;
  sink->acknowledged = offset + count;
  if (sink->is_listed) return 0;
  sink->is_listed = 1;
  sink->next_acknowledged = c->acknowledged;
  c->acknowledged = sink;
  return 0;
}
static inline int tern__stream_opened(ngtcp2_conn *conn, int64_t stream, void *user_data) {
  TERN__CONTEXT;
  return c->handlers->stream_opened(c->owner, stream);
}
static inline int tern__stream_closed(ngtcp2_conn *conn, uint32_t flags, int64_t stream, uint64_t code, void *user_data,
                                      void *entry) {
  TERN__CONTEXT;
  uint64_t lost = ngtcp2_conn_get_stream_loss_count(conn, stream);  // the stream is still in the table here
  int has_code = (flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET) != 0;
  return c->handlers->stream_closed(c->owner, stream, tern__entry(entry), has_code, code, lost);
}
static inline int tern__stream_reset(ngtcp2_conn *conn, int64_t stream, uint64_t size, uint64_t code, void *user_data,
                                     void *entry) {
  TERN__CONTEXT;
  (void)size;
  return c->handlers->stream_reset(c->owner, stream, tern__entry(entry), code);
}
static inline int tern__stream_window(ngtcp2_conn *conn, int64_t stream, uint64_t limit, void *user_data, void *entry) {
  TERN__CONTEXT;
  (void)limit;
  return c->handlers->stream_window(c->owner, stream, tern__entry(entry));
}
static inline int tern__limit_bidi(ngtcp2_conn *conn, uint64_t limit, void *user_data) {
  TERN__CONTEXT;
  return c->handlers->stream_limit(c->owner, 1, limit);
}
static inline int tern__limit_uni(ngtcp2_conn *conn, uint64_t limit, void *user_data) {
  TERN__CONTEXT;
  return c->handlers->stream_limit(c->owner, 0, limit);
}
// RFC 9001 §4.6.2: a client whose 0-RTT was refused must hear of it before it writes anything else.
static inline int tern__handshake_completed(ngtcp2_conn *conn, void *user_data) {
  TERN__CONTEXT;
  int rejected = !c->is_server && c->offered_early_data && !(gnutls_session_get_flags(c->session) & GNUTLS_SFLAGS_EARLY_DATA);
  if (rejected) {
#if TERN_LEGACY
    int result = ngtcp2_conn_early_data_rejected(conn);
#else
    int result = ngtcp2_conn_tls_early_data_rejected(conn);
#endif
    if (result != 0) return NGTCP2_ERR_CALLBACK_FAILURE;
  }
  return c->handlers->handshake_completed(c->owner, rejected);
}
static inline int tern__handshake_confirmed(ngtcp2_conn *conn, void *user_data) {
  TERN__CONTEXT;
  return c->handlers->handshake_confirmed(c->owner);
}
#if TERN_LEGACY
typedef ngtcp2_crypto_level tern__level;
#else
typedef ngtcp2_encryption_level tern__level;
#endif
// RFC 9001 §4.4, §6: no message of TLS may follow from a client. A server has let its session go by then.
static inline int tern__crypto_data(ngtcp2_conn *conn, tern__level level, uint64_t offset, const uint8_t *bytes, size_t count,
                                    void *user_data) {
  TERN__CONTEXT;
  if (c->session != NULL) return ngtcp2_crypto_recv_crypto_data_cb(conn, level, offset, bytes, count, user_data);
  ngtcp2_conn_set_tls_alert(conn, GNUTLS_A_UNEXPECTED_MESSAGE);
  return NGTCP2_ERR_CRYPTO;
}
static inline int tern__update_key(ngtcp2_conn *conn, uint8_t *rx_secret, uint8_t *tx_secret, ngtcp2_crypto_aead_ctx *rx,
                                   uint8_t *rx_iv, ngtcp2_crypto_aead_ctx *tx, uint8_t *tx_iv, const uint8_t *current_rx,
                                   const uint8_t *current_tx, size_t length, void *user_data) {
  TERN__CONTEXT;
  int result = ngtcp2_crypto_update_key_cb(conn, rx_secret, tx_secret, rx, rx_iv, tx, tx_iv, current_rx, current_tx, length, user_data);
  return result != 0 ? result : c->handlers->key_updated(c->owner);
}
static inline int tern__datagram(ngtcp2_conn *conn, uint32_t flags, const uint8_t *bytes, size_t count, void *user_data) {
  TERN__CONTEXT;
#if TERN_LEGACY
  int early = (flags & NGTCP2_DATAGRAM_FLAG_EARLY) != 0;
#else
  int early = (flags & NGTCP2_DATAGRAM_FLAG_0RTT) != 0;
#endif
  return c->handlers->datagram(c->owner, early, bytes, count);
}
static inline int tern__datagram_acknowledged(ngtcp2_conn *conn, uint64_t id, void *user_data) {
  TERN__CONTEXT;
  return c->handlers->datagram_acknowledged(c->owner, id);
}
static inline int tern__datagram_lost(ngtcp2_conn *conn, uint64_t id, void *user_data) {
  TERN__CONTEXT;
  return c->handlers->datagram_lost(c->owner, id);
}
static inline int tern__new_connection_id(ngtcp2_conn *conn, ngtcp2_cid *id, uint8_t *token, size_t length, void *user_data) {
  TERN__CONTEXT;
  return c->handlers->new_connection_id(c->owner, id, token, length);
}
static inline int tern__retired_connection_id(ngtcp2_conn *conn, const ngtcp2_cid *id, void *user_data) {
  TERN__CONTEXT;
  return c->handlers->retired_connection_id(c->owner, id);
}
#if TERN_LEGACY
typedef int tern__status;
#else
typedef ngtcp2_connection_id_status_type tern__status;
#endif
static inline int tern__peer_connection_id(ngtcp2_conn *conn, tern__status status, uint64_t number, const ngtcp2_cid *id,
                                           const uint8_t *token, void *user_data) {
  TERN__CONTEXT;
  int activated = status == NGTCP2_CONNECTION_ID_STATUS_TYPE_ACTIVATE;
  return c->handlers->peer_connection_id(c->owner, activated, number, id, token);
}
static inline int tern__path_validated(ngtcp2_conn *conn, uint32_t flags, const ngtcp2_path *path,
#if !TERN_LEGACY
                                       const ngtcp2_path *old_path,
#endif
                                       ngtcp2_path_validation_result result, void *user_data) {
  TERN__CONTEXT;
#if !TERN_LEGACY
  (void)old_path;
#endif
  tern_path converted = tern__from_path(path);
  int preferred = (flags & NGTCP2_PATH_VALIDATION_FLAG_PREFERRED_ADDR) != 0;
  return c->handlers->path_validated(c->owner, &converted, result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS, preferred);
}
// RFC 9000 §9.6: move to the server's preferred address of the family in use, if it named one.
static inline int tern__select_preferred_address(ngtcp2_conn *conn, ngtcp2_path *to, const ngtcp2_preferred_addr *offer,
                                                 void *user_data) {
  TERN__CONTEXT;
  const ngtcp2_path *now = ngtcp2_conn_get_path(conn);
  if (!c->follows_preferred_address) return 0;
  if (now->remote.addr->sa_family == AF_INET && offer->ipv4_present)
    ngtcp2_addr_copy_byte(&to->remote, (const ngtcp2_sockaddr *)&offer->ipv4, sizeof(offer->ipv4));
  else if (now->remote.addr->sa_family == AF_INET6 && offer->ipv6_present)
    ngtcp2_addr_copy_byte(&to->remote, (const ngtcp2_sockaddr *)&offer->ipv6, sizeof(offer->ipv6));
  else
    return 0;
  ngtcp2_addr_copy_byte(&to->local, now->local.addr, now->local.addrlen);
  return 0;
}
static inline int tern__versions_offered(ngtcp2_conn *conn, const ngtcp2_pkt_hd *header, const uint32_t *versions, size_t count,
                                         void *user_data) {
  TERN__CONTEXT;
  (void)header;
  return c->handlers->versions_offered(c->owner, versions, count);
}
#if TERN_LEGACY
static inline int tern__token_received(ngtcp2_conn *conn, const ngtcp2_vec *token, void *user_data) {
  TERN__CONTEXT;
  return c->handlers->token_received(c->owner, token->base, token->len);
}
#else
static inline int tern__token_received(ngtcp2_conn *conn, const uint8_t *bytes, size_t count, void *user_data) {
  TERN__CONTEXT;
  return c->handlers->token_received(c->owner, bytes, count);
}
#endif
static inline int tern__stateless_reset(ngtcp2_conn *conn, const ngtcp2_pkt_stateless_reset *reset, void *user_data) {
  TERN__CONTEXT;
  (void)reset;
  return c->handlers->stateless_reset(c->owner);
}
static inline int tern__retry(ngtcp2_conn *conn, const ngtcp2_pkt_hd *header, void *user_data) {
  TERN__CONTEXT;
  c->saw_retry = 1;
  return ngtcp2_crypto_recv_retry_cb(conn, header, user_data);
}
static inline int tern__challenge(ngtcp2_conn *conn, uint8_t *data, void *user_data) {
  TERN__CONTEXT;
  c->handlers->random(c->owner, data, NGTCP2_PATH_CHALLENGE_DATALEN);
  return 0;
}
static inline void tern__random(uint8_t *bytes, size_t count, const ngtcp2_rand_ctx *source) {
  tern_context *c = (tern_context *)source->native_handle;
  c->handlers->random(c->owner, bytes, count);
}
// Variadic, so Swift can't write it.
__attribute__((format(printf, 2, 3))) static inline void tern__log(void *user_data, const char *format, ...) {
  tern_context *c = (tern_context *)user_data;
  char line[2048];
  va_list arguments;
  va_start(arguments, format);
  int count = vsnprintf(line, sizeof(line), format, arguments);
  va_end(arguments);
  if (count < 0) return;
  c->handlers->log(c->owner, line, (size_t)count < sizeof(line) ? (size_t)count : sizeof(line) - 1);
}
static inline void tern__qlog(void *user_data, uint32_t flags, const void *bytes, size_t count) {
  tern_context *c = (tern_context *)user_data;
  (void)flags;
  c->handlers->qlog(c->owner, (const uint8_t *)bytes, count);
}

#if TERN_WATCHES_FRAMES
// The decrypt call-back is given no connection, so the one that is reading is noted per thread. The
// variable exists once per object file; the connection keeps the accessor of the copy it was made with.
static inline tern_context **tern__reading(void) {
  static _Thread_local tern_context *reading;
  return &reading;
}
static inline int tern__decrypt(uint8_t *to, const ngtcp2_crypto_aead *aead, const ngtcp2_crypto_aead_ctx *key,
                                const uint8_t *from, size_t count, const uint8_t *nonce, size_t nonce_length, const uint8_t *aad,
                                size_t aad_length) {
  int result = ngtcp2_crypto_decrypt_cb(to, aead, key, from, count, nonce, nonce_length, aad, aad_length);
  tern_context *c = *tern__reading();
  if (result != 0 || c == NULL || count < aead->max_overhead) return result;
  tern_seen_numbers *seen = NULL;
  int has_preferred_address = 0;
#if TERN_GUARDS_CONNECTION_IDS
  const ngtcp2_transport_params *peer = ngtcp2_conn_get_remote_transport_params(c->connection);
  seen = &c->seen_numbers;
#if TERN_LEGACY
  has_preferred_address = peer && !c->is_server && peer->preferred_address_present;
#else
  has_preferred_address = peer && !c->is_server && peer->preferred_addr_present;
#endif
#endif
  tern_watch_frames(to, count - aead->max_overhead, seen, has_preferred_address,
                    TERN_WATCHES_STOP_SENDING ? c->handlers->stop_sending : NULL, c->owner);
  return 0;
}
#else
static inline int tern__stop_sending(ngtcp2_conn *conn, int64_t stream, uint64_t code, void *user_data, void *entry) {
  TERN__CONTEXT;
  (void)entry;
  c->handlers->stop_sending(c->owner, stream, code);
  return 0;
}
#endif

static inline void tern__fill_callbacks(ngtcp2_callbacks *cb, tern_context *c) {
  memset(cb, 0, sizeof(*cb));
  if (c->is_server) {
    cb->recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
  } else {
    cb->client_initial = ngtcp2_crypto_client_initial_cb;
    cb->recv_retry = tern__retry;
    cb->recv_version_negotiation = tern__versions_offered;
    cb->recv_new_token = tern__token_received;
    cb->select_preferred_addr = tern__select_preferred_address;
  }
  cb->recv_crypto_data = tern__crypto_data;
  cb->encrypt = ngtcp2_crypto_encrypt_cb;
  cb->decrypt = ngtcp2_crypto_decrypt_cb;
  cb->hp_mask = ngtcp2_crypto_hp_mask_cb;
  cb->update_key = tern__update_key;
  cb->delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
  cb->delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
  cb->version_negotiation = ngtcp2_crypto_version_negotiation_cb;
  cb->get_path_challenge_data = tern__challenge;
  cb->rand = tern__random;
  cb->get_new_connection_id = tern__new_connection_id;
  cb->remove_connection_id = tern__retired_connection_id;
  cb->dcid_status = tern__peer_connection_id;
  cb->recv_stream_data = tern__stream_data;
  cb->acked_stream_data_offset = tern__stream_acknowledged;
  cb->stream_open = tern__stream_opened;
  cb->stream_close = tern__stream_closed;
  cb->stream_reset = tern__stream_reset;
  cb->extend_max_stream_data = tern__stream_window;
  cb->extend_max_local_streams_bidi = tern__limit_bidi;
  cb->extend_max_local_streams_uni = tern__limit_uni;
  cb->handshake_completed = tern__handshake_completed;
  cb->handshake_confirmed = tern__handshake_confirmed;
  cb->recv_datagram = tern__datagram;
  cb->ack_datagram = tern__datagram_acknowledged;
  cb->lost_datagram = tern__datagram_lost;
  cb->path_validation = tern__path_validated;
  cb->recv_stateless_reset = tern__stateless_reset;
#if TERN_WATCHES_FRAMES
  cb->decrypt = tern__decrypt;
  c->reading = tern__reading;
#else
  cb->recv_stop_sending = tern__stop_sending;
#endif
}

#endif
