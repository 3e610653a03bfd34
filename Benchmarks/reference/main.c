// What the libraries and the kernel allow: QUIC over ngtcp2 and GnuTLS with one thread and no Swift. Tern is measured
// against it: the same flags, the same work, the same buffers.
#include "programs.h"

int main(int count, char **arguments) {
  static struct options options;
  options_read(&options, count, arguments);
  return options.is_server ? run_server(&options) : run_client(&options);
}
