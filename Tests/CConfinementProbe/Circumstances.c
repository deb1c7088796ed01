#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CConfinementProbe.h"

void give_up(const char *message) {
  fprintf(stderr, "probe: %s: %s\n", message, strerror(errno));
  exit(2);
}

// On every thread: the host may have several by now.
static void install(struct sock_fprog *program) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, program) != 0)
    give_up("installing the circumstances' filter");
}

static void deny(const int *calls, size_t count, int error) {
  struct sock_filter code[16];
  unsigned short length = 0;
  code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
  for (size_t i = 0; i < count; i++) {
    code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
    code[length++] =
        (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error);
  }
  code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {length, code};
  install(&program);
}

static void deny_listeners(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, SECCOMP_FILTER_FLAG_NEW_LISTENER, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  install(&program);
}

void enter_circumstances(const struct circumstances *circumstances) {
  if (circumstances->nobody && (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
    give_up("becoming nobody");
  // Changing the user clears it, and then /proc/self belongs to root.
  if (circumstances->nobody) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  if (circumstances->no_namespaces) deny((const int[]){SYS_unshare}, 1, EPERM);
  if (circumstances->no_landlock) deny((const int[]){444, 445, 446}, 3, ENOSYS);
  if (circumstances->no_supervision) deny_listeners();
}
