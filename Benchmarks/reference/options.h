// What the command line says. The flags are those of `tern peer`.
#ifndef REFERENCE_OPTIONS_H
#define REFERENCE_OPTIONS_H

#include <ngtcp2/ngtcp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum mode { MODE_DOWN, MODE_UP, MODE_BOTH, MODE_PING, MODE_RATE, MODE_HS, MODE_IDLE };

struct options {
  bool is_server;
  struct sockaddr_storage address;
  socklen_t address_length;
  const char *protocols;  // separated by commas
  const char *cipher;     // GnuTLS's names of what is offered
  ngtcp2_cc_algo congestion_control;
  uint64_t idle_timeout;  // nanoseconds
  size_t max_udp;
  bool prints_figures;

  // A server's.
  const char *certificate, *key;
  uint64_t seconds;  // 0: for ever
  bool is_quiet;

  // A client's.
  enum mode mode;
  const char *mode_name, *authorities, *server_name;
  bool is_insecure, resumes;
  uint64_t bytes, streams, connections, rounds, count, concurrency, datagrams;
  uint64_t hold, timeout;  // nanoseconds

  // What can be tried; the defaults are the best that was found.
  size_t slots;            // buffers that one call of recvmmsg may fill
  size_t reads;            // calls of recvmmsg before it is written
  size_t bursts;           // segmented sends of one connection before others, and reading, have their turn
  size_t turn;             // packets of one stream before the next one's
  size_t gather;           // bytes that are gathered for one call of sendmmsg
  size_t acknowledgement_threshold;
  size_t window;           // of the connection and of each stream
  size_t largest_window;   // what the connection's grows to by itself
  size_t connection_ids;   // of the peer's that are kept
  size_t socket_buffer;
  bool hesitates;          // asks the socket for more before it sleeps
};

// Reads the command line, or ends the program with what is wrong.
void options_read(struct options *options, int count, char **arguments);

#endif
