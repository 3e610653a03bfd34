// GnuTLS names that Swift sees twice (enum and macro) or not at all.
#ifndef TERN_TLS_H
#define TERN_TLS_H

#include <errno.h>

#include "packets.h"

static const unsigned int tern_tls_client = GNUTLS_CLIENT | GNUTLS_NO_END_OF_EARLY_DATA;
static const unsigned int tern_tls_server = GNUTLS_SERVER | GNUTLS_NO_END_OF_EARLY_DATA | GNUTLS_NO_AUTO_SEND_TICKET;
// TLS over a stream, both sides without tickets.
static const unsigned int tern_tls_channel_client = GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS | GNUTLS_FORCE_CLIENT_CERT;
static const unsigned int tern_tls_channel_server = GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS | GNUTLS_NO_AUTO_SEND_TICKET;
static const unsigned int tern_tls_early_data = GNUTLS_ENABLE_EARLY_DATA;
static const unsigned int tern_tls_raw_keys = GNUTLS_ENABLE_RAWPK;
static const unsigned int tern_tls_one_key_share = GNUTLS_KEY_SHARE_TOP;

static inline void *tern_session_owner(gnutls_session_t session) {
  ngtcp2_crypto_conn_ref *reference = (ngtcp2_crypto_conn_ref *)gnutls_session_get_ptr(session);
  return ((tern_context *)reference->user_data)->owner;
}
static inline int tern_session_accepted_early_data(gnutls_session_t session) {
  return (gnutls_session_get_flags(session) & GNUTLS_SFLAGS_EARLY_DATA) != 0;
}
static inline int tern_peer_sent_raw_key(gnutls_session_t session) {
  return gnutls_certificate_type_get2(session, GNUTLS_CTYPE_PEERS) == GNUTLS_CRT_RAWPK;
}
// What the call-backs of a TLS channel are given, and how they say that there is nothing to read.
static inline void tern_channel_set_owner(gnutls_session_t session, void *owner) {
  gnutls_session_set_ptr(session, owner);
  gnutls_transport_set_ptr(session, owner);
}
static inline void *tern_channel_owner(gnutls_session_t session) { return gnutls_session_get_ptr(session); }
static inline ssize_t tern_channel_wait(gnutls_session_t session) {
  gnutls_transport_set_errno(session, EAGAIN);
  return -1;
}
// A global function pointer in GnuTLS, which Swift 6 counts as shared mutable state.
static inline void tern_free(void *memory) { gnutls_free(memory); }
static inline unsigned int tern_p256_bits(void) { return GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1); }
static inline unsigned int tern_p384_bits(void) { return GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1); }

#endif
