// System calls of every thread, by number.
//
// Preloaded wrappers of the C library's functions would miss what it calls inside itself: the futexes of its mutexes,
// conditions and semaphores. A tracer would see all, but many containers forbid it, and it slows each call down so much
// that batches change. A seccomp filter needs no right: it turns each call into a signal to the thread that makes it,
// and the handler counts and makes the call. That costs about a microsecond a call.
#define _GNU_SOURCE
#include "counts.h"

#include <errno.h>

int calls_uncounted_because = ENOSYS;

#if defined(__x86_64__)

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

// The one place that may make a call without being counted; the filter knows it by the address behind it.
long tern_counts_call(long number, long a, long b, long c, long d, long e, long f);
extern const char tern_counts_after_call[];
__asm__(
    ".text\n"
    ".hidden tern_counts_call\n"
    ".hidden tern_counts_after_call\n"
    ".globl tern_counts_call\n"
    ".globl tern_counts_after_call\n"
    "tern_counts_call:\n"
    "  mov %rdi, %rax\n"
    "  mov %rsi, %rdi\n"
    "  mov %rdx, %rsi\n"
    "  mov %rcx, %rdx\n"
    "  mov %r8, %r10\n"
    "  mov %r9, %r8\n"
    "  mov 8(%rsp), %r9\n"
    "  syscall\n"
    "tern_counts_after_call:\n"
    "  ret\n");

static const uint64_t own_signal = 1ULL << (SIGSYS - 1);

// The mask of the interrupted code is what sigreturn restores. It must never hold SIGSYS, whatever is asked for: a call
// made while that is blocked would end the process, and pthread_create blocks all signals.
static long change_mask(uint64_t *mask, int how, const uint64_t *change, uint64_t *before) {
  uint64_t old = *mask;
  if (change != NULL) {
    switch (how) {
      case SIG_BLOCK: *mask = old | *change; break;
      case SIG_UNBLOCK: *mask = old & ~*change; break;
      case SIG_SETMASK: *mask = *change; break;
      default: return -EINVAL;
    }
    *mask &= ~own_signal;
  }
  if (before != NULL) *before = old;
  return 0;
}

static void on_call(int signal, siginfo_t *info, void *state) {
  (void)signal;
  ucontext_t *context = state;
  greg_t *registers = context->uc_mcontext.gregs;
  long number = info->si_syscall;
  if (number >= 0 && number < SYSTEM_CALLS) row_of_thread()->calls[number]++;
  if (number == SYS_rt_sigprocmask) {
    registers[REG_RAX] = change_mask(
        (uint64_t *)&context->uc_sigmask, (int)registers[REG_RDI], (const uint64_t *)registers[REG_RSI],
        (uint64_t *)registers[REG_RDX]);
    return;
  }
  registers[REG_RAX] = tern_counts_call(
      number, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX], registers[REG_R10], registers[REG_R8],
      registers[REG_R9]);
}

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define LOAD_UPPER(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member) + 4)
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)
// A call that cannot be made from a handler: it comes back on another stack, or not at all.
#define LET_PASS(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), RETURN(SECCOMP_RET_ALLOW)

__attribute__((constructor(102))) static void count_calls(void) {
  uint64_t behind = (uint64_t)tern_counts_after_call;
  struct sock_filter program[] = {
      LOAD(arch),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
      RETURN(SECCOMP_RET_ALLOW),
      LOAD(nr),
      LET_PASS(SYS_rt_sigreturn),
      LET_PASS(SYS_clone),
      LET_PASS(SYS_clone3),
      LET_PASS(SYS_fork),
      LET_PASS(SYS_vfork),
      LET_PASS(SYS_exit),
      LET_PASS(SYS_exit_group),
      LOAD(instruction_pointer),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)behind, 0, 3),
      LOAD_UPPER(instruction_pointer),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(behind >> 32), 0, 1),
      RETURN(SECCOMP_RET_ALLOW),
      RETURN(SECCOMP_RET_TRAP),
  };
  struct sock_fprog filter = {sizeof(program) / sizeof(program[0]), program};
  struct sigaction action = {.sa_sigaction = on_call, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};
  if (sigaction(SIGSYS, &action, NULL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
              SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter) != 0) {
    calls_uncounted_because = errno;
    return;
  }
  calls_uncounted_because = 0;
}

#endif
