// Does what its counts are known of, so many times in each of two threads: for scripts/counts selftest.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char from[1000], to[1000];

static void *work(void *argument) {
  long rounds = *(long *)argument;
  // A thread that hears no signal, as those of event loops: its calls are counted all the same.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  for (long i = 0; i < rounds; i++) {
    void *volatile memory = malloc(10);
    free(memory);
    memory = realloc(calloc(2, 5), 20);
    free(memory);
    memory = aligned_alloc(64, 64);
    free(memory);
    void *aligned = NULL;
    if (posix_memalign(&aligned, 64, 64) != 0) abort();
    free(aligned);
    memory = strdup("text");
    free(memory);
    // Sizes that the compiler does not know, so that it calls the functions; the smaller ones are no payload.
    volatile size_t large = sizeof(from), small = 500;
    memcpy(to, from, large);
    memmove(to, from, large);
    memcpy(to, from, small);
    syscall(SYS_getppid);
    // A futex that nobody waits for: FUTEX_WAKE.
    static int word;
    syscall(SYS_futex, &word, 1, 1, NULL, NULL, 0);
  }
  return NULL;
}

int main(int count, char **arguments) {
  long rounds = count > 1 ? atol(arguments[1]) : 0;
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) {
    if (pthread_create(&threads[i], NULL, work, &rounds) != 0) return 1;
  }
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  puts("{}");
  return 0;
}
