// The seccomp filter: a classic BPF program over the call's number and arguments. Everything that is
// not allowed fails with EPERM, so that Python code sees PermissionError instead of dying.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "Steps.h"
#include "SystemCalls.h"

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the system call filter knows x86_64 and aarch64"
#endif
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the filter reads the low word of an argument first"
#endif

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

struct program {
  struct sock_filter *code;
  size_t length, capacity;
};

// ---- Instructions ----------------------------------------------------------------------------

static void put(struct program *p, uint16_t operation, uint8_t yes, uint8_t no, uint32_t value) {
  if (p->length < p->capacity)
    p->code[p->length] = (struct sock_filter){operation, yes, no, value};
  p->length++;  // Past the capacity: seen at the end.
}

static void load(struct program *p, size_t offset) {
  put(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}
static void load_number(struct program *p) { load(p, offsetof(struct seccomp_data, nr)); }
static void load_low(struct program *p, int argument) {
  load(p, offsetof(struct seccomp_data, args) + 8 * (size_t)argument);
}
static void load_high(struct program *p, int argument) {
  load(p, offsetof(struct seccomp_data, args) + 8 * (size_t)argument + 4);
}
static void mask(struct program *p, uint32_t bits) { put(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, bits); }

static void give(struct program *p, uint32_t action) { put(p, BPF_RET | BPF_K, 0, 0, action); }
static void give_error(struct program *p, int error) {
  give(p, SECCOMP_RET_ERRNO | ((uint32_t)error & SECCOMP_RET_DATA));
}

// The next instruction runs only if the loaded word is (is not) `value`.
static void if_equal(struct program *p, uint32_t value) {
  put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, value);
}
static void unless_equal(struct program *p, uint32_t value) {
  put(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, value);
}

static void unless_either(struct program *p, uint32_t value, uint32_t other) {
  put(p, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, value);
  unless_equal(p, other);
}

// ---- Rules -----------------------------------------------------------------------------------

static void each(struct program *p, struct ds_system_calls calls, uint32_t action) {
  for (size_t i = 0; i < calls.count; i++) {
    if_equal(p, (uint32_t)calls.numbers[i]);
    give(p, action);
  }
}

// A rule on one call: begin, tests that give an answer, end. The body must answer in every case;
// begin jumps over it for other calls, which is patched in when its length is known.
static size_t begin(struct program *p, long number) {
  put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, (uint32_t)number);
  return p->length - 1;
}
static void end(struct program *p, size_t start) {
  if (start < p->capacity) p->code[start].jf = (uint8_t)(p->length - start - 1);
  // The number was overwritten only inside the body, which never comes here.
}

// Allows the call if the low word of the argument is one of the values: enough where the kernel
// takes an int or an unsigned int.
static void allow_values(struct program *p, long number, int argument, const uint32_t *values,
                         size_t count, int otherwise) {
  size_t start = begin(p, number);
  load_low(p, argument);
  for (size_t i = 0; i < count; i++) {
    if_equal(p, values[i]);
    give(p, SECCOMP_RET_ALLOW);
  }
  give_error(p, otherwise);
  end(p, start);
}
#define ALLOW_VALUES(p, number, argument, otherwise, ...)                                    \
  allow_values(p, number, argument, (const uint32_t[]){__VA_ARGS__},                         \
               sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), otherwise)

// Allows the call if the argument, a pointer, is null.
static void allow_null(struct program *p, long number, int argument) {
  size_t start = begin(p, number);
  load_low(p, argument);
  if_equal(p, 0);
  load_high(p, argument);
  if_equal(p, 0);  // A low word that is not zero comes here too, and is not equal either.
  give(p, SECCOMP_RET_ALLOW);
  give_error(p, EPERM);
  end(p, start);
}

// Allows the call if (argument & bits) is (is not, where `negated`) `value`.
static void allow_masked(struct program *p, long number, int argument, uint32_t bits,
                         uint32_t value, int negated) {
  size_t start = begin(p, number);
  load_low(p, argument);
  mask(p, bits);
  if (negated)
    unless_equal(p, value);
  else
    if_equal(p, value);
  give(p, SECCOMP_RET_ALLOW);
  give_error(p, EPERM);
  end(p, start);
}

// Code comes from files, which the dynamic linker maps; data does not become code.
static void memory(struct program *p, int executable) {
  if (executable) {
    for (int i = 0; i < 2; i++) {
      if_equal(p, i ? SYS_mprotect : SYS_mmap);
      give(p, SECCOMP_RET_ALLOW);
    }
    return;
  }
  size_t start = begin(p, SYS_mmap);
  load_low(p, 2);
  mask(p, PROT_EXEC);
  if_equal(p, 0);
  give(p, SECCOMP_RET_ALLOW);
  load_low(p, 3);
  mask(p, MAP_ANONYMOUS);
  if_equal(p, 0);
  give(p, SECCOMP_RET_ALLOW);
  give_error(p, EPERM);
  end(p, start);
  allow_masked(p, SYS_mprotect, 2, PROT_EXEC, 0, 0);
}

// open(O_RDONLY | O_TRUNC) empties a file without asking for write access, which the first two
// versions of Landlock overlook; nothing that is meant well does it.
static void opening(struct program *p) {
  const uint32_t bits = O_TRUNC | O_ACCMODE;
  allow_masked(p, SYS_openat, 2, bits, O_TRUNC | O_RDONLY, 1);
#ifdef __x86_64__
  allow_masked(p, SYS_open, 1, bits, O_TRUNC | O_RDONLY, 1);
#endif
}

static void descriptors(struct program *p) {
  ALLOW_VALUES(p, SYS_ioctl, 1, ENOTTY, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ);
  // Not F_SETOWN, F_SETSIG, F_NOTIFY and leases: they make the kernel signal other processes.
  ALLOW_VALUES(p, SYS_fcntl, 1, EPERM, F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK,
               F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_DUPFD_CLOEXEC,
               F_SETPIPE_SZ, F_GETPIPE_SZ, F_GET_SEALS);
}

static void process(struct program *p) {
  const uint32_t own = (uint32_t)getpid();
  ALLOW_VALUES(p, SYS_kill, 0, EPERM, own);
  ALLOW_VALUES(p, SYS_tgkill, 0, EPERM, own);
  ALLOW_VALUES(p, SYS_rt_sigqueueinfo, 0, EPERM, own);
  ALLOW_VALUES(p, SYS_rt_tgsigqueueinfo, 0, EPERM, own);
  ALLOW_VALUES(p, SYS_prctl, 0, EPERM, PR_SET_NAME, PR_GET_NAME, PR_SET_VMA);
  allow_null(p, SYS_prlimit64, 2);  // Reading limits, not setting them.
  allow_masked(p, SYS_clone, 0, CLONE_THREAD, CLONE_THREAD, 0);  // Threads, not processes.
}

static void sockets(struct program *p, const struct ds_confinement *policy,
                    const struct ds_confinement_report *report) {
  const uint32_t kind = 0xf;  // The rest of the type are SOCK_CLOEXEC and SOCK_NONBLOCK.
  // Streams only: a datagram socket of a pair can send to any socket that has a path.
  size_t start = begin(p, SYS_socketpair);
  load_low(p, 1);
  mask(p, kind);
  if_equal(p, SOCK_STREAM);
  give(p, SECCOMP_RET_ALLOW);
  give_error(p, EPERM);
  end(p, start);
  allow_null(p, SYS_sendto, 4);  // Without an address: TCP's fast open connects past Landlock.
  if (!(policy->options & DS_CONFINE_PROXY)) {
    if_equal(p, SYS_sendmsg);  // Every socket here is a pair, whose destination is fixed.
    give(p, SECCOMP_RET_ALLOW);
    return;
  }
  each(p, ds_allowed_tcp_calls, SECCOMP_RET_ALLOW);
  if (report->layers & DS_LAYER_NETWORK_NAMESPACE) {
    if_equal(p, SYS_sendmsg);  // Its address cannot be seen here, but leads nowhere.
    give(p, SECCOMP_RET_ALLOW);
  }
  // TCP over IPv4 and IPv6, and no other protocol with streams, which Landlock does not know.
  start = begin(p, SYS_socket);
  load_low(p, 0);
  unless_either(p, AF_INET, AF_INET6);
  give_error(p, EPERM);
  load_low(p, 1);
  mask(p, kind);
  unless_equal(p, SOCK_STREAM);
  give_error(p, EPERM);
  load_low(p, 2);
  unless_either(p, IPPROTO_IP, IPPROTO_TCP);
  give_error(p, EPERM);
  give(p, SECCOMP_RET_ALLOW);
  end(p, start);
}

size_t ds_build_system_call_filter(const struct ds_confinement *policy,
                                   const struct ds_confinement_report *report,
                                   struct sock_filter *code, size_t capacity) {
  struct program program = {code, 0, capacity};
  struct program *p = &program;
  load(p, offsetof(struct seccomp_data, arch));
  unless_equal(p, NATIVE_ARCHITECTURE);
  give(p, SECCOMP_RET_KILL_PROCESS);  // 32-bit entry points: their numbers mean other calls.
  load_number(p);
  // Above: calls that this table does not know yet, and x32's, which are 64-bit calls by another name.
  put(p, BPF_JMP | BPF_JGT | BPF_K, 0, 1, (uint32_t)ds_newest_known_call);
  give_error(p, ENOSYS);
  memory(p, policy->options & DS_CONFINE_EXECUTABLE_MEMORY);
  opening(p);
  each(p, ds_allowed_calls, SECCOMP_RET_ALLOW);
  descriptors(p);
  process(p);
  sockets(p, policy, report);
  // Landlock decides on truncation by path from its third version on.
  if (report->landlock_abi >= 3) {
    if_equal(p, SYS_truncate);
    give(p, SECCOMP_RET_ALLOW);
  }
  each(p, ds_ineffective_calls, SECCOMP_RET_ERRNO | 0);
  each(p, ds_unsupported_calls, SECCOMP_RET_ERRNO | EOPNOTSUPP);
  each(p, ds_missing_calls, SECCOMP_RET_ERRNO | ENOSYS);
  give_error(p, EPERM);
  return program.length <= capacity ? program.length : 0;
}

int ds_restrict_system_calls(const struct ds_confinement *policy,
                             const struct ds_confinement_report *report) {
  struct sock_filter code[600];
  size_t length = ds_build_system_call_filter(policy, report, code, sizeof code / sizeof *code);
  if (length == 0) return E2BIG;
  struct sock_fprog program = {(unsigned short)length, code};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : errno;
}
