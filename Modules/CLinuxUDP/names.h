// Host names and interfaces.
#ifndef TERN_CLINUXUDP_NAMES_H
#define TERN_CLINUXUDP_NAMES_H

#include <ifaddrs.h>
#include <netdb.h>
#include <arpa/inet.h>
#include <net/if.h>

#include "address.h"

// 4, 6 or 0 for no literal.
static inline int tern_udp_parse(const char *text, uint16_t port, tern_udp_address *to) {
  struct in_addr in;
  struct in6_addr in6;
  if (inet_pton(AF_INET, text, &in) == 1) *to = tern_udp_from_in(&in, port);
  else if (inet_pton(AF_INET6, text, &in6) == 1) *to = tern_udp_from_in6(&in6, 0, port);
  else return 0;
  return to->family;
}
// Zero or a code of getaddrinfo.
static inline int tern_udp_resolve(const char *host, int family, struct addrinfo **result) {
  struct addrinfo hints;
  memset(&hints, 0, sizeof(hints));
  hints.ai_family = family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_protocol = IPPROTO_UDP;
  return getaddrinfo(host, NULL, &hints, result);
}
static inline int tern_udp_interface_is_up(const struct ifaddrs *entry) { return (entry->ifa_flags & IFF_UP) != 0; }
static inline int tern_udp_interface_is_loopback(const struct ifaddrs *entry) { return (entry->ifa_flags & IFF_LOOPBACK) != 0; }

#endif
