// Opening a UDP socket and setting it up.
#ifndef TERN_CLINUXUDP_OPTIONS_H
#define TERN_CLINUXUDP_OPTIONS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <netinet/ip.h>

#include "messages.h"

typedef enum {
  TERN_UDP_REUSE_PORT,
  TERN_UDP_IPV6_ONLY,
  TERN_UDP_MTU_PROBING_4,
  TERN_UDP_MTU_PROBING_6,
  TERN_UDP_PACKET_INFO_4,
  TERN_UDP_PACKET_INFO_6,
  TERN_UDP_RECEIVE_ECN_4,
  TERN_UDP_RECEIVE_ECN_6,
  TERN_UDP_RECEIVE_OFFLOAD,
  TERN_UDP_SEGMENTATION,
  TERN_UDP_OVERFLOW_COUNTER,
  TERN_UDP_REPORT_ERRORS_4,
  TERN_UDP_REPORT_ERRORS_6,
  TERN_UDP_RECEIVE_BUFFER,
  TERN_UDP_RECEIVE_BUFFER_BY_FORCE,
  TERN_UDP_SEND_BUFFER,
  TERN_UDP_SEND_BUFFER_BY_FORCE,
  TERN_UDP_SOCKET_TYPE,
  TERN_UDP_SOCKET_PROTOCOL,
  TERN_UDP_SOCKET_DOMAIN,
} tern_udp_option;

static inline void tern_udp__locate(tern_udp_option option, int *level, int *name) {
  *level = SOL_SOCKET;
  switch (option) {
    case TERN_UDP_REUSE_PORT: *name = SO_REUSEPORT; return;
    case TERN_UDP_IPV6_ONLY: *level = IPPROTO_IPV6; *name = IPV6_V6ONLY; return;
    case TERN_UDP_MTU_PROBING_4: *level = IPPROTO_IP; *name = IP_MTU_DISCOVER; return;
    case TERN_UDP_MTU_PROBING_6: *level = IPPROTO_IPV6; *name = IPV6_MTU_DISCOVER; return;
    case TERN_UDP_PACKET_INFO_4: *level = IPPROTO_IP; *name = IP_PKTINFO; return;
    case TERN_UDP_PACKET_INFO_6: *level = IPPROTO_IPV6; *name = TERN_UDP__RECVPKTINFO6; return;
    case TERN_UDP_RECEIVE_ECN_4: *level = IPPROTO_IP; *name = IP_RECVTOS; return;
    case TERN_UDP_RECEIVE_ECN_6: *level = IPPROTO_IPV6; *name = IPV6_RECVTCLASS; return;
    case TERN_UDP_RECEIVE_OFFLOAD: *level = TERN_UDP__SOL_UDP; *name = TERN_UDP__GRO; return;
    case TERN_UDP_SEGMENTATION: *level = TERN_UDP__SOL_UDP; *name = TERN_UDP__SEGMENT; return;
    case TERN_UDP_OVERFLOW_COUNTER: *name = TERN_UDP__RXQ_OVFL; return;
    case TERN_UDP_REPORT_ERRORS_4: *level = IPPROTO_IP; *name = IP_RECVERR; return;
    case TERN_UDP_REPORT_ERRORS_6: *level = IPPROTO_IPV6; *name = IPV6_RECVERR; return;
    case TERN_UDP_RECEIVE_BUFFER: *name = SO_RCVBUF; return;
    case TERN_UDP_RECEIVE_BUFFER_BY_FORCE: *name = 33; return;  // SO_RCVBUFFORCE
    case TERN_UDP_SEND_BUFFER: *name = SO_SNDBUF; return;
    case TERN_UDP_SEND_BUFFER_BY_FORCE: *name = 32; return;  // SO_SNDBUFFORCE
    case TERN_UDP_SOCKET_TYPE: *name = SO_TYPE; return;
    case TERN_UDP_SOCKET_PROTOCOL: *name = SO_PROTOCOL; return;
    case TERN_UDP_SOCKET_DOMAIN: *name = SO_DOMAIN; return;
  }
  *name = -1;
}
static inline int tern_udp_set(int socket, tern_udp_option option, int value) {
  int level, name;
  tern_udp__locate(option, &level, &name);
  return setsockopt(socket, level, name, &value, sizeof(value));
}
// The value, or -1 with errno.
static inline int tern_udp_value(int socket, tern_udp_option option) {
  int level, name, value = 0;
  socklen_t length = sizeof(value);
  tern_udp__locate(option, &level, &name);
  return getsockopt(socket, level, name, &value, &length) == 0 ? value : -1;
}
static const int32_t tern_udp_probing_only = 3;  // IP_PMTUDISC_PROBE and IPV6_PMTUDISC_PROBE

static inline int tern_udp_open(int is_ipv6) {
  return socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
}
// 1: an IPv6 socket of UDP, 0: an IPv4 one, -1 with errno: something else.
static inline int tern_udp_is_ipv6(int socket) {
  int domain = tern_udp_value(socket, TERN_UDP_SOCKET_DOMAIN);
  if (domain < 0) return -1;
  int is_udp = (domain == AF_INET || domain == AF_INET6) && tern_udp_value(socket, TERN_UDP_SOCKET_TYPE) == SOCK_DGRAM &&
               tern_udp_value(socket, TERN_UDP_SOCKET_PROTOCOL) == IPPROTO_UDP;
  if (is_udp) return domain == AF_INET6;
  errno = ENOTSOCK;
  return -1;
}
static inline int tern_udp_make_nonblocking(int descriptor) {
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) return -1;
  flags = fcntl(descriptor, F_GETFD);
  return flags < 0 ? -1 : fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC);
}
static inline int tern_udp_bind(int socket, tern_udp_address address, int is_ipv6) {
  struct sockaddr_storage storage;
  socklen_t length = tern_udp_to_sockaddr(address, is_ipv6, &storage);
  return bind(socket, (struct sockaddr *)&storage, length);
}
static inline int tern_udp_connect(int socket, tern_udp_address address, int is_ipv6) {
  struct sockaddr_storage storage;
  socklen_t length = tern_udp_to_sockaddr(address, is_ipv6, &storage);
  return connect(socket, (struct sockaddr *)&storage, length);
}
// Connects to a TCP port: the descriptor, which does not block, or the error below zero; ETIMEDOUT where nobody answers.
// Blocks for that long at most.
static inline int tern_tcp_connect(tern_udp_address address, int milliseconds) {
  struct sockaddr_storage storage;
  int is_ipv6 = address.family == 6, result = 0;
  socklen_t length = tern_udp_to_sockaddr(address, is_ipv6, &storage);
  int descriptor = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
  if (descriptor < 0) return -errno;
  if (connect(descriptor, (struct sockaddr *)&storage, length) != 0) result = errno;
  if (result == EINPROGRESS) {
    struct pollfd waiting = {descriptor, POLLOUT, 0};
    socklen_t size = sizeof(result);
    if (poll(&waiting, 1, milliseconds) <= 0) result = ETIMEDOUT;
    else if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &result, &size) != 0) result = errno;
  }
  if (result == 0) return descriptor;
  close(descriptor);
  return -result;
}
static inline int tern_udp_local_address(int socket, tern_udp_address *to) {
  struct sockaddr_storage storage;
  socklen_t length = sizeof(storage);
  memset(&storage, 0, sizeof(storage));
  if (getsockname(socket, (struct sockaddr *)&storage, &length) != 0) return -1;
  *to = tern_udp_from_sockaddr((struct sockaddr *)&storage);
  return 0;
}

// Classic BPF over the UDP payload: the socket of a datagram is a byte of its Destination Connection ID, modulo `count`.
// A load beyond the datagram ends the program with 0, the first socket.
static inline int tern_udp_steer(int socket, uint32_t byte_offset, uint32_t count) {
  struct { uint16_t code; uint8_t if_true, if_false; uint32_t k; } program[] = {
    {0x30, 0, 0, 0},                // load byte 0
    {0x45, 0, 2, 0x80},             // long header (RFC 8999 §5.1)?
    {0x30, 0, 0, 6 + byte_offset},  //   after flags, version and length
    {0x05, 0, 0, 1},                //   skip one
    {0x30, 0, 0, 1 + byte_offset},  // short header: after the flags
    {0x94, 0, 0, count},            // modulo
    {0x16, 0, 0, 0},                // return it
  };
  struct { unsigned short length; void *filter; } attachment = {7, program};
  return setsockopt(socket, SOL_SOCKET, 51, &attachment, sizeof(attachment));  // SO_ATTACH_REUSEPORT_CBPF
}

#endif
