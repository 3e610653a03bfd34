// Packet protection (RFC 9001 §5) by aes.h instead of the library's helper, where the processor is fast at it: for the
// keys of 1-RTT packets with AES-GCM, all others are left to the library.
//
// The library makes its own context for each key, and names packets' keys by it. Which key of ours belongs to which
// context is found out by doing the first packets with both: only what came out the same, byte for byte, is used from
// then on. So a key that is wrong, for whatever reason, costs speed and nothing else.
#ifndef TERN_PROTECTION_H
#define TERN_PROTECTION_H

#include <stdlib.h>

#include "aes.h"
#include "versions.h"

// The present keys, the next ones, and the last that packets on their way are still opened with (RFC 9001 §6.1, §6.5).
enum { TERN_PROTECTION_KEYS = 8, TERN_PROTECTION_MASKS = 2 };
// Packets that are longer prove nothing of a key: the proof needs room on the stack.
enum { TERN_PROOF_LENGTH = 2048 };

typedef struct tern_key {
  void *context;        // the library's for the same key; NULL: not known yet
  void *key;            // a tern_aes_gcm, or a tern_aes for masks; NULL: the place is free
  uint8_t byte_count;   // of what it is made of, which is there instead until a packet asks for it
  uint8_t is_for_opening, is_proven;
} tern_key;

typedef struct tern_protection {
  int is_wanted;
  int unproven;  // how many of the keys for packets
  tern_key keys[TERN_PROTECTION_KEYS], masks[TERN_PROTECTION_MASKS];
} tern_protection;

static inline void tern__forget(tern_key *key, size_t size) {
  if (key->key == NULL) return;
  gnutls_memset(key->key, 0, key->byte_count > 0 ? key->byte_count : size);
  free(key->key);
  memset(key, 0, sizeof(*key));
}
static inline void tern__forget_key(tern_protection *p, tern_key *key) {
  if (key->key != NULL && !key->is_proven) p->unproven -= 1;
  tern__forget(key, sizeof(tern_aes_gcm));
}
static inline void tern_protection_clear(tern_protection *p) {
  for (int i = 0; i < TERN_PROTECTION_KEYS; ++i) tern__forget_key(p, &p->keys[i]);
  for (int i = 0; i < TERN_PROTECTION_MASKS; ++i) tern__forget(&p->masks[i], sizeof(tern_aes));
}
static inline size_t tern__aes_length(const ngtcp2_crypto_aead *aead) {
  switch ((int)(intptr_t)aead->native_handle) {
    case GNUTLS_CIPHER_AES_128_GCM: return 16;
    case GNUTLS_CIPHER_AES_256_GCM: return 32;
    default: return 0;
  }
}
static inline int tern__keep(tern_key *places, int place_count, const uint8_t *bytes, size_t count, int is_for_opening, void *context) {
  for (int i = 0; i < place_count; ++i) {
    if (places[i].key != NULL) continue;
    tern_key kept = {context, malloc(count), (uint8_t)count, (uint8_t)is_for_opening, 0};
    if (kept.key == NULL) return 0;
    memcpy(kept.key, bytes, count);
    places[i] = kept;
    return 1;
  }
  return 0;
}
static inline void tern_protection_add(tern_protection *p, const uint8_t *bytes, size_t count, int is_for_opening, void *context) {
  p->unproven += tern__keep(p->keys, TERN_PROTECTION_KEYS, bytes, count, is_for_opening, context);
}
static inline void tern_protection_add_mask(tern_protection *p, const uint8_t *bytes, size_t count) {
  tern__keep(p->masks, TERN_PROTECTION_MASKS, bytes, count, 0, NULL);
}
// The library is about to free the context, and may give its address to another key.
static inline void tern_protection_remove(tern_protection *p, const void *context) {
  for (int i = 0; i < TERN_PROTECTION_KEYS; ++i)
    if (p->keys[i].context == context) tern__forget_key(p, &p->keys[i]);
}
static inline void tern_protection_remove_mask(tern_protection *p, const void *context) {
  for (int i = 0; i < TERN_PROTECTION_MASKS; ++i)
    if (p->masks[i].context == context) tern__forget(&p->masks[i], sizeof(tern_aes));
}

// How many keys for packets there are, or how many of them are proven.
static inline int tern_protection_count(const tern_protection *p, int is_proven) {
  int count = 0;
  for (int i = 0; i < TERN_PROTECTION_KEYS; ++i) count += p->keys[i].key != NULL && p->keys[i].is_proven >= is_proven;
  return count;
}

// The proven key of a context.
static inline const void *tern__proven(const tern_key *keys, int count, const void *context) {
  for (int i = 0; i < count; ++i)
    if (keys[i].context == context && keys[i].is_proven) return keys[i].key;
  return NULL;
}
// Whether a key may be that of the context. One that is not known to be is asked twice before it counts as proven.
static inline int tern__is_candidate(const tern_key *key, const void *context, int is_for_opening) {
  return key->key != NULL && !key->is_proven && key->is_for_opening == is_for_opening &&
         (key->context == NULL || key->context == context);
}
// The next keys of a connection are there long before it uses them, if it ever does.
static inline const void *tern__expanded(tern_key *key, size_t size) {
  if (key->byte_count == 0) return key->key;
  void *expanded = malloc(size);
  if (expanded == NULL) return NULL;
  if (size == sizeof(tern_aes_gcm))
    tern_aes_gcm_init((tern_aes_gcm *)expanded, (const uint8_t *)key->key, key->byte_count);
  else
    tern_aes_init((tern_aes *)expanded, (const uint8_t *)key->key, key->byte_count);
  gnutls_memset(key->key, 0, key->byte_count);
  free(key->key);
  key->key = expanded;
  key->byte_count = 0;
  return expanded;
}
static inline void tern__judge(tern_key *key, void *context, int is_equal) {
  if (!is_equal)
    key->context = NULL;
  else if (key->context == context)
    key->is_proven = 1;
  else
    key->context = context;
}

// What GnuTLS makes of a packet whose key is not proven yet, and whether one of ours makes the same of it.
__attribute__((noinline)) static inline int tern__seal_and_judge(tern_protection *p, uint8_t *to, const ngtcp2_crypto_aead *aead,
                                                                 const ngtcp2_crypto_aead_ctx *context, const uint8_t *from,
                                                                 size_t count, const uint8_t *nonce, size_t nonce_length,
                                                                 const uint8_t *header, size_t header_length) {
  uint8_t plain[TERN_PROOF_LENGTH], sealed[TERN_PROOF_LENGTH + TERN_GCM_TAG];
  int proves = p->unproven > 0 && count <= sizeof(plain) && nonce_length == TERN_GCM_NONCE;
  // It may be sealed where it is.
  if (proves) memcpy(plain, from, count);
  int result = ngtcp2_crypto_encrypt_cb(to, aead, context, from, count, nonce, nonce_length, header, header_length);
  if (result != 0 || !proves) return result;
  for (int i = 0; i < TERN_PROTECTION_KEYS; ++i) {
    if (!tern__is_candidate(&p->keys[i], context->native_handle, 0)) continue;
    const tern_aes_gcm *key = (const tern_aes_gcm *)tern__expanded(&p->keys[i], sizeof(*key));
    if (key == NULL) continue;
    tern_aes_gcm_seal(key, sealed, plain, count, nonce, header, header_length);
    tern__judge(&p->keys[i], context->native_handle, memcmp(sealed, to, count + TERN_GCM_TAG) == 0);
    p->unproven -= p->keys[i].is_proven;
  }
  return 0;
}
__attribute__((noinline)) static inline int tern__open_and_judge(tern_protection *p, uint8_t *to, const ngtcp2_crypto_aead *aead,
                                                                 const ngtcp2_crypto_aead_ctx *context, const uint8_t *from,
                                                                 size_t count, const uint8_t *nonce, size_t nonce_length,
                                                                 const uint8_t *header, size_t header_length) {
  int result = ngtcp2_crypto_decrypt_cb(to, aead, context, from, count, nonce, nonce_length, header, header_length);
  if (result != 0 || p->unproven == 0 || count < TERN_GCM_TAG || count > TERN_PROOF_LENGTH || nonce_length != TERN_GCM_NONCE) return result;
  uint8_t plain[TERN_PROOF_LENGTH];
  count -= TERN_GCM_TAG;
  for (int i = 0; i < TERN_PROTECTION_KEYS; ++i) {
    if (!tern__is_candidate(&p->keys[i], context->native_handle, 1)) continue;
    const tern_aes_gcm *key = (const tern_aes_gcm *)tern__expanded(&p->keys[i], sizeof(*key));
    if (key == NULL) continue;
    int is_authentic = tern_aes_gcm_open(key, plain, from, count, nonce, header, header_length);
    tern__judge(&p->keys[i], context->native_handle, is_authentic && memcmp(plain, to, count) == 0);
    p->unproven -= p->keys[i].is_proven;
  }
  return 0;
}

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
  if (result != 0) return result;
  for (int i = 0; i < TERN_PROTECTION_MASKS; ++i) {
    if (!tern__is_candidate(&p->masks[i], context->native_handle, 0)) continue;
    const tern_aes *key = (const tern_aes *)tern__expanded(&p->masks[i], sizeof(*key));
    if (key == NULL) continue;
    tern_aes_block(key, mask, sample);
    tern__judge(&p->masks[i], context->native_handle, memcmp(mask, to, NGTCP2_HP_MASKLEN) == 0);
  }
  return 0;
}

#endif
