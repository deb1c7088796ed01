#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "Steps.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

static int can_seal_memory(void) {
  int memory = (int)syscall(SYS_memfd_create, "probe", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memory < 0) return 0;
  int sealed = fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
  close(memory);
  return sealed;
}

static int can_open_processes(void) {
  int process = (int)syscall(SYS_pidfd_open, getpid(), 0);
  if (process < 0) return 0;
  close(process);
  return 1;
}

// An empty range: first above every descriptor.
static int can_close_ranges(void) { return syscall(SYS_close_range, ~0u, ~0u, 0) == 0; }

// A filter that is refused for its address, after the kernel saw that it may be installed.
static int can_filter(void) {
  uint32_t action = SECCOMP_RET_ERRNO;
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

enum { HAS_USER_NAMESPACE = 1, HAS_NETWORK_NAMESPACE = 2 };

// Runs in the child: its exit status says what it could enter.
static int try_namespaces(void) {
  struct ds_confinement_report report;
  memset(&report, 0, sizeof report);
  if (ds_enter_namespaces(&report) != 0) return 0;
  int found = 0;
  if (report.layers & DS_LAYER_USER_NAMESPACE) found |= HAS_USER_NAMESPACE;
  if (report.layers & DS_LAYER_NETWORK_NAMESPACE) found |= HAS_NETWORK_NAMESPACE;
  return found;
}

int ds_confinement_probe(struct ds_kernel_support *support) {
  memset(support, 0, sizeof *support);
  support->landlock_abi = ds_landlock_abi();
  support->seccomp_filter = can_filter();
  support->memory_sealing = can_seal_memory();
  support->pidfd = can_open_processes();
  support->close_range = can_close_ranges();
  pid_t child = fork();
  if (child < 0) return errno;
  if (child == 0) _exit(try_namespaces());
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return errno;
  if (WIFEXITED(status)) {
    support->user_namespaces = (WEXITSTATUS(status) & HAS_USER_NAMESPACE) != 0;
    support->network_namespaces = (WEXITSTATUS(status) & HAS_NETWORK_NAMESPACE) != 0;
  }
  return 0;
}
