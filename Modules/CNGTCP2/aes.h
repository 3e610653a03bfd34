// AES-GCM (NIST SP 800-38D) with the processor's vector instructions for AES and for products without carry, which
// GnuTLS 3.7 does not use. No branch and no address depends on a key or on what is sealed.
//
// Whoever calls any of this has asked tern_aes_is_fast() before.
#ifndef TERN_AES_H
#define TERN_AES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// What a key is expanded to. `rounds` is 10 or 14.
typedef struct tern_aes {
  int rounds;
  uint8_t round_keys[15 * 16];
} tern_aes;
// GCM hashes with powers of one number: the 16th first, so that the last of n blocks meets the first power.
typedef struct tern_aes_gcm {
  tern_aes aes;
  uint8_t powers[16 * 16];
} tern_aes_gcm;

enum { TERN_GCM_NONCE = 12, TERN_GCM_TAG = 16 };

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define TERN__VECTORS __attribute__((target("avx2,aes,pclmul,vaes,vpclmulqdq")))
#define TERN__INLINE TERN__VECTORS static inline __attribute__((always_inline))

// Whether the processor has the instructions, and the system keeps the registers (Intel SDM volume 1, §14.3).
static inline int tern_aes_is_fast(void) {
  unsigned int eax, ebx, ecx, edx, low, high;
  const unsigned int first = bit_OSXSAVE | bit_AVX | bit_AES | bit_PCLMUL;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || (ecx & first) != first) return 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 6) != 6) return 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & bit_AVX2) && (ecx & bit_VAES) && (ecx & bit_VPCLMULQDQ);
}

// MARK: AES

TERN__INLINE __m128i tern__load(const uint8_t *from) { return _mm_loadu_si128((const __m128i *)from); }
TERN__INLINE void tern__store(uint8_t *to, __m128i block) { _mm_storeu_si128((__m128i *)to, block); }
TERN__INLINE __m256i tern__load_pair(const uint8_t *from) { return _mm256_loadu_si256((const __m256i *)from); }
TERN__INLINE void tern__store_pair(uint8_t *to, __m256i pair) { _mm256_storeu_si256((__m256i *)to, pair); }
TERN__INLINE __m256i tern__twice(const uint8_t *from) { return _mm256_broadcastsi128_si256(tern__load(from)); }

// FIPS 197 §5.2: the next four words, from the four `key` words so many words before and the word that was worked on.
TERN__INLINE __m128i tern__next_words(__m128i key, __m128i word) {
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
  return _mm_xor_si128(key, word);
}
// The round's constant is part of the instruction.
#define TERN__ROTATED(key, constant) _mm_shuffle_epi32(_mm_aeskeygenassist_si128(key, constant), 0xff)
#define TERN__SUBSTITUTED(key) _mm_shuffle_epi32(_mm_aeskeygenassist_si128(key, 0), 0xaa)

TERN__VECTORS static inline void tern__expand_128(uint8_t *to, const uint8_t *bytes) {
  __m128i key = tern__load(bytes);
  tern__store(to, key);
#define TERN__NEXT(index, constant) \
  key = tern__next_words(key, TERN__ROTATED(key, constant)); \
  tern__store(to + 16 * (index), key)
  TERN__NEXT(1, 0x01);
  TERN__NEXT(2, 0x02);
  TERN__NEXT(3, 0x04);
  TERN__NEXT(4, 0x08);
  TERN__NEXT(5, 0x10);
  TERN__NEXT(6, 0x20);
  TERN__NEXT(7, 0x40);
  TERN__NEXT(8, 0x80);
  TERN__NEXT(9, 0x1b);
  TERN__NEXT(10, 0x36);
#undef TERN__NEXT
}
TERN__VECTORS static inline void tern__expand_256(uint8_t *to, const uint8_t *bytes) {
  __m128i even = tern__load(bytes), odd = tern__load(bytes + 16);
  tern__store(to, even);
  tern__store(to + 16, odd);
#define TERN__NEXT(index, constant) \
  even = tern__next_words(even, TERN__ROTATED(odd, constant)); \
  tern__store(to + 16 * (index), even); \
  if ((index) < 14) { \
    odd = tern__next_words(odd, TERN__SUBSTITUTED(even)); \
    tern__store(to + 16 * ((index) + 1), odd); \
  }
  TERN__NEXT(2, 0x01)
  TERN__NEXT(4, 0x02)
  TERN__NEXT(6, 0x04)
  TERN__NEXT(8, 0x08)
  TERN__NEXT(10, 0x10)
  TERN__NEXT(12, 0x20)
  TERN__NEXT(14, 0x40)
#undef TERN__NEXT
}
// `count` is 16 or 32.
static inline void tern_aes_init(tern_aes *key, const uint8_t *bytes, size_t count) {
  key->rounds = count == 32 ? 14 : 10;
  if (count == 32)
    tern__expand_256(key->round_keys, bytes);
  else
    tern__expand_128(key->round_keys, bytes);
}

TERN__INLINE __m128i tern__block(const tern_aes *key, __m128i block) {
  block = _mm_xor_si128(block, tern__load(key->round_keys));
  for (int round = 1; round < key->rounds; ++round) block = _mm_aesenc_si128(block, tern__load(key->round_keys + 16 * round));
  return _mm_aesenclast_si128(block, tern__load(key->round_keys + 16 * key->rounds));
}
TERN__VECTORS static inline void tern_aes_block(const tern_aes *key, uint8_t *to, const uint8_t *from) {
  tern__store(to, tern__block(key, tern__load(from)));
}

// MARK: The counters (SP 800-38D §6.5)

// The last four bytes are the number, high byte first; while it is counted, low byte first.
TERN__INLINE __m128i tern__counter_order(void) { return _mm_set_epi8(12, 13, 14, 15, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0); }
TERN__INLINE __m128i tern__first_block(const uint8_t *nonce) {
  uint8_t block[16] = {0};
  memcpy(block, nonce, TERN_GCM_NONCE);
  block[15] = 1;
  return tern__load(block);
}
// Block 1 masks the tag, so that data begin with 2 and 3.
TERN__INLINE __m256i tern__first_counters(__m128i first) {
  __m128i counter = _mm_shuffle_epi8(first, tern__counter_order());
  return _mm256_add_epi32(_mm256_broadcastsi128_si256(counter), _mm256_set_epi32(2, 0, 0, 0, 1, 0, 0, 0));
}
TERN__INLINE __m256i tern__next_pair(__m256i *counters) {
  __m256i pair = _mm256_shuffle_epi8(*counters, _mm256_broadcastsi128_si256(tern__counter_order()));
  *counters = _mm256_add_epi32(*counters, _mm256_set_epi32(2, 0, 0, 0, 2, 0, 0, 0));
  return pair;
}

// 256 bytes. Eight pairs at a time keep both of the units that do a round busy.
TERN__INLINE void tern__mask_16(const tern_aes *key, int rounds, __m256i *counters, uint8_t *to, const uint8_t *from) {
  __m256i pairs[8], round_key = tern__twice(key->round_keys);
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; ++i) pairs[i] = _mm256_xor_si256(tern__next_pair(counters), round_key);
#pragma clang loop unroll(full)
  for (int round = 1; round < rounds; ++round) {
    round_key = tern__twice(key->round_keys + 16 * round);
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; ++i) pairs[i] = _mm256_aesenc_epi128(pairs[i], round_key);
  }
  round_key = tern__twice(key->round_keys + 16 * rounds);
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; ++i) {
    // The last step of AES ends with the key, to which what is to be masked may be added before.
    __m256i last = _mm256_xor_si256(round_key, tern__load_pair(from + 32 * i));
    tern__store_pair(to + 32 * i, _mm256_aesenclast_epi128(pairs[i], last));
  }
}
TERN__INLINE __m256i tern__mask_pair(const tern_aes *key, int rounds, __m256i *counters, __m256i plain) {
  __m256i pair = _mm256_xor_si256(tern__next_pair(counters), tern__twice(key->round_keys));
#pragma clang loop unroll(full)
  for (int round = 1; round < rounds; ++round) pair = _mm256_aesenc_epi128(pair, tern__twice(key->round_keys + 16 * round));
  return _mm256_aesenclast_epi128(pair, _mm256_xor_si256(tern__twice(key->round_keys + 16 * rounds), plain));
}
// Less than 256 bytes.
TERN__INLINE void tern__mask_rest(const tern_aes *key, int rounds, __m256i counters, uint8_t *to, const uint8_t *from, size_t count) {
  for (; count >= 32; count -= 32, from += 32, to += 32)
    tern__store_pair(to, tern__mask_pair(key, rounds, &counters, tern__load_pair(from)));
  if (count == 0) return;
  uint8_t last[32] = {0};
  memcpy(last, from, count);
  tern__store_pair(last, tern__mask_pair(key, rounds, &counters, tern__load_pair(last)));
  memcpy(to, last, count);
}

// MARK: The hash (SP 800-38D §6.4)

// Blocks are read backwards, and the powers are shifted by one bit, so that products need no shift (Gueron, Kounavis:
// Intel Carry-Less Multiplication Instruction and its Usage for Computing the GCM Mode).
TERN__INLINE __m128i tern__backwards(__m128i block) {
  return _mm_shuffle_epi8(block, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}
TERN__INLINE __m256i tern__pair_backwards(__m256i pair) {
  return _mm256_shuffle_epi8(pair, _mm256_broadcastsi128_si256(_mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)));
}
TERN__INLINE __m128i tern__polynomial(void) { return _mm_set_epi64x((int64_t)0xc200000000000000, 1); }

// A sum of products of 256 bits each, not reduced yet: low, middle and high part, for both blocks of a pair.
typedef struct tern__products {
  __m256i low, middle, high;
} tern__products;
TERN__INLINE tern__products tern__no_products(void) {
  tern__products none = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
  return none;
}
TERN__INLINE void tern__add_products(tern__products *sum, __m256i pair, __m256i powers) {
  __m256i crossed = _mm256_xor_si256(_mm256_clmulepi64_epi128(pair, powers, 0x01), _mm256_clmulepi64_epi128(pair, powers, 0x10));
  sum->low = _mm256_xor_si256(sum->low, _mm256_clmulepi64_epi128(pair, powers, 0x00));
  sum->middle = _mm256_xor_si256(sum->middle, crossed);
  sum->high = _mm256_xor_si256(sum->high, _mm256_clmulepi64_epi128(pair, powers, 0x11));
}
TERN__INLINE __m128i tern__sum(__m256i pair) { return _mm_xor_si128(_mm256_castsi256_si128(pair), _mm256_extracti128_si256(pair, 1)); }
TERN__INLINE __m128i tern__reduce(const tern__products *sum) {
  __m128i low = tern__sum(sum->low), middle = tern__sum(sum->middle), high = tern__sum(sum->high);
  __m128i folded = _mm_clmulepi64_si128(tern__polynomial(), low, 0x01);
  middle = _mm_xor_si128(middle, _mm_xor_si128(_mm_shuffle_epi32(low, 0x4e), folded));
  folded = _mm_clmulepi64_si128(tern__polynomial(), middle, 0x01);
  return _mm_xor_si128(high, _mm_xor_si128(_mm_shuffle_epi32(middle, 0x4e), folded));
}
TERN__INLINE __m128i tern__times(__m128i block, __m128i power) {
  tern__products product = tern__no_products();
  tern__add_products(&product, _mm256_zextsi128_si256(block), _mm256_zextsi128_si256(power));
  return tern__reduce(&product);
}
// 256 bytes.
TERN__INLINE __m128i tern__hash_16(const tern_aes_gcm *key, __m128i hash, const uint8_t *bytes) {
  tern__products sum = tern__no_products();
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; ++i) {
    __m256i pair = tern__pair_backwards(tern__load_pair(bytes + 32 * i));
    if (i == 0) pair = _mm256_xor_si256(pair, _mm256_zextsi128_si256(hash));
    tern__add_products(&sum, pair, tern__load_pair(key->powers + 32 * i));
  }
  return tern__reduce(&sum);
}
// Up to 256 bytes, with zeros behind them to a whole block.
TERN__INLINE __m128i tern__hash_rest(const tern_aes_gcm *key, __m128i hash, const uint8_t *bytes, size_t count) {
  if (count == 0) return hash;
  const uint8_t *powers = key->powers + 16 * (16 - (count + 15) / 16);
  tern__products sum = tern__no_products();
  __m256i carried = _mm256_zextsi128_si256(hash);
  for (; count >= 32; count -= 32, bytes += 32, powers += 32) {
    __m256i pair = _mm256_xor_si256(tern__pair_backwards(tern__load_pair(bytes)), carried);
    tern__add_products(&sum, pair, tern__load_pair(powers));
    carried = _mm256_setzero_si256();
  }
  if (count > 0) {
    uint8_t last[32] = {0};
    memcpy(last, bytes, count);
    // Behind the last power there is none: its partner counts for nothing, as does the block that is not there.
    __m256i pair = _mm256_xor_si256(tern__pair_backwards(tern__load_pair(last)), carried);
    tern__add_products(&sum, pair, count > 16 ? tern__load_pair(powers) : _mm256_zextsi128_si256(tern__load(powers)));
  }
  return tern__reduce(&sum);
}
TERN__INLINE __m128i tern__hash(const tern_aes_gcm *key, __m128i hash, const uint8_t *bytes, size_t count) {
  for (; count >= 256; count -= 256, bytes += 256) hash = tern__hash_16(key, hash, bytes);
  return tern__hash_rest(key, hash, bytes, count);
}
TERN__INLINE __m128i tern__tag(const tern_aes_gcm *key, __m128i hash, __m128i first, size_t header, size_t count) {
  __m128i lengths = _mm_set_epi64x((int64_t)(header * 8), (int64_t)(count * 8));
  hash = tern__times(_mm_xor_si128(hash, lengths), tern__load(key->powers + 15 * 16));
  return _mm_xor_si128(tern__backwards(hash), tern__block(&key->aes, first));
}

// MARK: GCM (SP 800-38D §7)

TERN__VECTORS static inline void tern_aes_gcm_init(tern_aes_gcm *key, const uint8_t *bytes, size_t count) {
  tern_aes_init(&key->aes, bytes, count);
  __m128i power = tern__backwards(tern__block(&key->aes, _mm_setzero_si128()));
  __m128i top = _mm_srai_epi32(_mm_shuffle_epi32(power, 0xff), 31);
  power = _mm_or_si128(_mm_slli_epi64(power, 1), _mm_slli_si128(_mm_srli_epi64(power, 63), 8));
  const __m128i one = _mm_xor_si128(power, _mm_and_si128(top, tern__polynomial()));
  power = one;
  for (int i = 15; i >= 0; --i, power = tern__times(power, one)) tern__store(key->powers + 16 * i, power);
}

TERN__INLINE void tern__seal(const tern_aes_gcm *key, int rounds, uint8_t *to, const uint8_t *from, size_t count, const uint8_t *nonce,
                             const uint8_t *header, size_t header_count) {
  const size_t whole = count;
  __m128i first = tern__first_block(nonce), hash = tern__hash(key, _mm_setzero_si128(), header, header_count);
  __m256i counters = tern__first_counters(first);
  // Each piece is hashed beside the next one's masking, which does not wait for it.
  const uint8_t *masked = NULL;
  for (; count >= 256; count -= 256, from += 256, to += 256) {
    tern__mask_16(&key->aes, rounds, &counters, to, from);
    if (masked != NULL) hash = tern__hash_16(key, hash, masked);
    masked = to;
  }
  tern__mask_rest(&key->aes, rounds, counters, to, from, count);
  if (masked != NULL) hash = tern__hash_16(key, hash, masked);
  hash = tern__hash_rest(key, hash, to, count);
  tern__store(to + count, tern__tag(key, hash, first, header_count, whole));
}
TERN__INLINE int tern__open(const tern_aes_gcm *key, int rounds, uint8_t *to, const uint8_t *from, size_t count, const uint8_t *nonce,
                            const uint8_t *header, size_t header_count) {
  const size_t whole = count;
  __m128i first = tern__first_block(nonce), hash = tern__hash(key, _mm_setzero_si128(), header, header_count);
  __m128i tag = tern__load(from + count);
  __m256i counters = tern__first_counters(first);
  for (; count >= 256; count -= 256, from += 256, to += 256) {
    hash = tern__hash_16(key, hash, from);
    tern__mask_16(&key->aes, rounds, &counters, to, from);
  }
  hash = tern__hash_rest(key, hash, from, count);
  tern__mask_rest(&key->aes, rounds, counters, to, from, count);
  __m128i difference = _mm_xor_si128(tag, tern__tag(key, hash, first, header_count, whole));
  return _mm_testz_si128(difference, difference);
}

// Writes `count` bytes and the tag. `to` is `from`, or does not overlap with it.
TERN__VECTORS static inline void tern_aes_gcm_seal(const tern_aes_gcm *key, uint8_t *to, const uint8_t *from, size_t count,
                                                   const uint8_t *nonce, const uint8_t *header, size_t header_count) {
  // The number of rounds is a constant in each, so that no loop over them is left.
  if (key->aes.rounds == 10)
    tern__seal(key, 10, to, from, count, nonce, header, header_count);
  else
    tern__seal(key, 14, to, from, count, nonce, header, header_count);
}
// Reads `count` bytes and the tag behind them, and writes `count`. Where it returns 0 they are worth nothing.
TERN__VECTORS static inline int tern_aes_gcm_open(const tern_aes_gcm *key, uint8_t *to, const uint8_t *from, size_t count,
                                                  const uint8_t *nonce, const uint8_t *header, size_t header_count) {
  return key->aes.rounds == 10 ? tern__open(key, 10, to, from, count, nonce, header, header_count)
                               : tern__open(key, 14, to, from, count, nonce, header, header_count);
}

#else

// Elsewhere the library does it all.
static inline int tern_aes_is_fast(void) { return 0; }
static inline void tern_aes_init(tern_aes *key, const uint8_t *bytes, size_t count) { (void)key, (void)bytes, (void)count; }
static inline void tern_aes_block(const tern_aes *key, uint8_t *to, const uint8_t *from) { (void)key, (void)to, (void)from; }
static inline void tern_aes_gcm_init(tern_aes_gcm *key, const uint8_t *bytes, size_t count) { (void)key, (void)bytes, (void)count; }
static inline void tern_aes_gcm_seal(const tern_aes_gcm *key, uint8_t *to, const uint8_t *from, size_t count, const uint8_t *nonce,
                                     const uint8_t *header, size_t header_count) {
  (void)key, (void)to, (void)from, (void)count, (void)nonce, (void)header, (void)header_count;
}
static inline int tern_aes_gcm_open(const tern_aes_gcm *key, uint8_t *to, const uint8_t *from, size_t count, const uint8_t *nonce,
                                    const uint8_t *header, size_t header_count) {
  (void)key, (void)to, (void)from, (void)count, (void)nonce, (void)header, (void)header_count;
  return 0;
}

#endif
#endif
