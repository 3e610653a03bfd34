// DATAGRAM frames that wait to be sent.
#ifndef REFERENCE_DATAGRAMS_H
#define REFERENCE_DATAGRAMS_H

#include <ngtcp2/ngtcp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DATAGRAM_SPACE = 1 << 18, MEASURED_DATAGRAM = 64 };

struct datagrams {
  size_t start, end;  // in `bytes`: a length of two bytes before each
  uint64_t repeats;   // so many measured ones behind those
  uint8_t bytes[DATAGRAM_SPACE];
};

// False: there is no room, and it is dropped.
bool datagrams_add(struct datagrams *datagrams, const uint8_t *bytes, size_t count);
// False: none waits.
bool datagrams_first(const struct datagrams *datagrams, ngtcp2_vec *first);
void datagrams_drop_first(struct datagrams *datagrams);

#endif
