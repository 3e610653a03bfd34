// One face over ngtcp2 0.12.1 … 1.25 and its GnuTLS helper, header only.
//
// The rule: Swift never touches a struct whose fields differ between versions (settings, transport
// parameters, call-backs, packet info, close error, connection info). It sees the `tern_` types, and
// every function here takes the connection's `tern_context`, which clamps time and guards the path.
#ifndef TERN_CNGTCP2_SHIM_H
#define TERN_CNGTCP2_SHIM_H

#include "versions.h"
#include "aes.h"
#include "types.h"
#include "frames.h"
#include "callbacks.h"
#include "settings.h"
#include "connection.h"
#include "closing.h"
#include "packets.h"
#include "tls.h"
#include "clock.h"
#include "keys.h"

#endif
