#include "datagrams.h"

#include <string.h>

static uint8_t measured[MEASURED_DATAGRAM];

bool datagrams_add(struct datagrams *datagrams, const uint8_t *bytes, size_t count) {
  uint16_t length = (uint16_t)count;
  // The room at the front comes back when all have left, which is every turn but under pressure.
  if (datagrams->start == datagrams->end) datagrams->start = datagrams->end = 0;
  if (count > UINT16_MAX || DATAGRAM_SPACE - datagrams->end < count + sizeof(length)) return false;
  memcpy(datagrams->bytes + datagrams->end, &length, sizeof(length));
  memcpy(datagrams->bytes + datagrams->end + sizeof(length), bytes, count);
  datagrams->end += sizeof(length) + count;
  return true;
}

bool datagrams_first(const struct datagrams *datagrams, ngtcp2_vec *first) {
  uint16_t length;
  if (datagrams->start < datagrams->end) {
    memcpy(&length, datagrams->bytes + datagrams->start, sizeof(length));
    *first = (ngtcp2_vec){(uint8_t *)datagrams->bytes + datagrams->start + sizeof(length), length};
    return true;
  }
  *first = (ngtcp2_vec){measured, sizeof(measured)};
  return datagrams->repeats > 0;
}

void datagrams_drop_first(struct datagrams *datagrams) {
  uint16_t length;
  if (datagrams->start == datagrams->end) {
    --datagrams->repeats;
    return;
  }
  memcpy(&length, datagrams->bytes + datagrams->start, sizeof(length));
  datagrams->start += sizeof(length) + length;
}
