// Which connection has which connection ID.
#ifndef REFERENCE_ROUTES_H
#define REFERENCE_ROUTES_H

#include <stddef.h>
#include <stdint.h>

struct connection;

struct route {
  struct connection *connection;  // NULL: free
  uint8_t length;
  uint8_t bytes[20];
};

// A hash table with open addressing. The IDs are random, ours and, where they matter, the client's: their first bytes are
// the hash. A program that faces attackers would mix a secret in.
struct routes {
  struct route *slots;
  size_t capacity, count;  // the capacity is a power of two
};

void routes_init(struct routes *routes);
void routes_free(struct routes *routes);
struct connection *routes_find(const struct routes *routes, const uint8_t *id, size_t length);
void routes_add(struct routes *routes, const uint8_t *id, size_t length, struct connection *connection);
void routes_remove(struct routes *routes, const uint8_t *id, size_t length);

#endif
