// The event loop: one socket, its connections, their timers. One thread, one turn after the other:
// read what has come, call who is due, write what any of that made ready, send it, sleep.
#ifndef REFERENCE_ENDPOINT_H
#define REFERENCE_ENDPOINT_H

#include <signal.h>

#include "connection.h"
#include "options.h"
#include "routes.h"
#include "socket.h"
#include "timers.h"
#include "tls.h"

struct endpoint {
  const struct options *options;
  const struct application *application;
  struct tls tls;
  int socket, poll;
  bool is_blocked;  // the socket took no more: nothing may be built that can't be sent
  bool is_done;
  volatile sig_atomic_t *is_stopped;  // a signal says so; NULL: none is awaited
  sigset_t awake;                     // what is blocked while it sleeps, then
  uint64_t now;    // when this turn began
  uint64_t alarm;  // when the application wants to be called; UINT64_MAX: never
  struct ring ring;
  struct batch batch;
  struct routes routes;
  struct timers timers;
  struct stream_pool streams;
  struct connection *touched, **touched_end;
  size_t connections;
  struct figures figures;
};

void endpoint_init(struct endpoint *endpoint, const struct options *options, const struct application *application);
// Runs until `is_done`.
void endpoint_run(struct endpoint *endpoint);
// Has the connection looked at before the turn ends.
void endpoint_touch(struct endpoint *endpoint, struct connection *connection);
// Sends all that was written. False: the socket is full.
bool endpoint_flush(struct endpoint *endpoint);
void endpoint_print_figures(const struct endpoint *endpoint);

#endif
