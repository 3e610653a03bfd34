// Uniform settings and transport parameters, to and from each version's own structs.
#ifndef TERN_SETTINGS_H
#define TERN_SETTINGS_H

#include "callbacks.h"

static inline ngtcp2_cc_algo tern__congestion_control(int choice) {
  if (choice == 0) return NGTCP2_CC_ALGO_RENO;
#if TERN_LEGACY
  if (choice == 2) return NGTCP2_CC_ALGO_BBR2;  // what 1.x calls bbr; the older bbr is version 1 of it
#else
  if (choice == 2) return NGTCP2_CC_ALGO_BBR;
#endif
  return NGTCP2_CC_ALGO_CUBIC;
}

static inline void tern__fill_settings(ngtcp2_settings *to, const tern_settings *from, tern_context *c) {
  ngtcp2_settings_default(to);
  to->cc_algo = tern__congestion_control(from->congestion_control);
  to->initial_ts = from->initial_timestamp;
  to->initial_rtt = from->initial_rtt;
  to->handshake_timeout = from->handshake_timeout;  // the defaults differ: 10 s on 0.12, never on 1.x
  to->max_tx_udp_payload_size = from->max_tx_udp_payload_size;
  to->max_window = from->max_connection_window;
  to->max_stream_window = from->max_stream_window;
  to->ack_thresh = from->ack_threshold;
  to->no_pmtud = from->disables_path_mtu_discovery != 0;
  to->no_tx_udp_payload_size_shaping = from->sends_full_payload_at_once != 0;
  to->original_version = from->original_version;
  to->rand_ctx.native_handle = c;
  if (from->logs) to->log_printf = tern__log;
#if TERN_LEGACY
  to->token.base = (uint8_t *)from->token;
  to->token.len = from->token_length;
  to->preferred_versions = (uint32_t *)from->preferred_versions;
  to->preferred_versionslen = from->preferred_version_count;
  to->other_versions = (uint32_t *)from->available_versions;
  to->other_versionslen = from->available_version_count;
  if (from->writes_qlog) {
    to->qlog.write = tern__qlog;
    to->qlog.odcid = from->qlog_original_dcid;
  }
#else
  to->token = from->token;
  to->tokenlen = from->token_length;
  if (from->token_length) to->token_type = from->token_is_from_retry ? NGTCP2_TOKEN_TYPE_RETRY : NGTCP2_TOKEN_TYPE_NEW_TOKEN;
  to->preferred_versions = from->preferred_versions;
  to->preferred_versionslen = from->preferred_version_count;
  to->available_versions = from->available_versions;
  to->available_versionslen = from->available_version_count;
  if (from->writes_qlog) to->qlog_write = tern__qlog;
#endif
#if TERN_AT_LEAST(1, 4, 0)
  if (from->mtu_probe_count) {
    to->pmtud_probes = from->mtu_probes;
    to->pmtud_probeslen = from->mtu_probe_count;
  }
#endif
}

static inline void tern__fill_preferred_address(ngtcp2_preferred_addr *to, const tern_preferred_address *from) {
  struct sockaddr_storage storage;
  memset(to, 0, sizeof(*to));
  to->cid = from->connection_id;
  memcpy(to->stateless_reset_token, from->reset_token, 16);
  if (from->ipv4.family == 4) {
    to->ipv4_present = 1;
    tern__to_sockaddr(&from->ipv4, &storage);
    memcpy(&to->ipv4, &storage, sizeof(to->ipv4));
  }
  if (from->ipv6.family == 6) {
    to->ipv6_present = 1;
    tern__to_sockaddr(&from->ipv6, &storage);
    memcpy(&to->ipv6, &storage, sizeof(to->ipv6));
  }
}

static inline void tern__fill_parameters(ngtcp2_transport_params *to, const tern_parameters *from) {
  ngtcp2_transport_params_default(to);
  to->initial_max_data = from->max_data;
  to->initial_max_stream_data_bidi_local = from->max_stream_data_bidi_local;
  to->initial_max_stream_data_bidi_remote = from->max_stream_data_bidi_remote;
  to->initial_max_stream_data_uni = from->max_stream_data_uni;
  to->initial_max_streams_bidi = from->max_streams_bidi;
  to->initial_max_streams_uni = from->max_streams_uni;
  to->max_idle_timeout = from->max_idle_timeout;
  to->max_ack_delay = from->max_ack_delay;
  to->ack_delay_exponent = from->ack_delay_exponent;
  to->max_udp_payload_size = from->max_udp_payload_size;
  to->active_connection_id_limit = from->active_connection_id_limit;
  to->max_datagram_frame_size = from->max_datagram_frame_size;
  to->disable_active_migration = from->disables_active_migration != 0;
  to->grease_quic_bit = from->greases_quic_bit != 0;
  to->stateless_reset_token_present = from->has_reset_token != 0;
  memcpy(to->stateless_reset_token, from->reset_token, 16);
  to->original_dcid = from->original_dcid;
  to->retry_scid_present = from->has_retry_scid != 0;
  to->retry_scid = from->retry_scid;
#if TERN_LEGACY
  to->preferred_address_present = from->has_preferred_address != 0;
  if (from->has_preferred_address) tern__fill_preferred_address(&to->preferred_address, &from->preferred_address);
#else
  to->original_dcid_present = from->has_original_dcid != 0;
  to->preferred_addr_present = from->has_preferred_address != 0;
  if (from->has_preferred_address) tern__fill_preferred_address(&to->preferred_addr, &from->preferred_address);
#endif
}

// Returns 0 while the peer's parameters are not known yet.
static inline int tern_peer_parameters(tern_context *c, tern_parameters *to) {
  const ngtcp2_transport_params *from = ngtcp2_conn_get_remote_transport_params(c->connection);
  memset(to, 0, sizeof(*to));
  if (from == NULL) return 0;
  to->max_data = from->initial_max_data;
  to->max_stream_data_bidi_local = from->initial_max_stream_data_bidi_local;
  to->max_stream_data_bidi_remote = from->initial_max_stream_data_bidi_remote;
  to->max_stream_data_uni = from->initial_max_stream_data_uni;
  to->max_streams_bidi = from->initial_max_streams_bidi;
  to->max_streams_uni = from->initial_max_streams_uni;
  to->max_idle_timeout = from->max_idle_timeout;
  to->max_ack_delay = from->max_ack_delay;
  to->ack_delay_exponent = from->ack_delay_exponent;
  to->max_udp_payload_size = from->max_udp_payload_size;
  to->active_connection_id_limit = from->active_connection_id_limit;
  to->max_datagram_frame_size = from->max_datagram_frame_size;
  to->disables_active_migration = from->disable_active_migration;
  to->greases_quic_bit = from->grease_quic_bit;
  to->has_reset_token = from->stateless_reset_token_present;
  memcpy(to->reset_token, from->stateless_reset_token, 16);
  to->initial_scid = from->initial_scid;
#if TERN_LEGACY
  const ngtcp2_preferred_addr *preferred = &from->preferred_address;
  to->has_preferred_address = from->preferred_address_present;
#else
  const ngtcp2_preferred_addr *preferred = &from->preferred_addr;
  to->has_preferred_address = from->preferred_addr_present;
#endif
  if (!to->has_preferred_address) return 1;
  if (preferred->ipv4_present) to->preferred_address.ipv4 = tern__from_in((const struct sockaddr_in *)&preferred->ipv4);
  if (preferred->ipv6_present) to->preferred_address.ipv6 = tern__from_in6((const struct sockaddr_in6 *)&preferred->ipv6);
  to->preferred_address.connection_id = preferred->cid;
  return 1;
}

// The largest DATAGRAM frame that the peer takes; -1 while that is not known. It is asked for each datagram, and the rest of
// the parameters need not be copied for it.
static inline int64_t tern_peer_datagram_limit(const tern_context *c) {
  const ngtcp2_transport_params *from = ngtcp2_conn_get_remote_transport_params(c->connection);
  return from == NULL ? -1 : from->max_datagram_frame_size > INT64_MAX ? INT64_MAX : (int64_t)from->max_datagram_frame_size;
}

// RFC 9000 §7.4.1: what a client remembers of a server for 0-RTT. Returns the length or an error.
static inline ngtcp2_ssize tern_encode_early_parameters(tern_context *c, uint8_t *to, size_t capacity) {
#if TERN_LEGACY
  const ngtcp2_transport_params *from = ngtcp2_conn_get_remote_transport_params(c->connection);
  ngtcp2_transport_params p;
  if (from == NULL) return NGTCP2_ERR_INVALID_STATE;
  ngtcp2_transport_params_default(&p);
  p.initial_max_streams_bidi = from->initial_max_streams_bidi;
  p.initial_max_streams_uni = from->initial_max_streams_uni;
  p.initial_max_stream_data_bidi_local = from->initial_max_stream_data_bidi_local;
  p.initial_max_stream_data_bidi_remote = from->initial_max_stream_data_bidi_remote;
  p.initial_max_stream_data_uni = from->initial_max_stream_data_uni;
  p.initial_max_data = from->initial_max_data;
  p.active_connection_id_limit = from->active_connection_id_limit;
  p.max_datagram_frame_size = from->max_datagram_frame_size;
  return ngtcp2_encode_transport_params(to, capacity, NGTCP2_TRANSPORT_PARAMS_TYPE_CLIENT_HELLO, &p);
#else
  return ngtcp2_conn_encode_0rtt_transport_params(c->connection, to, capacity);
#endif
}
static inline int tern_use_early_parameters(tern_context *c, const uint8_t *bytes, size_t count) {
#if TERN_LEGACY
  ngtcp2_transport_params p;
  int result = ngtcp2_decode_transport_params(&p, NGTCP2_TRANSPORT_PARAMS_TYPE_CLIENT_HELLO, bytes, count);
  if (result == 0) ngtcp2_conn_set_early_remote_transport_params(c->connection, &p);
  return result;
#else
  return ngtcp2_conn_decode_and_set_0rtt_transport_params(c->connection, bytes, count);
#endif
}

#endif
