// Sockets that hear a group of hosts on one link.
#ifndef TERN_CLINUXUDP_MULTICAST_H
#define TERN_CLINUXUDP_MULTICAST_H

#include "options.h"

// Bound to the group, so that nothing comes in that was sent to this host alone. Several sockets and processes may share
// the port. The kernel's default would also bring in what other sockets joined (IP_MULTICAST_ALL).
static inline int tern_multicast_open(tern_udp_address group, uint32_t interface) {
  enum { MULTICAST_ALL_6 = 29 };
  int is_ipv6 = group.family == 6, one = 1, none = 0, hops = 255, index = (int)interface, failed;
  int descriptor = tern_udp_open(is_ipv6);
  if (descriptor < 0) return -1;
  struct sockaddr_storage name;
  socklen_t length = tern_udp_to_sockaddr(group, is_ipv6, &name);
  failed = setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
           setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0;
  if (is_ipv6) {
    struct ipv6_mreq membership;
    memset(&membership, 0, sizeof(membership));
    tern_udp__bytes6(group, (uint8_t *)&membership.ipv6mr_multiaddr);
    membership.ipv6mr_interface = interface;
    setsockopt(descriptor, IPPROTO_IPV6, MULTICAST_ALL_6, &none, sizeof(none));  // Linux 4.20
    failed = failed || setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) != 0 ||
             setsockopt(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index)) != 0 ||
             setsockopt(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) != 0 ||
             setsockopt(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &one, sizeof(one)) != 0 ||
             setsockopt(descriptor, IPPROTO_IPV6, IPV6_JOIN_GROUP, &membership, sizeof(membership)) != 0;
  } else {
    struct ip_mreqn membership;
    memset(&membership, 0, sizeof(membership));
    memcpy(&membership.imr_multiaddr, &((struct sockaddr_in *)&name)->sin_addr, sizeof(struct in_addr));
    membership.imr_ifindex = index;
    setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_ALL, &none, sizeof(none));
    failed = failed || setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_IF, &membership, sizeof(membership)) != 0 ||
             setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof(hops)) != 0 ||
             setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_LOOP, &one, sizeof(one)) != 0 ||
             setsockopt(descriptor, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof(membership)) != 0;
  }
  if (!failed && bind(descriptor, (struct sockaddr *)&name, length) == 0) return descriptor;
  int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}
static inline ssize_t tern_udp_send_to(int socket, const void *bytes, size_t count, tern_udp_address to, int is_ipv6) {
  struct sockaddr_storage name;
  socklen_t length = tern_udp_to_sockaddr(to, is_ipv6, &name);
  return sendto(socket, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&name, length);
}
static inline ssize_t tern_udp_receive_from(int socket, void *bytes, size_t capacity, tern_udp_address *from) {
  struct sockaddr_storage name;
  socklen_t length = sizeof(name);
  memset(&name, 0, sizeof(name));
  ssize_t count = recvfrom(socket, bytes, capacity, MSG_DONTWAIT, (struct sockaddr *)&name, &length);
  if (count >= 0) *from = tern_udp_from_sockaddr((struct sockaddr *)&name);
  return count;
}
static inline int tern_udp_interface_is_multicast(const struct ifaddrs *entry) { return (entry->ifa_flags & IFF_MULTICAST) != 0; }

#endif
