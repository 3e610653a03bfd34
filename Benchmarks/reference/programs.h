// The two roles.
#ifndef REFERENCE_PROGRAMS_H
#define REFERENCE_PROGRAMS_H

#include "options.h"

int run_server(const struct options *options);
int run_client(const struct options *options);

#endif
