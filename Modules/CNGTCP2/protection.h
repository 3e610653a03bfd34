// Packet protection (RFC 9001 §5) by aes.h instead of the library's helper, where the processor is fast at it: for the
// keys of 1-RTT packets with AES-GCM, all others are left to the library.
//
// The library makes its own context for each key, and names packets' keys by it. Which key of ours belongs to which
// context is found out by doing the first packets with both: only what came out the same, byte for byte, for two
// different packets, is used from then on. So a key that is wrong, for whatever reason, costs speed and nothing else.
#ifndef TERN_PROTECTION_H
#define TERN_PROTECTION_H

#include <stdlib.h>

#include "aes.h"
#include "versions.h"

// The present keys, the next ones, and the last that packets on their way are still opened with (RFC 9001 §6.1, §6.5).
enum { TERN_PROTECTION_KEYS = 8, TERN_PROTECTION_MASKS = 2 };

typedef struct tern_key {
  void *context;     // the library's for the same key; NULL: not known yet
  void *key;         // a tern_aes_gcm, or a tern_aes for masks; NULL: the place is free
  uint64_t witness;  // of the packet that came out the same: another must, too
  uint8_t is_for_opening, is_proven;
} tern_key;

typedef struct tern_protection {
  int is_wanted;
  int unproven;  // how many of the keys for packets
  tern_key keys[TERN_PROTECTION_KEYS], masks[TERN_PROTECTION_MASKS];
} tern_protection;

static inline void tern__discard(void *secret, size_t size) {
  if (secret == NULL) return;
  gnutls_memset(secret, 0, size);
  free(secret);
}
static inline void tern__forget_key(tern_protection *p, tern_key *key) {
  if (key->key != NULL && !key->is_proven) p->unproven -= 1;
  tern__discard(key->key, sizeof(tern_aes_gcm));
  memset(key, 0, sizeof(*key));
}
static inline void tern__forget_mask(tern_key *mask) {
  tern__discard(mask->key, sizeof(tern_aes));
  memset(mask, 0, sizeof(*mask));
}
static inline void tern_protection_clear(tern_protection *p) {
  for (int i = 0; i < TERN_PROTECTION_KEYS; ++i) tern__forget_key(p, &p->keys[i]);
  for (int i = 0; i < TERN_PROTECTION_MASKS; ++i) tern__forget_mask(&p->masks[i]);
}
static inline size_t tern__aes_length(const ngtcp2_crypto_aead *aead) {
  switch ((int)(intptr_t)aead->native_handle) {
    case GNUTLS_CIPHER_AES_128_GCM: return 16;
    case GNUTLS_CIPHER_AES_256_GCM: return 32;
    default: return 0;
  }
}
static inline tern_key *tern__free_place(tern_key *places, int count) {
  for (int i = 0; i < count; ++i)
    if (places[i].key == NULL) return &places[i];
  return NULL;
}
static inline tern_key *tern_protection_add(tern_protection *p, const uint8_t *bytes, size_t count, int is_for_opening, void *context) {
  tern_key *place = tern__free_place(p->keys, TERN_PROTECTION_KEYS);
  tern_aes_gcm *key = place ? (tern_aes_gcm *)malloc(sizeof(*key)) : NULL;
  if (key == NULL) return NULL;
  tern_aes_gcm_init(key, bytes, count);
  *place = (tern_key){context, key, 0, (uint8_t)is_for_opening, 0};
  p->unproven += 1;
  return place;
}
static inline void tern_protection_add_mask(tern_protection *p, const uint8_t *bytes, size_t count) {
  tern_key *place = tern__free_place(p->masks, TERN_PROTECTION_MASKS);
  tern_aes *key = place ? (tern_aes *)malloc(sizeof(*key)) : NULL;
  if (key == NULL) return;
  tern_aes_init(key, bytes, count);
  *place = (tern_key){NULL, key, 0, 0, 0};
}
// The library is about to free the context, and may give its address to another key.
static inline void tern_protection_remove(tern_protection *p, const void *context) {
  for (int i = 0; i < TERN_PROTECTION_KEYS; ++i)
    if (p->keys[i].context == context) tern__forget_key(p, &p->keys[i]);
}
static inline void tern_protection_remove_mask(tern_protection *p, const void *context) {
  for (int i = 0; i < TERN_PROTECTION_MASKS; ++i)
    if (p->masks[i].context == context) tern__forget_mask(&p->masks[i]);
}
// How many keys for packets there are, or how many of them are proven; and the proven masks.
static inline int tern_protection_count(const tern_protection *p, int is_proven) {
  int count = 0;
  for (int i = 0; i < TERN_PROTECTION_KEYS; ++i) count += p->keys[i].key != NULL && p->keys[i].is_proven >= is_proven;
  return count;
}
static inline int tern_protection_mask_count(const tern_protection *p) {
  int count = 0;
  for (int i = 0; i < TERN_PROTECTION_MASKS; ++i) count += p->masks[i].is_proven;
  return count;
}

// MARK: Proof

static inline const void *tern__proven(const tern_key *keys, int count, const void *context) {
  for (int i = 0; i < count; ++i)
    if (keys[i].context == context && keys[i].is_proven) return keys[i].key;
  return NULL;
}
static inline int tern__is_candidate(const tern_key *key, const void *context, int is_for_opening) {
  return key->key != NULL && !key->is_proven && key->is_for_opening == is_for_opening &&
         (key->context == NULL || key->context == context);
}
// The first packet that comes out the same makes the key the context's, a different one proves it. A packet that comes
// again, as an attacker may let it, proves nothing.
static inline void tern__judge(tern_key *key, void *context, const uint8_t *witness, int is_equal) {
  uint64_t seen;
  memcpy(&seen, witness, sizeof(seen));
  if (!is_equal) {
    key->context = NULL;
  } else if (key->context == NULL) {
    key->context = context;
    key->witness = seen;
  } else if (key->witness != seen) {
    key->is_proven = 1;
  }
}
// Those eight bytes of a nonce that differ from packet to packet.
static inline const uint8_t *tern__number(const uint8_t *nonce) { return nonce + TERN_GCM_NONCE - sizeof(uint64_t); }

// RFC 9001 §9.5: nothing shows which key a packet was refused by. The next keys are as fast as the present ones from the
// beginning, because they are proven before any packet asks for them, by one that leaves for nowhere.
static inline void tern_protection_prove(tern_protection *p, tern_key *key, const ngtcp2_crypto_aead *aead,
                                         const ngtcp2_crypto_aead_ctx *context) {
  static const uint8_t nonce[TERN_GCM_NONCE] = {0}, plain[64] = {0};
  uint8_t sealed[sizeof(plain) + TERN_GCM_TAG], other[sizeof(plain) + TERN_GCM_TAG];
  const tern_aes_gcm *own = key ? (const tern_aes_gcm *)key->key : NULL;
  if (own == NULL) return;
  int result, is_equal;
  if (key->is_for_opening) {
    tern_aes_gcm_seal(own, sealed, plain, sizeof(plain), nonce, nonce, sizeof(nonce));
    result = ngtcp2_crypto_decrypt_cb(other, aead, context, sealed, sizeof(sealed), nonce, sizeof(nonce), nonce, sizeof(nonce));
    is_equal = result == 0 && memcmp(other, plain, sizeof(plain)) == 0;
  } else {
    result = ngtcp2_crypto_encrypt_cb(sealed, aead, context, plain, sizeof(plain), nonce, sizeof(nonce), nonce, sizeof(nonce));
    tern_aes_gcm_seal(own, other, plain, sizeof(plain), nonce, nonce, sizeof(nonce));
    is_equal = result == 0 && memcmp(other, sealed, sizeof(sealed)) == 0;
  }
  if (!is_equal) return tern__forget_key(p, key);
  key->is_proven = 1;
  p->unproven -= 1;
}

// What GnuTLS makes of a packet whose key is not proven yet, and whether one of ours makes the same of it.
static inline int tern__seal_and_judge(tern_protection *p, uint8_t *to, const ngtcp2_crypto_aead *aead,
                                       const ngtcp2_crypto_aead_ctx *context, const uint8_t *from, size_t count, const uint8_t *nonce,
                                       size_t nonce_length, const uint8_t *header, size_t header_length) {
  // What is sealed may be sealed in its place. Behind it there is room for what we make of it.
  uint8_t *plain = p->unproven > 0 && nonce_length == TERN_GCM_NONCE ? (uint8_t *)malloc(2 * count + TERN_GCM_TAG) : NULL;
  if (plain != NULL) memcpy(plain, from, count);
  int result = ngtcp2_crypto_encrypt_cb(to, aead, context, from, count, nonce, nonce_length, header, header_length);
  for (int i = 0; i < TERN_PROTECTION_KEYS && plain != NULL && result == 0; ++i) {
    tern_key *key = &p->keys[i];
    if (!tern__is_candidate(key, context->native_handle, 0)) continue;
    tern_aes_gcm_seal((const tern_aes_gcm *)key->key, plain + count, plain, count, nonce, header, header_length);
    tern__judge(key, context->native_handle, tern__number(nonce), memcmp(plain + count, to, count + TERN_GCM_TAG) == 0);
    p->unproven -= key->is_proven;
  }
  tern__discard(plain, 2 * count + TERN_GCM_TAG);
  return result;
}
static inline int tern__open_and_judge(tern_protection *p, uint8_t *to, const ngtcp2_crypto_aead *aead,
                                       const ngtcp2_crypto_aead_ctx *context, const uint8_t *from, size_t count, const uint8_t *nonce,
                                       size_t nonce_length, const uint8_t *header, size_t header_length) {
  int proves = p->unproven > 0 && nonce_length == TERN_GCM_NONCE && count >= TERN_GCM_TAG;
  uint8_t *sealed = proves ? (uint8_t *)malloc(2 * count) : NULL;
  if (sealed != NULL) memcpy(sealed, from, count);
  int result = ngtcp2_crypto_decrypt_cb(to, aead, context, from, count, nonce, nonce_length, header, header_length);
  for (int i = 0; i < TERN_PROTECTION_KEYS && sealed != NULL && result == 0; ++i) {
    tern_key *key = &p->keys[i];
    if (!tern__is_candidate(key, context->native_handle, 1)) continue;
    uint8_t *plain = sealed + count;
    int is_authentic =
        tern_aes_gcm_open((const tern_aes_gcm *)key->key, plain, sealed, count - TERN_GCM_TAG, nonce, header, header_length);
    tern__judge(key, context->native_handle, tern__number(nonce), is_authentic && memcmp(plain, to, count - TERN_GCM_TAG) == 0);
    p->unproven -= key->is_proven;
  }
  tern__discard(sealed, 2 * count);
  return result;
}

// MARK: Packets

static inline int tern_protection_seal(tern_protection *p, uint8_t *to, const ngtcp2_crypto_aead *aead,
                                       const ngtcp2_crypto_aead_ctx *context, const uint8_t *from, size_t count, const uint8_t *nonce,
                                       size_t nonce_length, const uint8_t *header, size_t header_length) {
  const tern_aes_gcm *known = (const tern_aes_gcm *)tern__proven(p->keys, TERN_PROTECTION_KEYS, context->native_handle);
  if (known == NULL) return tern__seal_and_judge(p, to, aead, context, from, count, nonce, nonce_length, header, header_length);
  tern_aes_gcm_seal(known, to, from, count, nonce, header, header_length);
  return 0;
}
static inline int tern_protection_open(tern_protection *p, uint8_t *to, const ngtcp2_crypto_aead *aead,
                                       const ngtcp2_crypto_aead_ctx *context, const uint8_t *from, size_t count, const uint8_t *nonce,
                                       size_t nonce_length, const uint8_t *header, size_t header_length) {
  const tern_aes_gcm *known = (const tern_aes_gcm *)tern__proven(p->keys, TERN_PROTECTION_KEYS, context->native_handle);
  if (known == NULL) return tern__open_and_judge(p, to, aead, context, from, count, nonce, nonce_length, header, header_length);
  if (count < TERN_GCM_TAG) return NGTCP2_ERR_DECRYPT;
  return tern_aes_gcm_open(known, to, from, count - TERN_GCM_TAG, nonce, header, header_length) ? 0 : NGTCP2_ERR_DECRYPT;
}
// RFC 9001 §5.4.3.
static inline int tern_protection_mask(tern_protection *p, uint8_t *to, const ngtcp2_crypto_cipher *cipher,
                                       const ngtcp2_crypto_cipher_ctx *context, const uint8_t *sample) {
  uint8_t mask[16];
  const tern_aes *known = (const tern_aes *)tern__proven(p->masks, TERN_PROTECTION_MASKS, context->native_handle);
  if (known != NULL) {
    tern_aes_block(known, mask, sample);
    memcpy(to, mask, NGTCP2_HP_MASKLEN);
    return 0;
  }
  int result = ngtcp2_crypto_hp_mask_cb(to, cipher, context, sample);
  for (int i = 0; i < TERN_PROTECTION_MASKS && result == 0; ++i) {
    tern_key *key = &p->masks[i];
    if (!tern__is_candidate(key, context->native_handle, 0)) continue;
    tern_aes_block((const tern_aes *)key->key, mask, sample);
    tern__judge(key, context->native_handle, sample, memcmp(mask, to, NGTCP2_HP_MASKLEN) == 0);
  }
  return result;
}

#endif
