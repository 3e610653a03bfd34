#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *mode_name;
static char members[2048];
static size_t used;

// Cuts off what does not fit: the names and values are the program's own and short.
static void add(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void add(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int count = vsnprintf(members + used, sizeof(members) - used, format, arguments);
  va_end(arguments);
  if (count > 0 && (size_t)count < sizeof(members) - used) used += (size_t)count;
}

static void print_object(bool is_ok, const char *error) {
  printf("{\"stack\": \"reference\", \"mode\": \"%s\", \"ok\": %s%s", mode_name, is_ok ? "true" : "false",
         is_ok ? members : "");
  if (error) {
    printf(", \"error\": \"");
    for (; *error; ++error) {
      if ((unsigned char)*error < 0x20) continue;
      if (*error == '"' || *error == '\\') putchar('\\');
      putchar(*error);
    }
    putchar('"');
  }
  puts("}");
  fflush(stdout);
}

void fail(const char *format, ...) {
  char message[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof(message), format, arguments);
  va_end(arguments);
  if (mode_name) print_object(false, message);
  fprintf(stderr, "error: %s\n", message);
  exit(1);
}

void fail_errno(const char *what) { fail("%s: %s", what, strerror(errno)); }

void report_begin(const char *mode) { mode_name = mode; }
void report_text(const char *name, const char *value) { add(", \"%s\": \"%s\"", name, value); }
void report_whole(const char *name, uint64_t value) { add(", \"%s\": %llu", name, (unsigned long long)value); }
void report_fraction(const char *name, double value, int digits) { add(", \"%s\": %.*f", name, digits, value); }
void report_truth(const char *name, bool value) { add(", \"%s\": %s", name, value ? "true" : "false"); }
void report_end(void) { print_object(true, NULL); }
