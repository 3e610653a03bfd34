// Plain structs that look the same on every version.
#ifndef TERN_TYPES_H
#define TERN_TYPES_H

#include "versions.h"

// An address without sockaddr: words in the order of the network, IPv4 in the upper half of `high`.
typedef struct tern_address {
  uint64_t high, low;
  uint32_t scope;
  uint16_t port;
  uint8_t family;  // 4 or 6; 0 = none
} tern_address;

typedef struct tern_path {
  tern_address local, remote;
} tern_path;

typedef struct tern_settings {
  int congestion_control;  // 0 reno, 1 cubic, 2 bbr
  uint64_t initial_timestamp, initial_rtt, handshake_timeout;
  size_t max_tx_udp_payload_size, ack_threshold;
  uint64_t max_connection_window, max_stream_window;  // 0 = no auto-tuning
  int disables_path_mtu_discovery, sends_full_payload_at_once;
  const uint16_t *mtu_probes;
  size_t mtu_probe_count;
  const uint8_t *token;
  size_t token_length;
  int token_is_from_retry;
  uint32_t original_version;
  const uint32_t *preferred_versions;
  size_t preferred_version_count;
  const uint32_t *available_versions;
  size_t available_version_count;
  int logs, writes_qlog;
  ngtcp2_cid qlog_original_dcid;
} tern_settings;

typedef struct tern_preferred_address {
  tern_address ipv4, ipv6;  // family 0 where absent
  ngtcp2_cid connection_id;
  uint8_t reset_token[16];
} tern_preferred_address;

typedef struct tern_parameters {
  uint64_t max_data, max_stream_data_bidi_local, max_stream_data_bidi_remote, max_stream_data_uni;
  uint64_t max_streams_bidi, max_streams_uni;
  uint64_t max_idle_timeout, max_ack_delay, ack_delay_exponent;
  uint64_t max_udp_payload_size, active_connection_id_limit, max_datagram_frame_size;
  int disables_active_migration, greases_quic_bit;
  int has_reset_token, has_original_dcid, has_retry_scid, has_preferred_address;
  uint8_t reset_token[16];
  ngtcp2_cid original_dcid, retry_scid, initial_scid;
  tern_preferred_address preferred_address;
} tern_parameters;

typedef struct tern_info {
  uint64_t latest_rtt, minimum_rtt, smoothed_rtt, rtt_variation;
  uint64_t congestion_window, slow_start_threshold, bytes_in_flight;
  uint64_t packets_lost;  // counted by the library since 1.16
  int counts_losses;
} tern_info;

typedef struct tern_close_reason {
  int kind;  // 0 transport, 1 application, anything else: no error code applies
  uint64_t code;
  const uint8_t *text;  // borrowed from the connection
  size_t text_length;
} tern_close_reason;

// Where a stream's bytes go and how far its own were acknowledged: what `stream_user_data` points to. The hot
// call-backs write here without leaving C; Swift looks once per burst.
typedef struct tern_sink {
  uint8_t *at;   // the free part of the chunk that is being filled
  size_t room;   // 0: Swift decides what happens to the next bytes
  size_t filled; // bytes put there since Swift looked
  uint64_t acknowledged;
  struct tern_sink *next_acknowledged;
  int is_listed;
  void *entry;
} tern_sink;

// A run of packets of one size for one path: what one segmented send takes.
typedef struct tern_run {
  size_t bytes, packets, segment;
  uint32_t path_generation;  // of the run's own packets
  tern_path path;
  uint8_t ecn;
  ngtcp2_ssize accepted;  // stream bytes that went in, -1 if there was no STREAM frame at all
  ngtcp2_ssize result;    // of the call that ended the run: > 0 is the size of a packet that does not belong to it
} tern_run;

static inline uint64_t tern__load64(const uint8_t *p) {
  uint64_t v = 0;
  for (int i = 0; i < 8; ++i) v = v << 8 | p[i];
  return v;
}
static inline void tern__store64(uint8_t *p, uint64_t v) {
  for (int i = 7; i >= 0; --i, v >>= 8) p[i] = (uint8_t)v;
}

// Fills `storage` and returns the length of the address in it.
static inline socklen_t tern__to_sockaddr(const tern_address *from, struct sockaddr_storage *storage) {
  memset(storage, 0, sizeof(*storage));
  if (from->family == 4) {
    struct sockaddr_in *in = (struct sockaddr_in *)storage;
    in->sin_family = AF_INET;
    in->sin_port = htons(from->port);
    in->sin_addr.s_addr = htonl((uint32_t)(from->high >> 32));
    return sizeof(*in);
  }
  struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;
  in6->sin6_family = AF_INET6;
  in6->sin6_port = htons(from->port);
  in6->sin6_scope_id = from->scope;
  tern__store64(in6->sin6_addr.s6_addr, from->high);
  tern__store64(in6->sin6_addr.s6_addr + 8, from->low);
  return sizeof(*in6);
}

static inline tern_address tern__from_in(const struct sockaddr_in *in) {
  tern_address a = {0};
  a.family = 4;
  a.port = ntohs(in->sin_port);
  a.high = (uint64_t)ntohl(in->sin_addr.s_addr) << 32;
  return a;
}
static inline tern_address tern__from_in6(const struct sockaddr_in6 *in6) {
  tern_address a = {0};
  a.family = 6;
  a.port = ntohs(in6->sin6_port);
  a.scope = in6->sin6_scope_id;
  a.high = tern__load64(in6->sin6_addr.s6_addr);
  a.low = tern__load64(in6->sin6_addr.s6_addr + 8);
  return a;
}
static inline tern_address tern__from_sockaddr(const ngtcp2_addr *from) {
  tern_address none = {0};
  if (from->addrlen == 0 || from->addr == NULL) return none;
  if (from->addr->sa_family == AF_INET) {
    struct sockaddr_in in;
    memcpy(&in, from->addr, sizeof(in));
    return tern__from_in(&in);
  }
  struct sockaddr_in6 in6;
  memcpy(&in6, from->addr, sizeof(in6));
  return tern__from_in6(&in6);
}
static inline tern_path tern__from_path(const ngtcp2_path *from) {
  tern_path path = {tern__from_sockaddr(&from->local), tern__from_sockaddr(&from->remote)};
  return path;
}
static inline void tern__to_path(const tern_path *from, ngtcp2_path_storage *to) {
  struct sockaddr_storage local, remote;
  socklen_t local_length = tern__to_sockaddr(&from->local, &local);
  socklen_t remote_length = tern__to_sockaddr(&from->remote, &remote);
  ngtcp2_path_storage_init(to, (struct sockaddr *)&local, local_length, (struct sockaddr *)&remote, remote_length, NULL);
}
static inline int tern_address_equal(const tern_address *a, const tern_address *b) {
  return a->high == b->high && a->low == b->low && a->port == b->port && a->family == b->family && a->scope == b->scope;
}
static inline int tern_path_equal(const tern_path *a, const tern_path *b) {
  return tern_address_equal(&a->remote, &b->remote) && tern_address_equal(&a->local, &b->local);
}

#endif
