// The curve secp256k1 by libsecp256k1 0.2 or newer; a library that is not installed is said to be absent.
//
// The module map links nothing: SwiftPM asks pkg-config, and where that knows no library there is none to link.
#ifndef TERN_CSECP256K1_SHIM_H
#define TERN_CSECP256K1_SHIM_H

#if __has_include(<secp256k1.h>)
#include <secp256k1.h>

typedef secp256k1_context tern_secp256k1_context;

static inline int tern_secp256k1_is_available(void) { return 1; }

// blind: 32 random bytes, which hide secrets from whoever measures.
static inline tern_secp256k1_context *tern_secp256k1_make(const unsigned char *blind) {
  secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
  if (context && !secp256k1_context_randomize(context, blind)) {
    secp256k1_context_destroy(context);
    return 0;
  }
  return context;
}

// secret: 32 bytes; point: room for 33.
static inline int tern_secp256k1_point(const tern_secp256k1_context *context, const unsigned char *secret,
                                       unsigned char *point) {
  secp256k1_pubkey key;
  size_t count = 33;
  return secp256k1_ec_pubkey_create(context, &key, secret) &&
         secp256k1_ec_pubkey_serialize(context, point, &count, &key, SECP256K1_EC_COMPRESSED) && count == 33;
}

static inline int tern_secp256k1_is_point(const tern_secp256k1_context *context, const unsigned char *point) {
  secp256k1_pubkey key;
  return secp256k1_ec_pubkey_parse(context, &key, point, 33);
}

// digest, secret: 32 bytes; signature: room for *count bytes of DER.
static inline int tern_secp256k1_sign(const tern_secp256k1_context *context, const unsigned char *digest,
                                      const unsigned char *secret, unsigned char *signature, size_t *count) {
  secp256k1_ecdsa_signature made;
  return secp256k1_ecdsa_sign(context, &made, digest, secret, 0, 0) &&
         secp256k1_ecdsa_signature_serialize_der(context, signature, count, &made);
}

// Others make signatures with a high S, which the library's check refuses: of the two that are right, take the low one.
static inline int tern_secp256k1_verify(const tern_secp256k1_context *context, const unsigned char *signature,
                                        size_t count, const unsigned char *digest, const unsigned char *point) {
  secp256k1_pubkey key;
  secp256k1_ecdsa_signature shown, low;
  if (!secp256k1_ec_pubkey_parse(context, &key, point, 33) ||
      !secp256k1_ecdsa_signature_parse_der(context, &shown, signature, count))
    return 0;
  secp256k1_ecdsa_signature_normalize(context, &low, &shown);
  return secp256k1_ecdsa_verify(context, &low, digest, &key);
}

#else
#include <stddef.h>

typedef struct tern_secp256k1_context tern_secp256k1_context;

static inline int tern_secp256k1_is_available(void) { return 0; }
static inline tern_secp256k1_context *tern_secp256k1_make(const unsigned char *blind) { return 0; }
static inline int tern_secp256k1_point(const tern_secp256k1_context *context, const unsigned char *secret,
                                       unsigned char *point) {
  return 0;
}
static inline int tern_secp256k1_is_point(const tern_secp256k1_context *context, const unsigned char *point) {
  return 0;
}
static inline int tern_secp256k1_sign(const tern_secp256k1_context *context, const unsigned char *digest,
                                      const unsigned char *secret, unsigned char *signature, size_t *count) {
  return 0;
}
static inline int tern_secp256k1_verify(const tern_secp256k1_context *context, const unsigned char *signature,
                                        size_t count, const unsigned char *digest, const unsigned char *point) {
  return 0;
}
#endif

#endif
