// A UDP socket with all that makes QUIC fast, and many datagrams for one system call.
#ifndef REFERENCE_SOCKET_H
#define REFERENCE_SOCKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "options.h"

// What UDP over IPv4 carries; several segments of one send together as well.
enum { LARGEST_PAYLOAD = 65507, SEGMENTS_PER_SEND = 64, MESSAGES_PER_CALL = 64, BUFFER_SIZE = 65536 };

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

// Binds a server's socket, and connects a client's: the kernel looks its route up once.
int socket_open(const struct options *options);
socklen_t address_length(const union address *address);

// Counts of calls and of what they moved.
struct figures {
  uint64_t turns, sleeps, receive_calls, empty_receives, buffers_in, packets_in, bytes_in, overflow;
  uint64_t send_calls, sends, packets_out, bytes_out, blocked, lost;
};

// What a message points at.
struct parts {
  union address name;
  struct iovec vector;
  union {
    struct cmsghdr aligned;
    unsigned char bytes[128];
  } control;
};

struct ring {
  struct mmsghdr *messages;
  struct parts *parts;
  uint8_t *bytes;
  size_t slots, filled;
};

// Datagrams of one sender and one size (the last may be shorter) that the kernel joined.
struct received {
  uint8_t *bytes;
  size_t count, segment;
  union address *remote;
  uint8_t ecn;
};

void ring_init(struct ring *ring, size_t slots);
// One call of recvmmsg; how many buffers were filled.
size_t ring_receive(struct ring *ring, int descriptor, struct figures *figures);
struct received ring_read(struct ring *ring, size_t slot, struct figures *figures);

// Runs of datagrams on their way out, one behind the other in an arena.
struct batch {
  uint8_t *arena;
  size_t capacity, used;
  struct mmsghdr messages[MESSAGES_PER_CALL];
  struct parts parts[MESSAGES_PER_CALL];
  size_t count, sent;  // messages; `sent` of them have left
  bool is_connected, is_v6;  // the socket
};

void batch_init(struct batch *batch, size_t capacity, const struct options *options);
static inline uint8_t *batch_end(struct batch *batch) { return batch->arena + batch->used; }
static inline bool batch_has_room(const struct batch *batch, size_t bytes, size_t messages) {
  return batch->capacity - batch->used >= bytes && batch->count + messages <= MESSAGES_PER_CALL;
}
// Takes what was written at the end as one send.
void batch_add(struct batch *batch, size_t count, size_t segment, const union address *remote, uint8_t ecn);
// One call of sendmmsg, normally. False: the socket is full, and the rest stays.
bool batch_flush(struct batch *batch, int descriptor, struct figures *figures);

#endif
