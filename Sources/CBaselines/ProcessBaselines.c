// What worker sessions are measured against: the same work by the plainest C that does it.
#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "CBaselines.h"
#include "Confinement.h"

// Forked from a program with threads, the children below use system calls alone.

static int exchange(int socket, char *bytes, size_t count) {
  if (write(socket, bytes, count) != (ssize_t)count) return -1;
  size_t received = 0;
  while (received < count) {
    ssize_t part = read(socket, bytes + received, count - received);
    if (part <= 0) return -1;
    received += (size_t)part;
  }
  return 0;
}

int baseline_fork_echo(int *socket, int *process) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return errno;
  pid_t child = fork();
  if (child < 0) return errno;
  if (child == 0) {
    close(pair[0]);
    char bytes[4096];
    for (ssize_t count; (count = read(pair[1], bytes, sizeof bytes)) > 0;)
      if (write(pair[1], bytes, (size_t)count) != count) break;
    _exit(0);
  }
  close(pair[1]);
  *socket = pair[0];
  *process = child;
  return 0;
}

int baseline_ping(int socket, size_t bytes, size_t count) {
  char message[4096] = "";
  for (size_t i = 0; i < count; i++)
    if (exchange(socket, message, bytes)) return -1;
  return 0;
}

void baseline_end(int socket, int process) {
  close(socket);
  waitpid(process, NULL, 0);
}

static void *fresh(size_t size) {
  return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int baseline_fork_copier(void *segment, size_t size, int *socket, int *process) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return errno;
  pid_t child = fork();
  if (child < 0) return errno;
  if (child == 0) {
    close(pair[0]);
    void *copy = NULL;
    for (char what; read(pair[1], &what, 1) == 1;) {
      if (what == 'i') {  // In: into memory of its own, as a session keeps it.
        if (copy) munmap(copy, size);
        copy = fresh(size);
        if (copy == MAP_FAILED) break;
        memcpy(copy, segment, size);
      } else if (copy) {
        memcpy(segment, copy, size);
      }
      if (write(pair[1], &what, 1) != 1) break;
    }
    _exit(0);
  }
  close(pair[1]);
  *socket = pair[0];
  *process = child;
  return 0;
}

int baseline_copy_there_and_back(int socket, void *segment, const void *source, size_t size) {
  char in = 'i', out = 'o';
  memcpy(segment, source, size);
  if (exchange(socket, &in, 1) || exchange(socket, &out, 1)) return -1;
  void *copy = fresh(size);
  if (copy == MAP_FAILED) return -1;
  memcpy(copy, segment, size);
  munmap(copy, size);
  return 0;
}

// ---- Programs ------------------------------------------------------------------------------------

static int start_python(const char *python, const char *home) {
  PyConfig config;
  PyConfig_InitIsolatedConfig(&config);
  config.install_signal_handlers = 0;
  config.write_bytecode = 0;
  PyStatus status = PyConfig_SetBytesString(&config, &config.home, home);
  if (!PyStatus_Exception(status) && *python)
    status = PyConfig_SetBytesString(&config, &config.executable, python);
  if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  return PyStatus_Exception(status) ? -1 : 0;
}

int baseline_run_python(const char *home, const char *code) {
  if (start_python("", home)) return 1;
  int failed = PyRun_SimpleString(code);
  return Py_FinalizeEx() || failed ? 1 : 0;  // What it printed is written in the end.
}

static void confine_and_answer(const char *folder, const char *const *readable, size_t count,
                               int parent) {
  const char *writable[] = {folder, "/dev/null"};
  int supervisor[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, supervisor) != 0) _exit(1);
  const int kept[] = {supervisor[0]};
  struct ds_confinement policy = {
      .readable_paths = readable, .readable_count = count, .writable_paths = writable,
      .writable_count = 2, .working_directory = folder, .kept_descriptors = kept, .kept_count = 1,
      .memory_limit = (uint64_t)4 << 30, .file_size_limit = 1 << 30, .descriptor_limit = 256,
      .options = DS_CONFINE_NAMESPACES, .parent = parent, .supervisor = supervisor[1]};
  struct ds_confinement_report report;
  if (ds_confine(&policy, &report) != DS_CONFINED) _exit(1);
  char answer = 'y';
  _exit(write(1, &answer, 1) == 1 ? 0 : 1);
}

int baseline_zygote(const char *python, const char *home, const char *prepare, const char *folder,
                    const char *const *readable, size_t count) {
  if (start_python(python, home) || PyRun_SimpleString(prepare)) return 1;
  for (char ask; read(0, &ask, 1) == 1;) {
    int parent = getpid();
    PyOS_BeforeFork();
    pid_t child = fork();
    if (child == 0) {
      PyOS_AfterFork_Child();
      confine_and_answer(folder, readable, count, parent);
    }
    PyOS_AfterFork_Parent();
    if (child < 0 || waitpid(child, NULL, 0) < 0) return 1;
  }
  return 0;
}
