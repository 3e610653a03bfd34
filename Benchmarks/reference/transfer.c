// Modes down, up and both: bytes over one connection or several, time from the first stream to the last answer.
#include <stdlib.h>

#include "client.h"
#include "clock.h"
#include "report.h"

// One connection's part.
struct lane {
  struct connection *connection;
  uint64_t opened;
};

static struct {
  struct lane *lanes;
  uint64_t connected, share, streams, ended, received, started;
} transfer;

static void dial(void) { connection_dial(&client.endpoint, NULL, &transfer.lanes[transfer.connected]); }

static void begin(void) {
  const struct options *options = client.endpoint.options;
  transfer.lanes = calloc(options->connections, sizeof(struct lane));
  if (!transfer.lanes) fail("there is no memory for so many connections: take fewer --conns");
  transfer.share = options->bytes / options->streams / options->connections;
  transfer.streams = options->mode == MODE_BOTH ? 2 * options->streams : options->streams;
  dial();
}

static bool is_upload(uint64_t number) {
  enum mode mode = client.endpoint.options->mode;
  return mode == MODE_UP || (mode == MODE_BOTH && number % 2 == 1);
}

static void request(struct stream *stream, uint64_t answer) {
  uint8_t header[8];
  for (int i = 0; i < 8; ++i) header[i] = (uint8_t)(answer >> (56 - 8 * i));
  stream_append(stream, header, sizeof(header));
  stream->finishes = true;
}

// As many streams as the server allows, until all are there.
static void open_streams(struct connection *connection) {
  struct lane *lane = connection->user;
  if (transfer.connected < client.endpoint.options->connections) return;
  for (; lane->opened < transfer.streams; ++lane->opened) {
    struct stream *stream = connection_open(connection);
    if (!stream) return;
    bool goes_up = is_upload(lane->opened);
    request(stream, goes_up ? 0 : transfer.share);
    if (goes_up) stream->zeros = transfer.share;
    connection_send(connection, stream);
  }
}

static void connected(struct connection *connection) {
  uint64_t count = client.endpoint.options->connections;
  ((struct lane *)connection->user)->connection = connection;
  if (++transfer.connected < count) return dial();
  client_describe(connection);
  transfer.started = clock_now();
  for (uint64_t i = 0; i < count; ++i) open_streams(transfer.lanes[i].connection);
}

static void conclude(void) {
  const struct options *options = client.endpoint.options;
  double seconds = client_seconds(transfer.started);
  uint64_t one_way = transfer.share * options->streams * options->connections;
  uint64_t expected = options->mode == MODE_UP ? 0 : one_way, moved = options->mode == MODE_BOTH ? 2 * one_way : one_way;
  if (transfer.received != expected)
    fail("%llu bytes instead of %llu", (unsigned long long)transfer.received, (unsigned long long)expected);
  report_whole("bytes", moved);
  report_fraction("secs", seconds, 4);
  report_fraction("mbit", (double)moved * 8e-6 / seconds, 1);
  for (uint64_t i = 0; i < options->connections; ++i) connection_close(transfer.lanes[i].connection);
  client_finish();
}

static void count(struct connection *connection, struct stream *stream, const uint8_t *bytes, size_t size, bool is_end) {
  (void)connection, (void)bytes;
  transfer.received += size;
  if (!is_end) return;
  // The server finishes only after it has all, so an answer's end is the upload's as well.
  if (stream_has_more(stream)) fail("the server answered before it had all");
  if (++transfer.ended == transfer.streams * client.endpoint.options->connections) conclude();
}

const struct mode_program transfer_program = {
    begin,
    {
        .connected = connected,
        .received = count,
        .stream_closed = client_ignore_stream,
        .streams_available = open_streams,
        .closed = client_lost,
        .alarm = client_time_out,
    },
};
