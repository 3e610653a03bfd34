// What a stream has to send: bytes of its own, then zeros, then perhaps its end.
#ifndef REFERENCE_STREAM_H
#define REFERENCE_STREAM_H

#include <ngtcp2/ngtcp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FIRST_BLOCK = 32, LATER_BLOCK = 16384, MOST_VECTORS = 8 };

// Bytes stay where they are until the stream is closed: the library may need them again.
struct block {
  struct block *next;
  size_t used, capacity;
  uint8_t *bytes;
};

struct stream {
  int64_t id;
  struct stream *next, *previous;  // in the connection's ring; NULL: not in it
  struct block first, *last, *block;
  size_t offset;  // how much of `block` has been sent
  uint64_t zeros;
  bool finishes, is_finished;
  bool has_ended;     // the peer has finished
  uint64_t received;  // bytes
  uint8_t header[8];  // the first of them
  uint8_t first_bytes[FIRST_BLOCK];
};

// Streams that are over are kept for the next ones.
struct stream_pool {
  struct stream *free;
};

struct stream *stream_new(struct stream_pool *pool, int64_t id);
void stream_free(struct stream_pool *pool, struct stream *stream);
void stream_append(struct stream *stream, const uint8_t *bytes, size_t count);
// What is to be sent next; `is_end` says whether the end follows.
size_t stream_vectors(const struct stream *stream, ngtcp2_vec vectors[MOST_VECTORS], bool *is_end);
// The library has taken so many bytes, and the end if there was nothing more.
void stream_commit(struct stream *stream, size_t count);
bool stream_has_more(const struct stream *stream);

#endif
