// A bound on threads that holds for every user: the filter asks a supervisor before each clone.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "Channel.h"
#include "Steps.h"

int ds_supervise_threads(const struct ds_confinement *policy,
                         struct ds_confinement_report *report) {
  if (policy->supervisor <= 0) return 0;
  // Filters stack, and an error outranks a question: the main filter still refuses processes. x32's
  // clone and clone3 never get here, because it refuses them too.
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                              SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  // EBUSY: a container's own supervisor holds the only listener that there can be.
  if (listener < 0) return errno == EINVAL || errno == EBUSY ? 0 : errno;
  struct ds_channel supervisor;
  ds_channel_open(&supervisor, policy->supervisor, 0);
  int error = ds_channel_send(&supervisor, NULL, 0, &listener, 1);
  close(listener);
  if (!error) report->layers |= DS_LAYER_THREADS;
  return error;
}

// The number of threads: the 20th field of /proc/PID/stat. The second, the name, is chosen by the
// process and may hold anything, so fields are counted from the last parenthesis.
static long thread_count(int status) {
  char text[1024];
  ssize_t length = pread(status, text, sizeof text - 1, 0);
  if (length <= 0) return -1;
  text[length] = 0;
  char *at = strrchr(text, ')');
  for (int field = 2; at && field < 20; field++) {
    at = strchr(at + 1, ' ');
  }
  return at ? strtol(at, NULL, 10) : -1;
}

int ds_supervision_answer(int listener, int status, unsigned limit) {
  struct seccomp_notif_sizes sizes;
  if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) return errno;
  size_t size = sizes.seccomp_notif;
  if (size < sizeof(struct seccomp_notif)) size = sizeof(struct seccomp_notif);
  struct seccomp_notif *request = calloc(1, size);
  if (!request) return ENOMEM;
  int error = ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, request) == 0 ? 0 : errno;
  if (!error) {
    struct seccomp_notif_resp answer = {.id = request->id};
    long threads = thread_count(status);
    // The arguments decide nothing, so it does not matter that they may change after the answer.
    if (threads > 0 && (unsigned long)threads < limit)
      answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    else
      answer.error = -EAGAIN;
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0) error = errno;
  }
  free(request);
  return error;
}
