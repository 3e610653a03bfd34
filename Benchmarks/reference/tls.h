// Credentials and sessions of GnuTLS.
#ifndef REFERENCE_TLS_H
#define REFERENCE_TLS_H

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include "options.h"

enum { MOST_PROTOCOLS = 8 };

// What all sessions of the process share.
struct tls {
  const struct options *options;
  gnutls_certificate_credentials_t credentials;
  gnutls_priority_t priority;
  gnutls_datum_t protocols[MOST_PROTOCOLS];
  unsigned protocol_count;
  gnutls_datum_t ticket_key;
};

void tls_init(struct tls *tls, const struct options *options);
struct connection;

// A connection's session; a client's resumes where there is a ticket.
gnutls_session_t tls_session(struct tls *tls, struct connection *connection, const gnutls_datum_t *ticket);
// Server: one ticket, as Tern sends.
void tls_send_ticket(gnutls_session_t session);

#endif
