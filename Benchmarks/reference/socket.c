#include "socket.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

static void set(int descriptor, int level, int option, int value, const char *lack) {
  if (setsockopt(descriptor, level, option, &value, sizeof(value)) != 0) fail_errno(lack);
}

// Beyond the host's limit where the process may, else up to the limit.
static void set_buffer(int descriptor, int force, int option, size_t size) {
  int value = size < INT32_MAX ? (int)size : INT32_MAX;
  if (setsockopt(descriptor, SOL_SOCKET, force, &value, sizeof(value)) != 0)
    set(descriptor, SOL_SOCKET, option, value, "the socket's buffer can't be set");
}

int socket_open(const struct options *options) {
  int family = options->address.ss_family;
  const struct sockaddr *address = (const struct sockaddr *)&options->address;
  int descriptor = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail_errno("no UDP socket");
  if (family == AF_INET6) {
    set(descriptor, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE, "datagrams may be fragmented");
    set(descriptor, IPPROTO_IPV6, IPV6_RECVTCLASS, 1, "congestion marks can't be read");
  } else {
    set(descriptor, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE, "datagrams may be fragmented");
    set(descriptor, IPPROTO_IP, IP_RECVTOS, 1, "congestion marks can't be read");
  }
  set(descriptor, IPPROTO_UDP, UDP_GRO, 1, "this kernel has no UDP_GRO: take Linux 5.0 or newer");
  set(descriptor, SOL_SOCKET, SO_RXQ_OVFL, 1, "lost datagrams can't be counted");
  set_buffer(descriptor, SO_RCVBUFFORCE, SO_RCVBUF, options->socket_buffer);
  set_buffer(descriptor, SO_SNDBUFFORCE, SO_SNDBUF, options->socket_buffer);
  if (options->is_server) {
    if (bind(descriptor, address, options->address_length) != 0)
      fail_errno("the server's address can't be bound: choose another");
  } else if (connect(descriptor, address, options->address_length) != 0) {
    fail_errno("the server's address can't be reached");
  }
  return descriptor;
}

socklen_t address_length(const union address *address) {
  return address->any.sa_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4);
}

// MARK: in

static void prepare(struct ring *ring, size_t slot) {
  struct msghdr *header = &ring->messages[slot].msg_hdr;
  header->msg_namelen = sizeof(ring->parts[slot].name);
  header->msg_controllen = sizeof(ring->parts[slot].control);
}

void ring_init(struct ring *ring, size_t slots) {
  ring->slots = slots;
  ring->filled = 0;
  ring->messages = calloc(slots, sizeof(*ring->messages));
  ring->parts = calloc(slots, sizeof(*ring->parts));
  ring->bytes = malloc(slots * BUFFER_SIZE);
  if (!ring->messages || !ring->parts || !ring->bytes) fail("there is no memory for %zu buffers: take fewer --slots", slots);
  for (size_t i = 0; i < slots; ++i) {
    struct msghdr *header = &ring->messages[i].msg_hdr;
    ring->parts[i].vector = (struct iovec){ring->bytes + i * BUFFER_SIZE, BUFFER_SIZE};
    header->msg_name = &ring->parts[i].name;
    header->msg_iov = &ring->parts[i].vector;
    header->msg_iovlen = 1;
    header->msg_control = &ring->parts[i].control;
    prepare(ring, i);
  }
}

size_t ring_receive(struct ring *ring, int descriptor, struct figures *figures) {
  // The kernel has written the lengths into those that were used.
  for (size_t i = 0; i < ring->filled; ++i) prepare(ring, i);
  int count = recvmmsg(descriptor, ring->messages, (unsigned)ring->slots, MSG_DONTWAIT, NULL);
  ++figures->receive_calls;
  if (count <= 0) ++figures->empty_receives;
  // An error is an answer to something sent earlier, told by the network; the connection finds out by itself.
  ring->filled = count > 0 ? (size_t)count : 0;
  figures->buffers_in += ring->filled;
  return ring->filled;
}

struct received ring_read(struct ring *ring, size_t slot, struct figures *figures) {
  struct msghdr *header = &ring->messages[slot].msg_hdr;
  size_t count = ring->messages[slot].msg_len;
  struct received received = {.bytes = ring->bytes + slot * BUFFER_SIZE, .count = count, .segment = count};
  received.remote = &ring->parts[slot].name;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
    int value = 0;
    size_t length = c->cmsg_len - CMSG_LEN(0);
    memcpy(&value, CMSG_DATA(c), length < sizeof(value) ? length : sizeof(value));
    if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO && value > 0) received.segment = (size_t)value;
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) received.ecn = value & 3;
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) received.ecn = value & 3;
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) figures->overflow = (uint32_t)value;
  }
  figures->bytes_in += count;
  if (count > 0) figures->packets_in += (count + received.segment - 1) / received.segment;
  return received;
}

// MARK: out

void batch_init(struct batch *batch, size_t capacity, const struct options *options) {
  memset(batch, 0, sizeof(*batch));
  batch->capacity = capacity;
  batch->is_connected = !options->is_server;
  batch->is_v6 = options->address.ss_family == AF_INET6;
  batch->arena = malloc(capacity);
  if (!batch->arena) fail("there is no memory for %zu bytes on their way out: take a smaller --gather", capacity);
  for (size_t i = 0; i < MESSAGES_PER_CALL; ++i) {
    batch->messages[i].msg_hdr.msg_iov = &batch->parts[i].vector;
    batch->messages[i].msg_hdr.msg_iovlen = 1;
  }
}

static void add_control(struct msghdr *header, int level, int type, const void *data, size_t length) {
  struct cmsghdr *c = (struct cmsghdr *)((unsigned char *)header->msg_control + header->msg_controllen);
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN(length);
  memcpy(CMSG_DATA(c), data, length);
  header->msg_controllen += CMSG_SPACE(length);
}

void batch_add(struct batch *batch, size_t count, size_t segment, const union address *remote, uint8_t ecn) {
  struct parts *parts = &batch->parts[batch->count];
  struct msghdr *header = &batch->messages[batch->count++].msg_hdr;
  parts->vector = (struct iovec){batch_end(batch), count};
  batch->used += count;
  header->msg_name = NULL;
  header->msg_namelen = 0;
  if (!batch->is_connected) {
    parts->name = *remote;
    header->msg_name = &parts->name;
    header->msg_namelen = address_length(remote);
  }
  header->msg_control = &parts->control;
  header->msg_controllen = 0;
  if (ecn) {
    int mark = ecn;
    add_control(header, batch->is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, batch->is_v6 ? IPV6_TCLASS : IP_TOS, &mark, sizeof(mark));
  }
  if (segment < count) {
    uint16_t size = (uint16_t)segment;
    add_control(header, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size));
  }
  if (header->msg_controllen == 0) header->msg_control = NULL;
}

static int send_messages(struct batch *batch, int descriptor) {
  size_t left = batch->count - batch->sent;
  const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  if (left > 1) return sendmmsg(descriptor, batch->messages + batch->sent, (unsigned)left, flags);
  return sendmsg(descriptor, &batch->messages[batch->sent].msg_hdr, flags) < 0 ? -1 : 1;
}

bool batch_flush(struct batch *batch, int descriptor, struct figures *figures) {
  while (batch->sent < batch->count) {
    int sent = send_messages(batch, descriptor);
    ++figures->send_calls;
    if (sent > 0) {
      figures->sends += (unsigned)sent;
      batch->sent += (size_t)sent;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      ++figures->blocked;
      return false;
    } else if (errno == EIO || errno == EINVAL) {
      fail_errno("the kernel refused a segmented send (UDP_SEGMENT): measure on another interface");
    } else if (errno != EINTR) {
      // As if the network had lost it.
      ++figures->lost;
      ++batch->sent;
    }
  }
  batch->count = batch->sent = batch->used = 0;
  return true;
}
