// What the arithmetic below every QUIC handshake and packet costs in GnuTLS, and what packets cost with Tern's own AES-GCM
// where the processor can do that, by itself: no QUIC, no TLS, no sockets.
//
// Says one JSON object: microseconds for each, the median of batches.
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <nettle/curve25519.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aes.h"

enum { BATCHES = 15, SECONDS_PER_BATCH_MILLI = 20, LARGEST = 65000, TAG = 16 };

static gnutls_privkey_t signer;
static gnutls_pubkey_t verifier;
static gnutls_datum_t message = {(unsigned char *)"what a certificate verify message signs, more or less, in so many bytes", 71};
static gnutls_datum_t signature;
static gnutls_aead_cipher_hd_t cipher;
static tern_aes_gcm own;
static uint8_t plain[LARGEST], sealed[LARGEST + TAG];

static void check(int result, const char *what) {
  if (result >= 0) return;
  fprintf(stderr, "%s: %s\n", what, gnutls_strerror(result));
  exit(1);
}

static void make_key(gnutls_pk_algorithm_t algorithm, gnutls_ecc_curve_t curve) {
  gnutls_privkey_t key;
  check(gnutls_privkey_init(&key), "a key");
  check(gnutls_privkey_generate(key, algorithm, GNUTLS_CURVE_TO_BITS(curve), 0), "a key pair");
  gnutls_privkey_deinit(key);
}

static void make_p256(void) { make_key(GNUTLS_PK_ECDSA, GNUTLS_ECC_CURVE_SECP256R1); }
static void make_x25519(void) { make_key(GNUTLS_PK_ECDH_X25519, GNUTLS_ECC_CURVE_X25519); }
// What GnuTLS calls; it has no call of its own for it.
static void share_x25519(void) {
  static uint8_t secret[CURVE25519_SIZE] = {1}, point[CURVE25519_SIZE] = {9}, shared[CURVE25519_SIZE];
  ++secret[1];
  curve25519_mul(shared, secret, point);
}

static void sign(void) {
  gnutls_datum_t made;
  check(gnutls_privkey_sign_data(signer, GNUTLS_DIG_SHA256, 0, &message, &made), "a signature");
  gnutls_free(made.data);
}

static void verify(void) {
  check(gnutls_pubkey_verify_data2(verifier, GNUTLS_SIGN_ECDSA_SHA256, 0, &message, &signature), "a verification");
}

static void seal(size_t size) {
  static uint8_t nonce[12], header[20];
  size_t length = sizeof sealed;
  ++nonce[0];
  check(gnutls_aead_cipher_encrypt(cipher, nonce, sizeof nonce, header, sizeof header, TAG, plain, size, sealed, &length),
        "a packet");
}

static void seal_packet(void) { seal(1424); }
static void seal_jumbo(void) { seal(LARGEST); }
static void seal_by_own(size_t size) {
  static uint8_t nonce[12], header[20];
  ++nonce[0];
  tern_aes_gcm_seal(&own, sealed, plain, size, nonce, header, sizeof header);
}
static void seal_packet_by_own(void) { seal_by_own(1424); }
static void seal_jumbo_by_own(void) { seal_by_own(LARGEST); }
static void copy_jumbo(void) {
  memcpy(sealed, plain, LARGEST);
  // So that the compiler does not leave the copy out.
  __asm__ volatile("" : : "r"(sealed) : "memory");
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int compare(const void *one, const void *other) {
  double difference = *(const double *)one - *(const double *)other;
  return (difference > 0) - (difference < 0);
}

static double median(void (*body)(void)) {
  double microseconds[BATCHES];
  for (int batch = -1; batch < BATCHES; ++batch) {
    uint64_t start = now(), passed = 0, count = 0;
    while (passed < SECONDS_PER_BATCH_MILLI * 1000000ull) {
      for (int i = 0; i < 8; ++i) body();
      count += 8;
      passed = now() - start;
    }
    // The first batch warms up.
    if (batch >= 0) microseconds[batch] = (double)passed / 1e3 / (double)count;
  }
  qsort(microseconds, BATCHES, sizeof *microseconds, compare);
  return microseconds[BATCHES / 2];
}

int main(void) {
  uint8_t secret[16] = {7};
  gnutls_datum_t key = {secret, sizeof secret};
  check(gnutls_privkey_init(&signer), "a key");
  check(gnutls_privkey_generate(signer, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0), "a key pair");
  check(gnutls_pubkey_init(&verifier), "a public key");
  check(gnutls_pubkey_import_privkey(verifier, signer, 0, 0), "a public key");
  check(gnutls_privkey_sign_data(signer, GNUTLS_DIG_SHA256, 0, &message, &signature), "a signature");
  check(gnutls_aead_cipher_init(&cipher, GNUTLS_CIPHER_AES_128_GCM, &key), "a cipher");
  int has_own = tern_aes_is_fast();
  if (has_own) tern_aes_gcm_init(&own, secret, sizeof secret);

  printf("{\"gnutls\": \"%s\"", gnutls_check_version(NULL));
  static const struct {
    const char *name;
    void (*body)(void);
    int is_own;
  } all[] = {
      {"p256_sign", sign, 0},
      {"p256_verify", verify, 0},
      {"p256_key", make_p256, 0},
      {"x25519_key", make_x25519, 0},
      {"x25519_shared", share_x25519, 0},
      {"seal_1424", seal_packet, 0},
      {"own_seal_1424", seal_packet_by_own, 1},
      {"seal_65000", seal_jumbo, 0},
      {"own_seal_65000", seal_jumbo_by_own, 1},
      {"copy_65000", copy_jumbo, 0},
  };
  for (size_t index = 0; index < sizeof all / sizeof *all; ++index)
    if (has_own || !all[index].is_own) printf(", \"%s\": %.3f", all[index].name, median(all[index].body));
  printf("}\n");
  gnutls_aead_cipher_deinit(cipher);
  gnutls_pubkey_deinit(verifier);
  gnutls_privkey_deinit(signer);
  gnutls_free(signature.data);
  return 0;
}
