// Datagrams with their control messages, many in a call.
#ifndef TERN_CLINUXUDP_MESSAGES_H
#define TERN_CLINUXUDP_MESSAGES_H

#include "address.h"

// The header hides these behind the feature macro; the layouts are part of the kernel's interface.
typedef struct {
  struct msghdr header;
  unsigned int length;
} tern_udp_message;
extern int tern_udp__sendmmsg(int, tern_udp_message *, unsigned int, int) __asm__("sendmmsg");
extern int tern_udp__recvmmsg(int, tern_udp_message *, unsigned int, int, struct timespec *) __asm__("recvmmsg");
typedef struct {
  struct in6_addr address;
  unsigned int interface;
} tern_udp__in6_pktinfo;

enum {
  TERN_UDP__SOL_UDP = 17,
  TERN_UDP__SEGMENT = 103,
  TERN_UDP__GRO = 104,
  TERN_UDP__RXQ_OVFL = 40,
  TERN_UDP__RECVPKTINFO6 = 49,
  TERN_UDP__PKTINFO6 = 50,
};

// What a message points at. Room for all control messages that the options of options.h can cause.
typedef struct {
  struct sockaddr_storage name;
  struct iovec vector;
  union {
    struct cmsghdr aligned;
    unsigned char bytes[256];
  } control;
} tern_udp_slot;

typedef struct {
  tern_udp_address remote, local;
  uint32_t count, segment_size, overflow;
  uint8_t ecn, is_truncated, has_overflow;
} tern_udp_received;

static inline void tern_udp_prepare_receive(tern_udp_message *m, tern_udp_slot *s, void *bytes, size_t capacity) {
  s->vector.iov_base = bytes;
  s->vector.iov_len = capacity;
  m->header.msg_name = &s->name;
  m->header.msg_namelen = sizeof(s->name);
  m->header.msg_iov = &s->vector;
  m->header.msg_iovlen = 1;
  m->header.msg_control = &s->control;
  m->header.msg_controllen = sizeof(s->control);
  m->header.msg_flags = 0;
  m->length = 0;
}
static inline int tern_udp_receive(int socket, tern_udp_message *messages, unsigned int count) {
  return tern_udp__recvmmsg(socket, messages, count, MSG_DONTWAIT, NULL);
}

static inline int tern_udp__number(struct cmsghdr *c, int fallback) {
  int value = fallback;
  size_t length = c->cmsg_len - CMSG_LEN(0);
  if (length >= sizeof(value)) memcpy(&value, CMSG_DATA(c), sizeof(value));
  else if (length >= 1) value = *CMSG_DATA(c);
  return value;
}
static inline tern_udp_received tern_udp_read(tern_udp_message *m, uint16_t local_port) {
  tern_udp_received r;
  memset(&r, 0, sizeof(r));
  r.count = r.segment_size = m->length;
  r.is_truncated = (m->header.msg_flags & MSG_TRUNC) != 0;
  if (m->header.msg_namelen >= sizeof(struct sockaddr_in)) {
    r.remote = tern_udp_from_sockaddr((const struct sockaddr *)m->header.msg_name);
  }
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&m->header); c != NULL; c = CMSG_NXTHDR(&m->header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
      r.ecn = (uint8_t)tern_udp__number(c, 0) & 3;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
      r.ecn = (uint8_t)tern_udp__number(c, 0) & 3;
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO && c->cmsg_len >= CMSG_LEN(sizeof(struct in_pktinfo))) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof(info));
      r.local = tern_udp_from_in(&info.ipi_spec_dst, local_port);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == TERN_UDP__PKTINFO6 &&
               c->cmsg_len >= CMSG_LEN(sizeof(tern_udp__in6_pktinfo))) {
      tern_udp__in6_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof(info));
      // A dual-stack socket tells the address of an IPv4 datagram twice; the IPv4 form is the better one.
      if (r.local.family != 4) r.local = tern_udp_from_in6(&info.address, info.interface, local_port);
    } else if (c->cmsg_level == TERN_UDP__SOL_UDP && c->cmsg_type == TERN_UDP__GRO) {
      int size = tern_udp__number(c, 0);
      if (size > 0 && (uint32_t)size < r.count) r.segment_size = (uint32_t)size;
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == TERN_UDP__RXQ_OVFL) {
      r.overflow = (uint32_t)tern_udp__number(c, 0);
      r.has_overflow = 1;
    }
  }
  return r;
}

static inline void tern_udp__add(tern_udp_message *m, int level, int type, const void *data, size_t count) {
  struct cmsghdr *c = (struct cmsghdr *)((unsigned char *)m->header.msg_control + m->header.msg_controllen);
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN(count);
  memcpy(CMSG_DATA(c), data, count);
  m->header.msg_controllen += CMSG_SPACE(count);
}
// `local.family` 0: the kernel chooses the source. `segment_size` 0: one datagram.
static inline void tern_udp_prepare_send(tern_udp_message *m, tern_udp_slot *s, int socket_is_ipv6, void *bytes, size_t count,
                                         tern_udp_address remote, tern_udp_address local, int ecn, uint16_t segment_size) {
  s->vector.iov_base = bytes;
  s->vector.iov_len = count;
  m->header.msg_name = &s->name;
  m->header.msg_namelen = tern_udp_to_sockaddr(remote, socket_is_ipv6, &s->name);
  m->header.msg_iov = &s->vector;
  m->header.msg_iovlen = 1;
  m->header.msg_control = &s->control;
  m->header.msg_controllen = 0;
  m->header.msg_flags = 0;
  m->length = 0;
  // For IPv4 these are the IPv4 messages on a dual-stack socket as well: the kernel hands such a datagram to UDP over IPv4.
  if (local.family == 4) {
    struct in_pktinfo info;
    memset(&info, 0, sizeof(info));
    tern_udp__store((uint8_t *)&info.ipi_spec_dst, local.high >> 32, 4);
    tern_udp__add(m, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
  } else if (local.family == 6) {
    tern_udp__in6_pktinfo info;
    memset(&info, 0, sizeof(info));
    tern_udp__bytes6(local, (uint8_t *)&info.address);
    info.interface = local.scope;
    tern_udp__add(m, IPPROTO_IPV6, TERN_UDP__PKTINFO6, &info, sizeof(info));
  }
  if (ecn != 0 && remote.family == 4) tern_udp__add(m, IPPROTO_IP, IP_TOS, &ecn, sizeof(ecn));
  if (ecn != 0 && remote.family == 6) tern_udp__add(m, IPPROTO_IPV6, IPV6_TCLASS, &ecn, sizeof(ecn));
  if (segment_size != 0) tern_udp__add(m, TERN_UDP__SOL_UDP, TERN_UDP__SEGMENT, &segment_size, sizeof(segment_size));
  if (m->header.msg_controllen == 0) m->header.msg_control = NULL;
}
// How many messages the kernel took, or -1 with errno when it took none.
static inline int tern_udp_send(int socket, tern_udp_message *messages, unsigned int count) {
  const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  if (count == 1) return sendmsg(socket, &messages->header, flags) < 0 ? -1 : 1;
  return tern_udp__sendmmsg(socket, messages, count, flags);
}

#endif
