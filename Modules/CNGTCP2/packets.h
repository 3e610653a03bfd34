// Packets and tokens that exist without a connection: what an acceptor needs.
#ifndef TERN_PACKETS_H
#define TERN_PACKETS_H

#include "closing.h"

typedef struct tern_initial_header {
  ngtcp2_cid dcid, scid;
  uint32_t version;
  const uint8_t *token;  // borrowed from the datagram
  size_t token_length;
} tern_initial_header;

// 0: the datagram may open a connection. Anything else: drop it.
static inline int tern_accept(const uint8_t *bytes, size_t count, tern_initial_header *to) {
  ngtcp2_pkt_hd header;
  memset(&header, 0, sizeof(header));
  int result = ngtcp2_accept(&header, bytes, count);
  if (result != 0) return result;
  to->dcid = header.dcid;
  to->scid = header.scid;
  to->version = header.version;
#if TERN_LEGACY
  to->token = header.token.base;
  to->token_length = header.token.len;
#else
  to->token = header.token;
  to->token_length = header.tokenlen;
#endif
  return 0;
}

static inline ngtcp2_ssize tern_make_retry_token(uint8_t *to, const uint8_t *key, size_t key_length, uint32_t version,
                                                 const tern_address *remote, const ngtcp2_cid *retry_scid,
                                                 const ngtcp2_cid *original_dcid, uint64_t timestamp) {
  struct sockaddr_storage address;
  socklen_t length = tern__to_sockaddr(remote, &address);
#if TERN_AT_LEAST(1, 9, 0)
  return ngtcp2_crypto_generate_retry_token2(to, key, key_length, version, (struct sockaddr *)&address, length, retry_scid,
                                             original_dcid, timestamp);
#else
  return ngtcp2_crypto_generate_retry_token(to, key, key_length, version, (struct sockaddr *)&address, length, retry_scid,
                                            original_dcid, timestamp);
#endif
}
static inline int tern_check_retry_token(ngtcp2_cid *original_dcid, const uint8_t *token, size_t token_length, const uint8_t *key,
                                         size_t key_length, uint32_t version, const tern_address *remote, const ngtcp2_cid *dcid,
                                         uint64_t lifetime, uint64_t timestamp) {
  struct sockaddr_storage address;
  socklen_t length = tern__to_sockaddr(remote, &address);
#if TERN_AT_LEAST(1, 9, 0)
  return ngtcp2_crypto_verify_retry_token2(original_dcid, token, token_length, key, key_length, version,
                                           (struct sockaddr *)&address, length, dcid, lifetime, timestamp);
#else
  return ngtcp2_crypto_verify_retry_token(original_dcid, token, token_length, key, key_length, version,
                                          (struct sockaddr *)&address, length, dcid, lifetime, timestamp);
#endif
}
// NEW_TOKEN tokens are bound to the host, not to the port: a client comes back from another one.
static inline ngtcp2_ssize tern_make_address_token(uint8_t *to, const uint8_t *key, size_t key_length, const tern_address *remote,
                                                   uint64_t timestamp) {
  struct sockaddr_storage address;
  socklen_t length = tern__to_sockaddr(remote, &address);
  return ngtcp2_crypto_generate_regular_token(to, key, key_length, (struct sockaddr *)&address, length, timestamp);
}
static inline int tern_check_address_token(const uint8_t *token, size_t token_length, const uint8_t *key, size_t key_length,
                                           const tern_address *remote, uint64_t lifetime, uint64_t timestamp) {
  struct sockaddr_storage address;
  socklen_t length = tern__to_sockaddr(remote, &address);
  return ngtcp2_crypto_verify_regular_token(token, token_length, key, key_length, (struct sockaddr *)&address, length, lifetime,
                                            timestamp);
}

#endif
