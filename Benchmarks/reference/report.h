// What the program says: one JSON object on standard output, everything else on standard error.
#ifndef REFERENCE_REPORT_H
#define REFERENCE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

// Ends the program with a message that says what to do. A client says it in its JSON object as well.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
// As `fail`, with the reason that errno gives.
_Noreturn void fail_errno(const char *what);

// From here on `fail` prints a JSON object, as a client must.
void report_begin(const char *mode);
void report_text(const char *name, const char *value);
void report_whole(const char *name, uint64_t value);
void report_fraction(const char *name, double value, int digits);
void report_truth(const char *name, bool value);
// Prints what was added.
void report_end(void);

#endif
