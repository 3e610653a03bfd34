#include "options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

static const char help[] =
    "Usage: reference server [OPTIONS]\n"
    "       reference client [OPTIONS]\n"
    "\n"
    "One thread over ngtcp2, GnuTLS and UDP with offload: what Tern is measured against. The flags are those of\n"
    "tern peer. ALPN perf: a stream of eight bytes, a length, is answered by that many bytes. ALPN echo: bidirectional\n"
    "streams come back on themselves.\n"
    "\n"
    "both      --addr HOST:PORT   127.0.0.1:4433 unless given; HOST is an address\n"
    "          --alpn A,B         server: echo,perf; client: what the mode needs\n"
    "          --cipher NAME      aes128, aes256 or chacha20\n"
    "          --cc NAME          cubic, bbr or reno\n"
    "          --idle S           idle timeout, 60\n"
    "          --max-udp N        the largest datagram that is sent, and probed for: 1452\n"
    "          --figures          counts of calls and packets on standard error at the end\n"
    "\n"
    "server    --cert FILE --key FILE    certs/leaf.pem and certs/leaf.key unless given\n"
    "          --seconds N        end after so long\n"
    "          --quiet            print nothing\n"
    "\n"
    "client    --mode MODE        down, up, both, ping, dgrams, hs, idle\n"
    "          --ca FILE          certs/ca.pem; or --insecure, which checks nothing\n"
    "          --sni NAME         the name that the certificate must have: localhost\n"
    "          --bytes N --streams N --rounds N --dgrams N --count N --conc N --hold S\n"
    "          --conns N          down, up, both: so many connections share the bytes\n"
    "          --resumed          hs: with tickets\n"
    "          --timeout S        30\n"
    "\n"
    "to try    --slots N --reads N --bursts N --turn N --gather N --ack N --window N --largest-window N --ids N --buffer N\n"
    "          --hesitate: see options.h\n"
    "\n"
    "The client prints one JSON object with \"ok\" and ends with 0 where that is true.\n"
    "Example: reference client --addr 127.0.0.1:4433 --ca ca.pem --mode down --bytes 1000000000\n";

static _Noreturn void complain(const char *flag, const char *value) {
  fprintf(stderr, "error: %s %s is not understood. See reference --help.\n", flag, value ? value : "");
  exit(2);
}

static uint64_t number(const char *flag, const char *text) {
  char *end;
  errno = 0;
  unsigned long long value = text && *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : (end = NULL, 0);
  if (!end || *end || errno || value > (1ULL << 60)) complain(flag, text);
  return value;
}

// At least 1: what is divided by, or allocated, must not be nothing.
static uint64_t positive(const char *flag, const char *text) {
  uint64_t value = number(flag, text);
  if (value == 0) complain(flag, text);
  return value;
}

static uint64_t duration(const char *flag, const char *text) {
  char *end = NULL;
  double value = text ? strtod(text, &end) : -1;
  if (!end || *end || !(value >= 0 && value < 1e9)) complain(flag, text);
  return (uint64_t)(value * 1e9);
}

static bool read_port(const char *text, in_port_t *port) {
  char *end;
  unsigned long value = strtoul(text, &end, 10);
  if (end == text || *end || value > 65535) return false;
  *port = htons((in_port_t)value);
  return true;
}

static void read_address(struct options *options, const char *flag, const char *text) {
  char host[64];
  const char *colon = text ? strrchr(text, ':') : NULL;
  if (!colon || (size_t)(colon - text) >= sizeof(host)) complain(flag, text);
  memcpy(host, text, (size_t)(colon - text));
  host[colon - text] = 0;
  struct sockaddr_in *v4 = (struct sockaddr_in *)&options->address;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&options->address;
  size_t length = strlen(host);
  memset(&options->address, 0, sizeof(options->address));
  if (inet_pton(AF_INET, host, &v4->sin_addr) == 1 && read_port(colon + 1, &v4->sin_port)) {
    v4->sin_family = AF_INET;
    options->address_length = sizeof(*v4);
    return;
  }
  if (length < 2 || host[0] != '[' || host[length - 1] != ']') complain(flag, text);
  host[length - 1] = 0;
  if (inet_pton(AF_INET6, host + 1, &v6->sin6_addr) != 1 || !read_port(colon + 1, &v6->sin6_port)) complain(flag, text);
  v6->sin6_family = AF_INET6;
  options->address_length = sizeof(*v6);
}

// The index of `text` among `names`, which end with NULL.
static int choice(const char *flag, const char *text, const char *const *names) {
  for (int i = 0; text && names[i]; ++i)
    if (strcmp(text, names[i]) == 0) return i;
  complain(flag, text);
}

static void set_defaults(struct options *o, bool is_server) {
  memset(o, 0, sizeof(*o));
  o->is_server = is_server;
  read_address(o, "--addr", "127.0.0.1:4433");
  o->cipher = "+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305";
  o->congestion_control = NGTCP2_CC_ALGO_CUBIC;
  o->idle_timeout = 60 * NANOSECONDS;
  o->max_udp = 1452;
  o->certificate = "certs/leaf.pem";
  o->key = "certs/leaf.key";
  o->mode_name = "down";
  o->authorities = "certs/ca.pem";
  o->server_name = "localhost";
  o->bytes = 1 << 20;
  o->streams = o->connections = o->concurrency = 1;
  o->rounds = 2000;
  o->datagrams = 100000;
  o->count = 100;
  o->hold = 5 * NANOSECONDS;
  o->timeout = 30 * NANOSECONDS;
  o->slots = 4;
  o->reads = 1;
  o->bursts = 4;
  o->turn = SIZE_MAX;
  o->gather = 65536;
  o->acknowledgement_threshold = 2;
  o->window = 6 << 20;
  o->largest_window = 6 << 20;
  o->connection_ids = 8;
  o->socket_buffer = 4 << 20;
}

static bool read_flag(struct options *o, const char *flag) {
  if (strcmp(flag, "--quiet") == 0) return o->is_quiet = true;
  if (strcmp(flag, "--insecure") == 0) return o->is_insecure = true;
  if (strcmp(flag, "--resumed") == 0) return o->resumes = true;
  if (strcmp(flag, "--figures") == 0) return o->prints_figures = true;
  if (strcmp(flag, "--hesitate") == 0) return o->hesitates = true;
  return false;
}

static void read_cipher(struct options *o, const char *flag, const char *value) {
  static const char *const names[] = {"aes128", "aes256", "chacha20", NULL};
  static const char *const ciphers[] = {"+AES-128-GCM", "+AES-256-GCM", "+CHACHA20-POLY1305"};
  o->cipher = ciphers[choice(flag, value, names)];
}

static void read_congestion_control(struct options *o, const char *flag, const char *value) {
  static const char *const names[] = {"cubic", "bbr", "reno", NULL};
  static const ngtcp2_cc_algo algorithms[] = {NGTCP2_CC_ALGO_CUBIC, NGTCP2_CC_ALGO_BBR, NGTCP2_CC_ALGO_RENO};
  o->congestion_control = algorithms[choice(flag, value, names)];
}

static void read_mode(struct options *o, const char *flag, const char *value) {
  static const char *const names[] = {"down", "up", "both", "ping", "dgrams", "hs", "idle", NULL};
  o->mode = (enum mode)choice(flag, value, names);
  o->mode_name = value;
}

static void read_text(const char **field, const char *flag, const char *value) {
  if (!value) complain(flag, value);
  *field = value;
}

static void read_option(struct options *o, const char *flag, const char *value) {
  const struct {
    const char *name;
    const char **text;
  } texts[] = {{"--alpn", &o->protocols}, {"--cert", &o->certificate}, {"--key", &o->key},
               {"--ca", &o->authorities}, {"--sni", &o->server_name}};
  const struct {
    const char *name;
    uint64_t *number;
  } numbers[] = {{"--streams", &o->streams}, {"--conns", &o->connections},
                 {"--rounds", &o->rounds}, {"--dgrams", &o->datagrams}, {"--count", &o->count}, {"--conc", &o->concurrency}};
  const struct {
    const char *name;
    size_t *size;
  } sizes[] = {{"--slots", &o->slots}, {"--reads", &o->reads}, {"--bursts", &o->bursts},
               {"--turn", &o->turn}, {"--gather", &o->gather},
               {"--ack", &o->acknowledgement_threshold}, {"--window", &o->window}, {"--largest-window", &o->largest_window},
               {"--ids", &o->connection_ids}, {"--buffer", &o->socket_buffer}, {"--max-udp", &o->max_udp}};
  const struct {
    const char *name;
    uint64_t *duration;
  } durations[] = {{"--idle", &o->idle_timeout}, {"--seconds", &o->seconds}, {"--hold", &o->hold}, {"--timeout", &o->timeout}};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
  for (size_t i = 0; i < COUNT(texts); ++i)
    if (strcmp(flag, texts[i].name) == 0) return read_text(texts[i].text, flag, value);
  for (size_t i = 0; i < COUNT(numbers); ++i)
    if (strcmp(flag, numbers[i].name) == 0) return (void)(*numbers[i].number = positive(flag, value));
  for (size_t i = 0; i < COUNT(sizes); ++i)
    if (strcmp(flag, sizes[i].name) == 0) return (void)(*sizes[i].size = positive(flag, value));
  for (size_t i = 0; i < COUNT(durations); ++i)
    if (strcmp(flag, durations[i].name) == 0) return (void)(*durations[i].duration = duration(flag, value));
  if (strcmp(flag, "--addr") == 0) return read_address(o, flag, value);
  if (strcmp(flag, "--bytes") == 0) return (void)(o->bytes = number(flag, value));
  if (strcmp(flag, "--cipher") == 0) return read_cipher(o, flag, value);
  if (strcmp(flag, "--cc") == 0) return read_congestion_control(o, flag, value);
  if (strcmp(flag, "--mode") == 0) return read_mode(o, flag, value);
  complain(flag, "");
}

static void check(const struct options *o) {
  if (o->max_udp < 1200 || o->max_udp > 65507) complain("--max-udp", "outside 1200 to 65507");
  if (o->connection_ids < 2 || o->connection_ids > 8) complain("--ids", "outside 2 to 8");
  if (o->slots > 1024) complain("--slots", "above 1024");
  if (o->idle_timeout == 0) complain("--idle", "0");
}

void options_read(struct options *options, int count, char **arguments) {
  for (int i = 1; i < count; ++i) {
    if (strcmp(arguments[i], "--help") != 0 && strcmp(arguments[i], "-h") != 0) continue;
    fputs(help, stdout);
    exit(0);
  }
  static const char *const roles[] = {"server", "client", NULL};
  set_defaults(options, choice("the role", count > 1 ? arguments[1] : "", roles) == 0);
  for (int i = 2; i < count; ++i) {
    if (read_flag(options, arguments[i])) continue;
    read_option(options, arguments[i], i + 1 < count ? arguments[i + 1] : NULL);
    ++i;
  }
  check(options);
  // What does nothing must not be given up meanwhile.
  if (options->mode == MODE_IDLE && options->idle_timeout < 600 * NANOSECONDS) options->idle_timeout = 600 * NANOSECONDS;
  if (!options->protocols) {
    bool echoes = options->mode != MODE_DOWN && options->mode != MODE_UP && options->mode != MODE_BOTH;
    options->protocols = options->is_server ? "echo,perf" : echoes ? "echo" : "perf";
  }
}
