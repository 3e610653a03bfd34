#include "stream.h"

#include <stdlib.h>
#include <string.h>

#include "report.h"

// One piece serves all of them, from its first byte to its last and again, as data of an application would be read: what is
// sent does not matter, but a packet's worth that never left the nearest cache would be no transfer.
static uint8_t zeros[65536];

struct stream *stream_new(struct stream_pool *pool, int64_t id) {
  struct stream *stream = pool->free;
  if (stream) pool->free = stream->next;
  else stream = malloc(sizeof(*stream));
  if (!stream) fail("there is no memory for another stream");
  memset(stream, 0, sizeof(*stream));
  stream->id = id;
  stream->first = (struct block){.capacity = FIRST_BLOCK, .bytes = stream->first_bytes};
  stream->block = stream->last = &stream->first;
  return stream;
}

void stream_free(struct stream_pool *pool, struct stream *stream) {
  for (struct block *block = stream->first.next, *next; block; block = next) {
    next = block->next;
    free(block);
  }
  stream->next = pool->free;
  pool->free = stream;
}

static struct block *add_block(struct stream *stream) {
  struct block *block = malloc(sizeof(*block) + LATER_BLOCK);
  if (!block) fail("there is no memory for what a stream sends");
  *block = (struct block){.capacity = LATER_BLOCK, .bytes = (uint8_t *)(block + 1)};
  stream->last->next = block;
  stream->last = block;
  return block;
}

// Goes on to the first block that has something to send.
static void skip_sent_blocks(struct stream *stream) {
  while (stream->offset == stream->block->used && stream->block->next) {
    stream->block = stream->block->next;
    stream->offset = 0;
  }
}

void stream_append(struct stream *stream, const uint8_t *bytes, size_t count) {
  while (count > 0) {
    struct block *block = stream->last->used < stream->last->capacity ? stream->last : add_block(stream);
    size_t room = block->capacity - block->used, part = count < room ? count : room;
    memcpy(block->bytes + block->used, bytes, part);
    block->used += part;
    bytes += part;
    count -= part;
  }
  skip_sent_blocks(stream);
}

// The next zeros, and those behind the piece's end: how many vectors they are.
static size_t zero_vectors(const struct stream *stream, ngtcp2_vec vectors[2]) {
  size_t offset = (size_t)(0 - stream->zeros) % sizeof(zeros), first = sizeof(zeros) - offset;
  if (stream->zeros <= first) {
    vectors[0] = (ngtcp2_vec){zeros + offset, (size_t)stream->zeros};
    return stream->zeros > 0 ? 1 : 0;
  }
  vectors[0] = (ngtcp2_vec){zeros + offset, first};
  vectors[1] = (ngtcp2_vec){zeros, offset};
  return offset > 0 ? 2 : 1;
}

size_t stream_vectors(const struct stream *stream, ngtcp2_vec vectors[MOST_VECTORS], bool *is_end) {
  size_t count = 0, offset = stream->offset;
  const struct block *block = stream->block;
  for (; block && count < MOST_VECTORS - 2; block = block->next, offset = 0)
    if (block->used > offset) vectors[count++] = (ngtcp2_vec){block->bytes + offset, block->used - offset};
  *is_end = !block && stream->finishes && stream->zeros <= sizeof(zeros);
  return block ? count : count + zero_vectors(stream, vectors + count);
}

void stream_commit(struct stream *stream, size_t count) {
  while (count > 0 && stream->block->used > stream->offset) {
    size_t left = stream->block->used - stream->offset, part = count < left ? count : left;
    stream->offset += part;
    count -= part;
    skip_sent_blocks(stream);
  }
  stream->zeros -= count < stream->zeros ? count : stream->zeros;
  // The library took the end with the last byte: both were offered together.
  stream->is_finished = stream->finishes && stream->zeros == 0 && stream->block->used == stream->offset;
}

bool stream_has_more(const struct stream *stream) {
  return stream->block->used > stream->offset || stream->zeros > 0 || (stream->finishes && !stream->is_finished);
}
