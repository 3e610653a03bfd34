// The per-connection context and the trampolines that give every version's call-backs one shape.
#ifndef TERN_CALLBACKS_H
#define TERN_CALLBACKS_H

#include "frames.h"
#include "protection.h"

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
  struct tern_context **(*current)(void);
  tern_protection protection;
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
// 0 where packets are protected by the library.
static inline size_t tern__own_key_length(tern_context *c) {
  return c->protection.is_wanted ? tern__aes_length(&ngtcp2_conn_get_crypto_ctx(c->connection)->aead) : 0;
}
// Does what the helper's own function does, and keeps the keys of 1-RTT packets.
static inline int tern__secrets(gnutls_session_t session, gnutls_record_encryption_level_t tls_level, const void *rx_secret,
                                const void *tx_secret, size_t length) {
  tern_context *c = (tern_context *)((ngtcp2_crypto_conn_ref *)gnutls_session_get_ptr(session))->user_data;
  tern__level level = ngtcp2_crypto_gnutls_from_gnutls_record_encryption_level(tls_level);
  int result = 0;
  for (int is_for_opening = 1; is_for_opening >= 0 && result == 0; --is_for_opening) {
    const uint8_t *secret = (const uint8_t *)(is_for_opening ? rx_secret : tx_secret);
    if (secret == NULL) continue;
    uint8_t key[64], mask[64];
    result = is_for_opening ? ngtcp2_crypto_derive_and_install_rx_key(c->connection, key, NULL, mask, level, secret, length)
                            : ngtcp2_crypto_derive_and_install_tx_key(c->connection, key, NULL, mask, level, secret, length);
    if (result == 0 && tls_level == GNUTLS_ENCRYPTION_LEVEL_APPLICATION) {
      size_t count = tern__own_key_length(c);
      if (count > 0) {
        tern_protection_add(&c->protection, key, count, is_for_opening, NULL);
        tern_protection_add_mask(&c->protection, mask, count);
      }
    }
    gnutls_memset(key, 0, sizeof(key));
    gnutls_memset(mask, 0, sizeof(mask));
  }
  return result;
}
static inline int tern__update_key(ngtcp2_conn *conn, uint8_t *rx_secret, uint8_t *tx_secret, ngtcp2_crypto_aead_ctx *rx,
                                   uint8_t *rx_iv, ngtcp2_crypto_aead_ctx *tx, uint8_t *tx_iv, const uint8_t *current_rx,
                                   const uint8_t *current_tx, size_t length, void *user_data) {
  TERN__CONTEXT;
  uint8_t rx_key[64], tx_key[64];
  int result = ngtcp2_crypto_update_key(conn, rx_secret, tx_secret, rx, rx_key, rx_iv, tx, tx_key, tx_iv, current_rx, current_tx, length);
  if (result == 0) {
    size_t count = tern__own_key_length(c);
    if (count > 0) {
      const ngtcp2_crypto_aead *aead = &ngtcp2_conn_get_crypto_ctx(conn)->aead;
      tern_protection *p = &c->protection;
      tern_protection_prove(p, tern_protection_add(p, rx_key, count, 1, rx->native_handle), aead, rx);
      tern_protection_prove(p, tern_protection_add(p, tx_key, count, 0, tx->native_handle), aead, tx);
    }
    result = c->handlers->key_updated(c->owner);
  } else {
    result = NGTCP2_ERR_CALLBACK_FAILURE;
  }
  gnutls_memset(rx_key, 0, sizeof(rx_key));
  gnutls_memset(tx_key, 0, sizeof(tx_key));
  return result;
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

// The call-backs for packets are given no connection, so the one that is being worked on is noted per thread. The
// variable exists once per object file; the connection keeps the accessor of the copy it was made with.
static inline tern_context **tern__current(void) {
  static _Thread_local tern_context *current;
  return &current;
}
static inline int tern__encrypt(uint8_t *to, const ngtcp2_crypto_aead *aead, const ngtcp2_crypto_aead_ctx *key, const uint8_t *from,
                                size_t count, const uint8_t *nonce, size_t nonce_length, const uint8_t *aad, size_t aad_length) {
  tern_context *c = *tern__current();
  return c == NULL ? ngtcp2_crypto_encrypt_cb(to, aead, key, from, count, nonce, nonce_length, aad, aad_length)
                   : tern_protection_seal(&c->protection, to, aead, key, from, count, nonce, nonce_length, aad, aad_length);
}
static inline int tern__mask(uint8_t *to, const ngtcp2_crypto_cipher *cipher, const ngtcp2_crypto_cipher_ctx *key,
                             const uint8_t *sample) {
  tern_context *c = *tern__current();
  return c == NULL ? ngtcp2_crypto_hp_mask_cb(to, cipher, key, sample) : tern_protection_mask(&c->protection, to, cipher, key, sample);
}
static inline int tern__decrypt(uint8_t *to, const ngtcp2_crypto_aead *aead, const ngtcp2_crypto_aead_ctx *key,
                                const uint8_t *from, size_t count, const uint8_t *nonce, size_t nonce_length, const uint8_t *aad,
                                size_t aad_length) {
  tern_context *c = *tern__current();
  if (c == NULL) return ngtcp2_crypto_decrypt_cb(to, aead, key, from, count, nonce, nonce_length, aad, aad_length);
  int result = tern_protection_open(&c->protection, to, aead, key, from, count, nonce, nonce_length, aad, aad_length);
#if TERN_WATCHES_FRAMES
  if (result != 0 || count < aead->max_overhead) return result;
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
#endif
  return result;
}
static inline void tern__delete_key(ngtcp2_conn *conn, ngtcp2_crypto_aead_ctx *key, void *user_data) {
  TERN__CONTEXT;
  tern_protection_remove(&c->protection, key->native_handle);
  ngtcp2_crypto_delete_crypto_aead_ctx_cb(conn, key, user_data);
}
static inline void tern__delete_mask(ngtcp2_conn *conn, ngtcp2_crypto_cipher_ctx *key, void *user_data) {
  TERN__CONTEXT;
  tern_protection_remove_mask(&c->protection, key->native_handle);
  ngtcp2_crypto_delete_crypto_cipher_ctx_cb(conn, key, user_data);
}
#if !TERN_WATCHES_FRAMES
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
  cb->encrypt = tern__encrypt;
  cb->decrypt = tern__decrypt;
  cb->hp_mask = tern__mask;
  c->current = tern__current;
  cb->update_key = tern__update_key;
  cb->delete_crypto_aead_ctx = tern__delete_key;
  cb->delete_crypto_cipher_ctx = tern__delete_mask;
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
#if !TERN_WATCHES_FRAMES
  cb->recv_stop_sending = tern__stop_sending;
#endif
}

#endif
