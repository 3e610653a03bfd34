// What Swift's own Glibc module leaves out of Linux: UDP with control messages, epoll, threads. Header only.
//
// The feature macro that would reveal more must not be defined here: it changes the layout that
// the compiler has already seen of types such as fd_set, and the two modules then refuse to merge.
#ifndef TERN_CLINUXUDP_SHIM_H
#define TERN_CLINUXUDP_SHIM_H

#include <errno.h>
#include <string.h>
#include <time.h>

#include "address.h"
#include "messages.h"
#include "options.h"
#include "loop.h"
#include "names.h"
#include "multicast.h"

#endif
