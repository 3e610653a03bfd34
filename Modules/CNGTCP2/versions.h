// Which library this is compiled against, which one runs, and what they can do.
#ifndef TERN_VERSIONS_H
#define TERN_VERSIONS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define TERN_VERSION(major, minor, patch) (((major) << 16) | ((minor) << 8) | (patch))
#define TERN_AT_LEAST(major, minor, patch) (NGTCP2_VERSION_NUM >= TERN_VERSION(major, minor, patch))

#if !TERN_AT_LEAST(0, 12, 0)
#error "Tern needs ngtcp2 0.12 or newer: run scripts/setup"
#endif
// 0.13 … 0.19 reached no distribution's stable release, so nobody could test them here.
#if TERN_AT_LEAST(0, 13, 0) && !TERN_AT_LEAST(1, 0, 0)
#error "Tern supports ngtcp2 0.12 and 1.x, not 0.13 to 0.19: run scripts/setup"
#endif

// The 0.12 family differs from every 1.x in names and fields.
#define TERN_LEGACY (!TERN_AT_LEAST(1, 0, 0))
// Before 1.24 no call-back tells of the peer's STOP_SENDING: it is read from decrypted frames.
#define TERN_WATCHES_STOP_SENDING (!TERN_AT_LEAST(1, 24, 0))
// Before 1.4 a repeated NEW_CONNECTION_ID for a retired number aborts the process.
#define TERN_GUARDS_CONNECTION_IDS (!TERN_AT_LEAST(1, 4, 0))
#define TERN_WATCHES_FRAMES (TERN_WATCHES_STOP_SENDING || TERN_GUARDS_CONNECTION_IDS)

// Functions, not constants: Swift would warn of code that one version never reaches.
static inline int32_t tern_compiled_version(void) { return NGTCP2_VERSION_NUM; }
#if TERN_LEGACY
// 0.12 knows version 2 only under its draft number, which nobody speaks any more: not offered.
static inline uint32_t tern_version_2(void) { return 0; }
#else
static inline uint32_t tern_version_2(void) { return NGTCP2_PROTO_VER_V2; }
#endif

#if TERN_AT_LEAST(1, 9, 0)
static const size_t tern_max_retry_token_length = NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2;
#else
static const size_t tern_max_retry_token_length = NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN;
#endif
static const size_t tern_max_regular_token_length = NGTCP2_CRYPTO_MAX_REGULAR_TOKENLEN;

// 1.x changed the soname, so a mismatch of families can't be loaded; inside one family the running
// library may be newer than the headers, never older.
static inline int32_t tern_runtime_version(void) { return ngtcp2_version(0)->version_num; }
static inline const char *tern_runtime_version_string(void) { return ngtcp2_version(0)->version_str; }
static inline const char *tern_gnutls_version_string(void) { return gnutls_check_version(NULL); }

#endif
