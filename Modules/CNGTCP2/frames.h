// What ngtcp2 doesn't tell, read from packets that were just decrypted and authenticated.
//
// - STOP_SENDING has no call-back before 1.24 (RFC 9000 §3.5 lets the application act on it at once).
// - Before 1.4, a second NEW_CONNECTION_ID for a number that is being retired ends in abort(). Such a
//   repetition carries no information (RFC 9000 §5.1.2: the frame MUST be answered with
//   RETIRE_CONNECTION_ID "unless it has already done so"), so it is blotted out before ngtcp2 reads it.
#ifndef TERN_FRAMES_H
#define TERN_FRAMES_H

#include "types.h"

// Sequence numbers of the peer's connection IDs that were seen: all up to `floor`, and the ones listed.
#define TERN_SEEN_CAPACITY 64
typedef struct tern_seen_numbers {
  uint64_t floor;
  uint64_t above[TERN_SEEN_CAPACITY];
  uint32_t count;
} tern_seen_numbers;

// Returns 1 if `number` is new, 0 if it was seen. A peer that leaves more than 64 gaps loses the
// oldest: its late frames count as repetitions, which costs it that connection ID and nobody else anything.
static inline int tern_seen_insert(tern_seen_numbers *seen, uint64_t number) {
  if (number <= seen->floor) return 0;
  for (uint32_t i = 0; i < seen->count; ++i)
    if (seen->above[i] == number) return 0;
  if (seen->count == TERN_SEEN_CAPACITY) {
    uint32_t lowest = 0;
    for (uint32_t i = 1; i < seen->count; ++i)
      if (seen->above[i] < seen->above[lowest]) lowest = i;
    if (number < seen->above[lowest]) return 0;
    seen->floor = seen->above[lowest];
    seen->above[lowest] = seen->above[--seen->count];
  }
  seen->above[seen->count++] = number;
  for (uint32_t i = 0; i < seen->count;) {
    if (seen->above[i] != seen->floor + 1) {
      ++i;
      continue;
    }
    seen->floor += 1;
    seen->above[i] = seen->above[--seen->count];
    i = 0;
  }
  return 1;
}

typedef struct tern_frame_cursor {
  uint8_t *at, *end;
} tern_frame_cursor;

// RFC 9000 §16. Returns 0 where the bytes end too early.
static inline int tern__varint(tern_frame_cursor *c, uint64_t *value) {
  if (c->at >= c->end) return 0;
  size_t length = (size_t)1 << (c->at[0] >> 6);
  if ((size_t)(c->end - c->at) < length) return 0;
  uint64_t v = c->at[0] & 0x3f;
  for (size_t i = 1; i < length; ++i) v = v << 8 | c->at[i];
  c->at += length;
  *value = v;
  return 1;
}
static inline int tern__varints(tern_frame_cursor *c, int count) {
  uint64_t ignored;
  while (count-- > 0)
    if (!tern__varint(c, &ignored)) return 0;
  return 1;
}
static inline int tern__skip(tern_frame_cursor *c, uint64_t count) {
  if ((uint64_t)(c->end - c->at) < count) return 0;
  c->at += count;
  return 1;
}
static inline int tern__skip_counted(tern_frame_cursor *c) {
  uint64_t length;
  return tern__varint(c, &length) && tern__skip(c, length);
}
static inline int tern__skip_ack(tern_frame_cursor *c, int has_ecn) {
  uint64_t ranges;
  if (!tern__varints(c, 2) || !tern__varint(c, &ranges) || !tern__varints(c, 1)) return 0;
  for (; ranges > 0; --ranges)
    if (!tern__varints(c, 2)) return 0;
  return has_ecn ? tern__varints(c, 3) : 1;
}
static inline int tern__skip_stream(tern_frame_cursor *c, uint64_t type) {
  if (!tern__varints(c, type & 0x04 ? 2 : 1)) return 0;
  if (type & 0x02) return tern__skip_counted(c);
  c->at = c->end;
  return 1;
}

typedef struct tern_new_connection_id_frame {
  uint64_t sequence_number, retire_prior_to;
} tern_new_connection_id_frame;

static inline int tern__parse_new_connection_id(tern_frame_cursor *c, tern_new_connection_id_frame *f) {
  if (!tern__varint(c, &f->sequence_number) || !tern__varint(c, &f->retire_prior_to) || c->at >= c->end) return 0;
  uint64_t length = *c->at++;
  return tern__skip(c, length + 16);
}

// Skips any frame but STOP_SENDING and NEW_CONNECTION_ID; 0 = not understood, ngtcp2 will judge it.
static inline int tern__skip_frame(tern_frame_cursor *c, uint64_t type) {
  if (type >= 0x08 && type <= 0x0f) return tern__skip_stream(c, type);
  switch (type) {
  case 0x00: case 0x01: case 0x1e: return 1;
  case 0x02: case 0x03: return tern__skip_ack(c, type == 0x03);
  case 0x04: return tern__varints(c, 3);
  case 0x06: return tern__varints(c, 1) && tern__skip_counted(c);
  case 0x07: return tern__skip_counted(c);
  case 0x10: case 0x12: case 0x13: case 0x14: case 0x16: case 0x17: case 0x19: return tern__varints(c, 1);
  case 0x11: case 0x15: return tern__varints(c, 2);
  case 0x1a: case 0x1b: return tern__skip(c, 8);
  case 0x1c: return tern__varints(c, 2) && tern__skip_counted(c);
  case 0x1d: return tern__varints(c, 1) && tern__skip_counted(c);
  case 0x30: c->at = c->end; return 1;
  case 0x31: return tern__skip_counted(c);
  default: return 0;
  }
}

// Makes PING and PADDING of a frame: the packet stays ack-eliciting, as it was.
static inline void tern__blot_out(uint8_t *from, uint8_t *to) {
  memset(from, 0, (size_t)(to - from));
  *from = 0x01;
}

static inline uint64_t tern__word(const uint8_t *from) {
  uint64_t word;
  memcpy(&word, from, sizeof(word));
  return word;
}

typedef void (*tern_stop_sending_observer)(void *owner, int64_t stream, uint64_t code);

// Walks the frames of one packet. `seen` may be NULL: no guard.
static inline void tern_watch_frames(uint8_t *payload, size_t length, tern_seen_numbers *seen, int has_preferred_address,
                                     tern_stop_sending_observer observer, void *owner) {
  tern_frame_cursor c = {payload, payload + length};
  while (c.at < c.end) {
    // Padding is most of the packets of a handshake.
    while (c.end - c.at >= 8 && tern__word(c.at) == 0) c.at += 8;
    if (c.at == c.end) return;
    // A STREAM frame without a length goes to the packet's end (RFC 9000 §19.8): most of the packets of a transfer.
    if ((*c.at & 0xfa) == 0x08) return;
    uint8_t *start = c.at;
    uint64_t type, stream, code;
    tern_new_connection_id_frame frame;
    if (!tern__varint(&c, &type)) return;
    if (type == 0x05) {
      if (!tern__varint(&c, &stream) || !tern__varint(&c, &code)) return;
      if (observer) observer(owner, (int64_t)stream, code);
    } else if (type == 0x18) {
      if (!tern__parse_new_connection_id(&c, &frame)) return;
      if (seen && has_preferred_address) (void)tern_seen_insert(seen, 1);  // RFC 9000 §5.1.1: it is number 1
      if (seen && !tern_seen_insert(seen, frame.sequence_number)) tern__blot_out(start, c.at);
    } else if (!tern__skip_frame(&c, type)) {
      return;
    }
  }
}

#endif
