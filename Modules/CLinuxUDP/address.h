// One address type for both families, and its way to and from the kernel's.
#ifndef TERN_CLINUXUDP_ADDRESS_H
#define TERN_CLINUXUDP_ADDRESS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>

typedef struct {
  uint64_t high, low;  // network order read as numbers; IPv4 in the upper half of high
  uint32_t scope;
  uint16_t port;
  uint8_t family;  // 4 or 6; 0: none
} tern_udp_address;

static inline uint64_t tern_udp__load(const uint8_t *bytes, int count) {
  uint64_t word = 0;
  for (int i = 0; i < count; i++) word = word << 8 | bytes[i];
  return word;
}
static inline void tern_udp__store(uint8_t *to, uint64_t word, int count) {
  for (int i = count - 1; i >= 0; i--, word >>= 8) to[i] = (uint8_t)word;
}

static inline tern_udp_address tern_udp_from_in(const struct in_addr *address, uint16_t port) {
  tern_udp_address a = {0};
  a.family = 4;
  a.high = tern_udp__load((const uint8_t *)address, 4) << 32;
  a.port = port;
  return a;
}
// RFC 4291 §2.5.5.2: an IPv4 peer of an IPv6 socket appears as ::ffff:a.b.c.d, and is IPv4 to us.
static inline tern_udp_address tern_udp_from_in6(const struct in6_addr *address, uint32_t scope, uint16_t port) {
  tern_udp_address a = {0};
  const uint8_t *bytes = (const uint8_t *)address;
  a.family = 6;
  a.high = tern_udp__load(bytes, 8);
  a.low = tern_udp__load(bytes + 8, 8);
  a.port = port;
  if (a.high == 0 && a.low >> 32 == 0xffff) {
    a.family = 4;
    a.high = a.low << 32;
    a.low = 0;
    return a;
  }
  a.scope = a.high >> 54 == 0x3fa ? scope : 0;  // only fe80::/10 needs to say which interface
  return a;
}
static inline tern_udp_address tern_udp_from_sockaddr(const struct sockaddr *address) {
  tern_udp_address none = {0};
  if (address == NULL) return none;
  if (address->sa_family == AF_INET) {
    struct sockaddr_in in;
    memcpy(&in, address, sizeof(in));
    return tern_udp_from_in(&in.sin_addr, ntohs(in.sin_port));
  }
  if (address->sa_family == AF_INET6) {
    struct sockaddr_in6 in6;
    memcpy(&in6, address, sizeof(in6));
    return tern_udp_from_in6(&in6.sin6_addr, in6.sin6_scope_id, ntohs(in6.sin6_port));
  }
  return none;
}

static inline void tern_udp__bytes6(tern_udp_address a, uint8_t to[16]) {
  if (a.family == 4) {
    memset(to, 0, 10);
    to[10] = to[11] = 0xff;
    tern_udp__store(to + 12, a.high >> 32, 4);
    return;
  }
  tern_udp__store(to, a.high, 8);
  tern_udp__store(to + 8, a.low, 8);
}
// `mapped`: for an IPv6 socket, to which IPv4 addresses are given in their mapped form.
static inline socklen_t tern_udp_to_sockaddr(tern_udp_address a, int mapped, struct sockaddr_storage *to) {
  if (a.family == 4 && !mapped) {
    struct sockaddr_in in;
    memset(&in, 0, sizeof(in));
    in.sin_family = AF_INET;
    in.sin_port = htons(a.port);
    tern_udp__store((uint8_t *)&in.sin_addr, a.high >> 32, 4);
    memcpy(to, &in, sizeof(in));
    return sizeof(in);
  }
  struct sockaddr_in6 in6;
  memset(&in6, 0, sizeof(in6));
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(a.port);
  in6.sin6_scope_id = a.family == 6 ? a.scope : 0;
  tern_udp__bytes6(a, (uint8_t *)&in6.sin6_addr);
  memcpy(to, &in6, sizeof(in6));
  return sizeof(in6);
}

#endif
