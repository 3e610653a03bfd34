#include "tls.h"

#include <gnutls/crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <stdio.h>
#include <string.h>

#include "endpoint.h"
#include "report.h"

static void check(int result, const char *what) {
  if (result < 0) fail("%s: %s", what, gnutls_strerror(result));
}

static void set_priority(struct tls *tls) {
  char text[256];
  // QUIC forbids the dummy messages of compatibility mode (RFC 9001 §8.4).
  snprintf(text, sizeof(text),
           "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:%s:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"
           "+GROUP-SECP521R1:%%DISABLE_TLS13_COMPAT_MODE",
           tls->options->cipher);
  check(gnutls_priority_init(&tls->priority, text, NULL), "choosing ciphers");
}

// The names point into the options, which stay.
static void set_protocols(struct tls *tls) {
  for (const char *at = tls->options->protocols; *at && tls->protocol_count < MOST_PROTOCOLS;) {
    size_t length = strcspn(at, ",");
    tls->protocols[tls->protocol_count++] = (gnutls_datum_t){(unsigned char *)at, (unsigned)length};
    at += length + (at[length] == ',');
  }
}

void tls_init(struct tls *tls, const struct options *options) {
  memset(tls, 0, sizeof(*tls));
  tls->options = options;
  set_priority(tls);
  set_protocols(tls);
  check(gnutls_certificate_allocate_credentials(&tls->credentials), "credentials");
  if (options->is_server) {
    const char *certificate = options->certificate, *key = options->key;
    int result = gnutls_certificate_set_x509_key_file(tls->credentials, certificate, key, GNUTLS_X509_FMT_PEM);
    if (result < 0) fail("%s and %s are no certificate and key in PEM: %s", certificate, key, gnutls_strerror(result));
    check(gnutls_session_ticket_key_generate(&tls->ticket_key), "the key of tickets");
  } else if (!options->is_insecure) {
    int result = gnutls_certificate_set_x509_trust_file(tls->credentials, options->authorities, GNUTLS_X509_FMT_PEM);
    if (result <= 0) fail("%s holds no certificate in PEM: name the authority's with --ca", options->authorities);
  }
}

static int pass_ticket_on(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                          const gnutls_datum_t *message) {
  (void)type, (void)when, (void)message;
  ngtcp2_crypto_conn_ref *reference = gnutls_session_get_ptr(session);
  struct connection *connection = reference->user_data;
  gnutls_datum_t ticket = {0};
  if (!incoming || gnutls_session_get_data2(session, &ticket) != 0) return 0;
  connection->endpoint->application->received_ticket(connection, ticket);
  return 0;
}

static void set_up_client(const struct options *options, gnutls_session_t session, const gnutls_datum_t *ticket) {
  check(gnutls_server_name_set(session, GNUTLS_NAME_DNS, options->server_name, strlen(options->server_name)), "--sni");
  if (!options->is_insecure) gnutls_session_set_verify_cert(session, options->server_name, 0);
  if (!options->resumes) return;
  gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_NEW_SESSION_TICKET, GNUTLS_HOOK_POST, pass_ticket_on);
  if (ticket && ticket->data) check(gnutls_session_set_data(session, ticket->data, ticket->size), "the ticket");
}

gnutls_session_t tls_session(struct tls *tls, struct connection *connection, const gnutls_datum_t *ticket) {
  bool is_server = tls->options->is_server;
  gnutls_session_t session;
  // Without KEY_SHARE_TOP a client makes a second key pair, of another kind, that servers rarely want.
  unsigned flags = is_server ? GNUTLS_SERVER | GNUTLS_NO_AUTO_SEND_TICKET : GNUTLS_CLIENT | GNUTLS_KEY_SHARE_TOP;
  check(gnutls_init(&session, flags | GNUTLS_NO_END_OF_EARLY_DATA), "a session of TLS");
  check(gnutls_priority_set(session, tls->priority), "choosing ciphers");
  check(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials), "credentials");
  check(gnutls_alpn_set_protocols(session, tls->protocols, tls->protocol_count, GNUTLS_ALPN_MANDATORY), "--alpn");
  gnutls_session_set_ptr(session, &connection->reference);
  int result = is_server ? ngtcp2_crypto_gnutls_configure_server_session(session)
                         : ngtcp2_crypto_gnutls_configure_client_session(session);
  if (result != 0) fail("ngtcp2 can't use GnuTLS's session");
  if (is_server) check(gnutls_session_ticket_enable_server(session, &tls->ticket_key), "tickets");
  else set_up_client(tls->options, session, ticket);
  return session;
}

void tls_send_ticket(gnutls_session_t session) { gnutls_session_ticket_send(session, 1, 0); }
