#include "connection.h"

#include <gnutls/crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "report.h"

static void end(struct connection *connection, const char *reason) {
  if (connection->is_over) return;
  connection->is_over = true;
  connection->reason = reason;
}

// MARK: streams

static void link_stream(struct connection *connection, struct stream *stream) {
  if (stream->next) return;
  if (!connection->sending) {
    connection->sending = stream->next = stream->previous = stream;
    return;
  }
  stream->next = connection->sending;
  stream->previous = connection->sending->previous;
  stream->previous->next = stream;
  stream->next->previous = stream;
}

static void unlink_stream(struct connection *connection, struct stream *stream) {
  if (!stream->next) return;
  if (connection->sending == stream) connection->sending = stream->next == stream ? NULL : stream->next;
  stream->next->previous = stream->previous;
  stream->previous->next = stream->next;
  stream->next = stream->previous = NULL;
}

struct stream *connection_open(struct connection *connection) {
  struct stream *stream = stream_new(&connection->endpoint->streams, 0);
  if (ngtcp2_conn_open_bidi_stream(connection->library, &stream->id, stream) == 0) return stream;
  stream_free(&connection->endpoint->streams, stream);
  return NULL;
}

void connection_send(struct connection *connection, struct stream *stream) {
  if (stream_has_more(stream)) link_stream(connection, stream);
  endpoint_touch(connection->endpoint, connection);
}

static struct datagrams *datagrams_of(struct connection *connection) {
  if (!connection->datagrams) connection->datagrams = calloc(1, sizeof(*connection->datagrams));
  if (!connection->datagrams) fail("there is no memory for datagrams");
  return connection->datagrams;
}

void connection_send_datagram(struct connection *connection, const uint8_t *bytes, size_t count) {
  datagrams_add(datagrams_of(connection), bytes, count);
  endpoint_touch(connection->endpoint, connection);
}

void connection_repeat_datagram(struct connection *connection, uint64_t count) {
  datagrams_of(connection)->repeats = count;
  endpoint_touch(connection->endpoint, connection);
}

void connection_close(struct connection *connection) {
  connection->wants_close = true;
  endpoint_touch(connection->endpoint, connection);
}

// MARK: what the library calls

static ngtcp2_conn *library_of(ngtcp2_crypto_conn_ref *reference) {
  return ((struct connection *)reference->user_data)->library;
}

static void fill_randomly(uint8_t *bytes, size_t count, const ngtcp2_rand_ctx *context) {
  (void)context;
  if (gnutls_rnd(GNUTLS_RND_NONCE, bytes, count) != 0) fail("there are no random numbers");
}

static int issue_id(ngtcp2_conn *library, ngtcp2_cid *id, uint8_t *token, size_t length, void *user) {
  (void)library;
  struct connection *connection = user;
  uint8_t random[NGTCP2_MAX_CIDLEN + NGTCP2_STATELESS_RESET_TOKENLEN];
  fill_randomly(random, sizeof(random), NULL);
  ngtcp2_cid_init(id, random, length);
  memcpy(token, random + NGTCP2_MAX_CIDLEN, NGTCP2_STATELESS_RESET_TOKENLEN);
  routes_add(&connection->endpoint->routes, id->data, id->datalen, connection);
  return 0;
}

static int retire_id(ngtcp2_conn *library, const ngtcp2_cid *id, void *user) {
  (void)library;
  struct connection *connection = user;
  routes_remove(&connection->endpoint->routes, id->data, id->datalen);
  return 0;
}

static int complete_handshake(ngtcp2_conn *library, void *user) {
  (void)library;
  struct connection *connection = user;
  gnutls_datum_t protocol = {0};
  gnutls_alpn_get_selected_protocol(connection->session, &protocol);
  connection->echoes = protocol.size == 4 && memcmp(protocol.data, "echo", 4) == 0;
  connection->is_complete = true;
  if (connection->endpoint->options->is_server) tls_send_ticket(connection->session);
  connection->endpoint->application->connected(connection);
  return 0;
}

static int open_stream(ngtcp2_conn *library, int64_t id, void *user) {
  struct connection *connection = user;
  return ngtcp2_conn_set_stream_user_data(library, id, stream_new(&connection->endpoint->streams, id)) == 0
             ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
}

// What is received counts as consumed: both programs only count it, or keep an echo that its sender has paid for.
static int receive_data(ngtcp2_conn *library, uint32_t flags, int64_t id, uint64_t offset, const uint8_t *bytes, size_t count,
                        void *user, void *stream_user) {
  (void)offset;
  struct connection *connection = user;
  struct stream *stream = stream_user;
  ngtcp2_conn_extend_max_stream_offset(library, id, count);
  ngtcp2_conn_extend_max_offset(library, count);
  if (!stream) return 0;
  bool is_end = flags & NGTCP2_STREAM_DATA_FLAG_FIN;
  stream->has_ended = is_end;
  stream->received += count;
  connection->endpoint->application->received(connection, stream, bytes, count, is_end);
  return 0;
}

static int receive_datagram(ngtcp2_conn *library, uint32_t flags, const uint8_t *bytes, size_t count, void *user) {
  (void)library, (void)flags;
  struct connection *connection = user;
  const struct application *application = connection->endpoint->application;
  if (application->received_datagram) application->received_datagram(connection, bytes, count);
  return 0;
}

static int close_stream(ngtcp2_conn *library, uint32_t flags, int64_t id, uint64_t code, void *user, void *stream_user) {
  (void)flags, (void)code;
  struct connection *connection = user;
  struct stream *stream = stream_user;
  if (!ngtcp2_conn_is_local_stream(library, id) && ngtcp2_is_bidi_stream(id)) ngtcp2_conn_extend_max_streams_bidi(library, 1);
  if (!stream) return 0;
  unlink_stream(connection, stream);
  connection->endpoint->application->stream_closed(connection, stream);
  stream_free(&connection->endpoint->streams, stream);
  return 0;
}

static int extend_stream(ngtcp2_conn *library, int64_t id, uint64_t limit, void *user, void *stream_user) {
  (void)library, (void)id, (void)limit;
  struct stream *stream = stream_user;
  if (stream && stream_has_more(stream)) link_stream(user, stream);
  return 0;
}

static int allow_streams(ngtcp2_conn *library, uint64_t limit, void *user) {
  (void)library, (void)limit;
  struct connection *connection = user;
  if (connection->is_complete) connection->endpoint->application->streams_available(connection);
  return 0;
}

static const ngtcp2_callbacks callbacks = {
    .client_initial = ngtcp2_crypto_client_initial_cb,
    .recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
    .recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
    .handshake_completed = complete_handshake,
    .encrypt = ngtcp2_crypto_encrypt_cb,
    .decrypt = ngtcp2_crypto_decrypt_cb,
    .hp_mask = ngtcp2_crypto_hp_mask_cb,
    .recv_stream_data = receive_data,
    .stream_open = open_stream,
    .stream_close = close_stream,
    .recv_retry = ngtcp2_crypto_recv_retry_cb,
    .extend_max_local_streams_bidi = allow_streams,
    .rand = fill_randomly,
    .get_new_connection_id = issue_id,
    .remove_connection_id = retire_id,
    .update_key = ngtcp2_crypto_update_key_cb,
    .extend_max_stream_data = extend_stream,
    .recv_datagram = receive_datagram,
    .delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
    .delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
    .get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
    .version_negotiation = ngtcp2_crypto_version_negotiation_cb,
};

// MARK: beginning and end

enum { ORDINARY_PAYLOAD = 1452, PROBES = 2 };

// The library only borrows `probes` until the connection is made.
static void set_settings(ngtcp2_settings *settings, const struct options *options, uint64_t now, uint16_t probes[PROBES]) {
  ngtcp2_settings_default(settings);
  settings->cc_algo = options->congestion_control;
  settings->initial_ts = now;
  settings->handshake_timeout = 10 * NGTCP2_SECONDS;
  settings->max_tx_udp_payload_size = options->max_udp;
  settings->max_window = options->largest_window;
  settings->max_stream_window = options->window;
  settings->ack_thresh = options->acknowledgement_threshold;
  // Left to itself the library stops at 1,444 bytes, and looks at smaller sizes before.
  for (size_t size = options->max_udp; size > 1200; size = size > ORDINARY_PAYLOAD ? ORDINARY_PAYLOAD : 0)
    probes[settings->pmtud_probeslen++] = (uint16_t)size;
  settings->pmtud_probes = settings->pmtud_probeslen ? probes : NULL;
}

static void set_parameters(ngtcp2_transport_params *parameters, const struct options *options) {
  ngtcp2_transport_params_default(parameters);
  parameters->initial_max_data = options->window;
  parameters->initial_max_stream_data_bidi_local = options->window;
  parameters->initial_max_stream_data_bidi_remote = options->window;
  parameters->initial_max_stream_data_uni = options->window;
  parameters->initial_max_streams_bidi = parameters->initial_max_streams_uni = 256;
  parameters->max_idle_timeout = options->idle_timeout;
  parameters->active_connection_id_limit = options->connection_ids;
  parameters->max_datagram_frame_size = 65535;
}

// The path never changes in what is measured, so the library may go by any that stays the same.
static ngtcp2_path path_of(struct connection *connection) {
  socklen_t length = address_length(&connection->remote);
  return (ngtcp2_path){{&connection->remote.any, length}, {&connection->remote.any, length}, NULL};
}

static struct connection *allocate(struct endpoint *endpoint) {
  struct connection *connection = calloc(1, sizeof(*connection));
  if (!connection) fail("there is no memory for another connection");
  connection->endpoint = endpoint;
  connection->reference = (ngtcp2_crypto_conn_ref){library_of, connection};
  ++endpoint->connections;
  return connection;
}

// With `client` NULL, a client's connection.
static struct connection *create(struct endpoint *endpoint, const union address *remote, const ngtcp2_pkt_hd *client,
                                 const gnutls_datum_t *ticket) {
  const struct options *options = endpoint->options;
  struct connection *connection = allocate(endpoint);
  uint8_t random[2 * ID_LENGTH];
  ngtcp2_cid own, other;
  ngtcp2_settings settings;
  ngtcp2_transport_params parameters;
  uint16_t probes[PROBES];
  fill_randomly(random, sizeof(random), NULL);
  ngtcp2_cid_init(&own, random, ID_LENGTH);
  ngtcp2_cid_init(&other, random + ID_LENGTH, ID_LENGTH);
  set_settings(&settings, options, endpoint->now, probes);
  set_parameters(&parameters, options);
  connection->remote = *remote;
  ngtcp2_path path = path_of(connection);
  int result;
  if (client) {
    parameters.original_dcid = client->dcid;
    parameters.original_dcid_present = 1;
    result = ngtcp2_conn_server_new(&connection->library, &client->scid, &own, &path, client->version, &callbacks, &settings,
                                    &parameters, NULL, connection);
  } else {
    result = ngtcp2_conn_client_new(&connection->library, &other, &own, &path, NGTCP2_PROTO_VER_V1, &callbacks, &settings,
                                    &parameters, NULL, connection);
  }
  if (result != 0) fail("ngtcp2 makes no connection: %s", ngtcp2_strerror(result));
  connection->session = tls_session(&endpoint->tls, connection, ticket);
  ngtcp2_conn_set_tls_native_handle(connection->library, connection->session);
  routes_add(&endpoint->routes, own.data, own.datalen, connection);
  if (client) routes_add(&endpoint->routes, client->dcid.data, client->dcid.datalen, connection);
  return connection;
}

struct connection *connection_dial(struct endpoint *endpoint, const gnutls_datum_t *ticket, void *user) {
  union address remote;
  memcpy(&remote, &endpoint->options->address, sizeof(remote));
  struct connection *connection = create(endpoint, &remote, NULL, ticket);
  connection->user = user;
  endpoint_touch(endpoint, connection);
  return connection;
}

struct connection *connection_accept(struct endpoint *endpoint, const uint8_t *bytes, size_t count,
                                     const union address *remote) {
  ngtcp2_pkt_hd header;
  if (ngtcp2_accept(&header, bytes, count) != 0) return NULL;
  return create(endpoint, remote, &header, NULL);
}

static void remove_routes(struct connection *connection) {
  struct routes *routes = &connection->endpoint->routes;
  ngtcp2_cid ids[16];
  size_t count = ngtcp2_conn_get_scid(connection->library, NULL);
  if (count <= sizeof(ids) / sizeof(ids[0])) {
    ngtcp2_conn_get_scid(connection->library, ids);
    for (size_t i = 0; i < count; ++i) routes_remove(routes, ids[i].data, ids[i].datalen);
  } else {
    fail("a connection has %zu connection IDs: enlarge the list in remove_routes", count);
  }
  if (!connection->endpoint->options->is_server) return;
  const ngtcp2_cid *first = ngtcp2_conn_get_client_initial_dcid(connection->library);
  routes_remove(routes, first->data, first->datalen);
}

void connection_free(struct connection *connection) {
  struct endpoint *endpoint = connection->endpoint;
  remove_routes(connection);
  timers_remove(&endpoint->timers, connection);
  ngtcp2_conn_del(connection->library);
  gnutls_deinit(connection->session);
  --endpoint->connections;
  free(connection->datagrams);
  free(connection);
}

// MARK: packets

static void refuse(struct connection *connection, int result) {
  struct endpoint *endpoint = connection->endpoint;
  if (result == NGTCP2_ERR_DRAINING) return end(connection, "the peer closed it");
  if (result == NGTCP2_ERR_CRYPTO && !endpoint->options->is_server) {
    unsigned status = gnutls_session_get_verify_cert_status(connection->session);
    return end(connection, status ? "the server's certificate is not trusted: see --ca and --sni" : "TLS failed");
  }
  end(connection, ngtcp2_strerror(result));
}

void connection_read(struct connection *connection, uint8_t *bytes, size_t count, size_t segment, uint8_t ecn) {
  ngtcp2_path path = path_of(connection);
  ngtcp2_pkt_info info = {.ecn = ecn};
  for (size_t offset = 0; offset < count && !connection->is_over; offset += segment) {
    size_t size = count - offset < segment ? count - offset : segment;
    int result = ngtcp2_conn_read_pkt(connection->library, &path, &info, bytes + offset, size, connection->endpoint->now);
    if (result != 0) refuse(connection, result);
  }
}

void connection_expire(struct connection *connection) {
  int result = ngtcp2_conn_handle_expiry(connection->library, connection->endpoint->now);
  if (result != 0) end(connection, result == NGTCP2_ERR_IDLE_CLOSE ? "it was idle too long" : ngtcp2_strerror(result));
}

// Packs datagrams into a packet. NGTCP2_ERR_WRITE_MORE: there is room left, and no datagram.
static ngtcp2_ssize write_datagrams(struct connection *connection, uint8_t *to, size_t capacity, ngtcp2_pkt_info *info) {
  ngtcp2_ssize written = NGTCP2_ERR_WRITE_MORE;
  ngtcp2_vec first;
  while (written == NGTCP2_ERR_WRITE_MORE && connection->datagrams && datagrams_first(connection->datagrams, &first)) {
    int is_taken = 0;
    written = ngtcp2_conn_writev_datagram(connection->library, NULL, info, to, capacity, &is_taken,
                                          NGTCP2_WRITE_DATAGRAM_FLAG_MORE, 0, &first, 1, connection->endpoint->now);
    bool is_refused = written == NGTCP2_ERR_INVALID_STATE || written == NGTCP2_ERR_INVALID_ARGUMENT;
    if (is_taken || is_refused) datagrams_drop_first(connection->datagrams);
    if (is_refused) written = NGTCP2_ERR_WRITE_MORE;
  }
  return written;
}

// Writes one packet of whatever is due; 0: nothing may be sent now.
static ngtcp2_ssize write_packet(struct connection *connection, uint8_t *to, size_t capacity, ngtcp2_pkt_info *info) {
  if (connection->datagrams) {
    ngtcp2_ssize written = write_datagrams(connection, to, capacity, info);
    if (written != NGTCP2_ERR_WRITE_MORE) return written;
  }
  while (true) {
    struct stream *stream = connection->is_starved ? NULL : connection->sending;
    ngtcp2_vec vectors[MOST_VECTORS];
    bool is_end = false;
    size_t count = stream ? stream_vectors(stream, vectors, &is_end) : 0;
    ngtcp2_ssize taken = -1;
    uint32_t flags = is_end ? NGTCP2_WRITE_STREAM_FLAG_FIN : NGTCP2_WRITE_STREAM_FLAG_NONE;
    ngtcp2_ssize written =
        ngtcp2_conn_writev_stream(connection->library, NULL, info, to, capacity, &taken, flags, stream ? stream->id : -1,
                                  vectors, count, connection->endpoint->now);
    if (stream && taken >= 0) {
      stream_commit(stream, (size_t)taken);
      if (!stream_has_more(stream)) unlink_stream(connection, stream);
    }
    bool is_blocked = written == NGTCP2_ERR_STREAM_DATA_BLOCKED;
    if (!is_blocked && written != NGTCP2_ERR_STREAM_SHUT_WR && written != NGTCP2_ERR_STREAM_NOT_FOUND) return written;
    // No callback tells when the connection's window grows; the stream's comes back when the peer extends its own.
    connection->is_starved = is_blocked && ngtcp2_conn_get_max_data_left(connection->library) == 0;
    if (!connection->is_starved) unlink_stream(connection, stream);
  }
}

static void next_stream(struct connection *connection) {
  if (connection->sending) connection->sending = connection->sending->next;
}

// Fills one segmented send: packets of one size, the last may be shorter. Returns whether there may be more.
static bool write_burst(struct connection *connection, struct batch *batch) {
  struct endpoint *endpoint = connection->endpoint;
  const union address *remote = &connection->remote;
  size_t payload = endpoint->options->max_udp, quantum = ngtcp2_conn_get_send_quantum(connection->library);
  size_t most = quantum > payload && quantum < LARGEST_PAYLOAD ? quantum : LARGEST_PAYLOAD;
  size_t total = 0, segment = 0, packets = 0;
  uint8_t ecn = 0;
  bool has_more = true;
  while (has_more && packets < SEGMENTS_PER_SEND && total + payload <= most) {
    ngtcp2_pkt_info info = {0};
    ngtcp2_ssize written = write_packet(connection, batch_end(batch) + total, payload, &info);
    if (written < 0) end(connection, ngtcp2_strerror((int)written));
    if (written <= 0) {
      has_more = false;
      break;
    }
    size_t size = (size_t)written;
    ++endpoint->figures.packets_out;
    endpoint->figures.bytes_out += size;
    if (packets > 0 && (size > segment || info.ecn != ecn)) {
      // A probe of the path's size, or another mark: it leaves by itself, behind the others.
      batch_add(batch, total, segment, remote, ecn);
      batch_add(batch, size, size, remote, (uint8_t)info.ecn);
      return true;
    }
    if (packets++ == 0) {
      segment = size;
      ecn = (uint8_t)info.ecn;
    }
    total += size;
    if (packets % endpoint->options->turn == 0) next_stream(connection);
    if (size < segment) break;
  }
  if (total > 0) batch_add(batch, total, segment, remote, ecn);
  next_stream(connection);
  return has_more;
}

static void write_close(struct connection *connection, struct batch *batch) {
  struct endpoint *endpoint = connection->endpoint;
  ngtcp2_pkt_info info = {0};
  ngtcp2_ccerr error;
  ngtcp2_ccerr_default(&error);
  ngtcp2_ccerr_set_application_error(&error, 0, NULL, 0);
  ngtcp2_ssize written = ngtcp2_conn_write_connection_close(
      connection->library, NULL, &info, batch_end(batch), endpoint->options->max_udp, &error, endpoint->now);
  if (written > 0) {
    ++endpoint->figures.packets_out;
    endpoint->figures.bytes_out += (uint64_t)written;
    batch_add(batch, (size_t)written, (size_t)written, &connection->remote, (uint8_t)info.ecn);
  }
  end(connection, NULL);
}

bool connection_write(struct connection *connection) {
  struct endpoint *endpoint = connection->endpoint;
  struct batch *batch = &endpoint->batch;
  bool has_more = !connection->is_over;
  connection->is_starved = has_more && ngtcp2_conn_get_max_data_left(connection->library) == 0;
  for (size_t burst = 0; has_more && burst < endpoint->options->bursts; ++burst) {
    bool is_full = batch->used >= endpoint->options->gather || !batch_has_room(batch, 2 * BUFFER_SIZE, 3);
    if (is_full && !endpoint_flush(endpoint)) return true;
    has_more = write_burst(connection, batch);
  }
  if (!connection->is_over) ngtcp2_conn_update_pkt_tx_time(connection->library, endpoint->now);
  if (!connection->wants_close || connection->is_over) return has_more;
  if (!batch_has_room(batch, BUFFER_SIZE, 1) && !endpoint_flush(endpoint)) return true;
  write_close(connection, batch);
  return false;
}
