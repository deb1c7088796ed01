// The host's side of a worker's life.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "Zygote.h"

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

enum { CONTROL = 3 };

static int prepare_files(posix_spawn_file_actions_t *actions, int control, int output) {
  int error = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
  if (!error) error = posix_spawn_file_actions_adddup2(actions, output, 1);
  if (!error) error = posix_spawn_file_actions_adddup2(actions, output, 2);
  // Onto itself, dup2 clears the close-on-exec flag: POSIX says so for this call.
  if (!error) error = posix_spawn_file_actions_adddup2(actions, control, CONTROL);
  if (!error) error = posix_spawn_file_actions_addclosefrom_np(actions, CONTROL + 1);
  return error;
}

static int prepare_attributes(posix_spawnattr_t *attributes) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  int error = posix_spawnattr_setsigmask(attributes, &none);
  if (!error) error = posix_spawnattr_setsigdefault(attributes, &all);
  if (!error)
    error = posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  return error;
}

// A descriptor above those that the child gives a meaning: the actions must not overwrite it.
static int move_up(int *descriptor) {
  int moved = fcntl(*descriptor, F_DUPFD_CLOEXEC, CONTROL + 1);
  if (moved < 0) return errno;
  close(*descriptor);
  *descriptor = moved;
  return 0;
}

int ds_worker_spawn(const char *program, char *const *arguments, char *const *environment,
                    int output, int *control, int *process) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return errno;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  int error = move_up(&pair[1]);
  if (!error) error = prepare_files(&actions, pair[1], output);
  if (!error) error = prepare_attributes(&attributes);
  pid_t child = 0;
  if (!error) error = posix_spawn(&child, program, &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(pair[1]);
  if (error) {
    close(pair[0]);
    return error;
  }
  *control = pair[0];
  *process = child;
  return 0;
}

int ds_session_signal(int process, uint32_t request, enum ds_interruption kind) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_signo = SIGINT;
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_uid = getuid();
  info.si_value.sival_int = (int)(request << DS_KIND_BITS | (uint32_t)kind);
  return syscall(SYS_pidfd_send_signal, process, SIGINT, &info, 0) == 0 ? 0 : errno;
}

int ds_session_kill(int process) {
  return syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0) == 0 ? 0 : errno;
}
