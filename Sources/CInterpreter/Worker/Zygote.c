#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "Zygote.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#define SYS_pidfd_send_signal 424
#endif

/// Longest frame of the host. Its buffer is reserved once and scrubbed after each frame, so that no
/// session inherits a copy of another's frame.
enum { CONTROL_LIMIT = 512 * 1024, CONTROL_BUFFER = 2 * CONTROL_LIMIT };

struct child {
  uint64_t session;
  pid_t pid;
  int process;     ///< pidfd.
  int supervisor;  ///< Socket on which the listener comes, or -1.
  int listener;    ///< Of thread requests, or -1.
  int status;      ///< /proc/PID/stat, or -1.
  unsigned threads;
};

struct zygote {
  struct ds_channel control;
  struct child *children;
  size_t count, capacity;
  struct pollfd *polled;  ///< 1 + 3 entries a child.
};

// ---- Messages --------------------------------------------------------------------------------

static int send_frame(struct zygote *zygote, struct ds_buffer *frame, int error,
                      const int *descriptors, size_t count) {
  if (!error)
    error = ds_channel_send(&zygote->control, frame->bytes, frame->count, descriptors, count);
  ds_buffer_free(frame);
  return error;
}

static int begin_frame(struct ds_buffer *frame, uint8_t kind) {
  *frame = (struct ds_buffer){0};
  return ds_buffer_append(frame, &kind, 1) ? ENOMEM : 0;
}

static int say(struct zygote *zygote, uint8_t kind, uint64_t session, const char *message) {
  struct ds_buffer frame;
  int error = begin_frame(&frame, kind);
  if (!error) error = ds_put_integer(&frame, DS_FIELD_SESSION, session);
  if (!error) error = ds_put_text(&frame, DS_FIELD_MESSAGE, message);
  return send_frame(zygote, &frame, error, NULL, 0);
}

static int say_started(struct zygote *zygote, const struct child *child) {
  struct ds_buffer frame;
  int error = begin_frame(&frame, DS_FRAME_STARTED);
  if (!error) error = ds_put_integer(&frame, DS_FIELD_SESSION, child->session);
  return send_frame(zygote, &frame, error, &child->process, 1);
}

static int say_exited(struct zygote *zygote, const struct child *child, int status,
                      const struct rusage *usage) {
  struct ds_buffer frame;
  int error = begin_frame(&frame, DS_FRAME_EXITED);
  if (!error) error = ds_put_integer(&frame, DS_FIELD_SESSION, child->session);
  if (!error) error = ds_put_integer(&frame, DS_FIELD_STATUS, (uint64_t)(uint32_t)status);
  if (!error)
    error = ds_put_integer(&frame, DS_FIELD_PEAK_MEMORY, (uint64_t)usage->ru_maxrss * 1024);
  return send_frame(zygote, &frame, error, NULL, 0);
}

static uint64_t support_bits(const struct ds_kernel_support *support) {
  return (uint64_t)support->landlock_abi | (uint64_t)support->seccomp_filter << 8 |
         (uint64_t)support->user_namespaces << 9 | (uint64_t)support->network_namespaces << 10 |
         (uint64_t)support->memory_sealing << 11 | (uint64_t)support->pidfd << 12 |
         (uint64_t)support->close_range << 13;
}

// ---- Start -----------------------------------------------------------------------------------

static int start(struct zygote *zygote) {
  const uint8_t *payload;
  size_t length;
  int error = ds_channel_receive(&zygote->control, &payload, &length);
  if (error) return error;
  struct ds_plan plan = {0};
  char message[1024] = "";
  struct ds_kernel_support support;
  if (length == 0 || payload[0] != DS_FRAME_START ||
      ds_plan_decode(&plan, payload + 1, length - 1) != 0) {
    snprintf(message, sizeof message, "the host's first frame does not start a worker");
    error = EBADMSG;
  } else {
    // Before Python starts: the probe forks, and its child must stay as simple as it is.
    ds_confinement_probe(&support);
    if (ds_engine_start(&plan, message, sizeof message) != 0) error = ECANCELED;
  }
  ds_plan_free(&plan);
  if (error) {
    say(zygote, DS_FRAME_FAILED, 0, message);
    return error;
  }
  struct ds_buffer frame;
  error = begin_frame(&frame, DS_FRAME_READY);
  if (!error) error = ds_put_integer(&frame, DS_FIELD_PROTOCOL, DS_WORKER_PROTOCOL);
  if (!error) error = ds_put_integer(&frame, DS_FIELD_SUPPORT, support_bits(&support));
  return send_frame(zygote, &frame, error, NULL, 0);
}

// ---- Children --------------------------------------------------------------------------------

static void close_if_open(int *descriptor) {
  if (*descriptor >= 0) close(*descriptor);
  *descriptor = -1;
}

static void forget(struct zygote *zygote, size_t index) {
  struct child *child = &zygote->children[index];
  close_if_open(&child->process);
  close_if_open(&child->supervisor);
  close_if_open(&child->listener);
  close_if_open(&child->status);
  zygote->children[index] = zygote->children[--zygote->count];
}

static int make_room(struct zygote *zygote) {
  if (zygote->count < zygote->capacity) return 0;
  size_t capacity = zygote->capacity ? 2 * zygote->capacity : 16;
  struct child *children = realloc(zygote->children, capacity * sizeof *children);
  if (!children) return ENOMEM;
  zygote->children = children;
  struct pollfd *polled = realloc(zygote->polled, (1 + 3 * capacity) * sizeof *polled);
  if (!polled) return ENOMEM;
  zygote->polled = polled;
  zygote->capacity = capacity;
  return 0;
}

// A fork copies only the calling thread: with another one alive, locks it holds stay locked.
static int thread_count(void) {
  DIR *directory = opendir("/proc/self/task");
  if (!directory) return -1;
  int count = 0;
  for (struct dirent *entry; (entry = readdir(directory));)
    if (entry->d_name[0] != '.') count++;
  closedir(directory);
  return count;
}

static int open_status(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  return open(path, O_RDONLY | O_CLOEXEC);
}

static int fork_child(struct zygote *zygote, struct ds_plan *plan,
                      const struct session_descriptors *descriptors) {
  int pair[2] = {-1, -1};
  if (plan->threads && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return errno;
  const pid_t parent = getpid();
  PyOS_BeforeFork();
  pid_t pid = fork();
  if (pid == 0) {
    PyOS_AfterFork_Child();
    ds_worker_serve(plan, descriptors, pair[1], parent);
  }
  int error = pid < 0 ? errno : 0;
  PyOS_AfterFork_Parent();
  close_if_open(&pair[1]);
  if (error) {
    close_if_open(&pair[0]);
    return error;
  }
  // The child cannot be reaped before this process waits for it, so the number is still its own.
  struct child child = {plan->session, pid, (int)syscall(SYS_pidfd_open, pid, 0), pair[0], -1,
                        plan->threads ? open_status(pid) : -1, (unsigned)plan->threads};
  zygote->children[zygote->count++] = child;
  if (child.process >= 0) return say_started(zygote, &child);
  error = errno;
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  forget(zygote, zygote->count - 1);
  return error;
}

static int handle_fork(struct zygote *zygote, const uint8_t *bytes, size_t length) {
  struct ds_plan plan;
  struct session_descriptors descriptors = {
      .channel = ds_channel_take_descriptor(&zygote->control),
      .output = ds_channel_take_descriptor(&zygote->control),
      .segment = -1,
  };
  int error = ds_plan_decode(&plan, bytes, length);
  if (!error && plan.segment) descriptors.segment = ds_channel_take_descriptor(&zygote->control);
  if (!error && (descriptors.channel < 0 || descriptors.output < 0 ||
                 (plan.segment && descriptors.segment < 0)))
    error = EBADF;
  if (!error) error = make_room(zygote);
  const char *reason = error ? strerror(error) : NULL;
  if (!error && thread_count() != 1)
    reason = "a module imported before the fork has started a thread";
  if (!reason && (error = fork_child(zygote, &plan, &descriptors)) && error != EPIPE)
    reason = strerror(error);
  close_if_open(&descriptors.channel);
  close_if_open(&descriptors.output);
  close_if_open(&descriptors.segment);
  if (reason) error = say(zygote, DS_FRAME_REFUSED, plan.session, reason);
  ds_plan_free(&plan);
  return error;
}

static int handle_control(struct zygote *zygote) {
  do {
    const uint8_t *payload;
    size_t length;
    int error = ds_channel_receive(&zygote->control, &payload, &length);
    if (error) return error;
    if (length == 0 || payload[0] != DS_FRAME_FORK) return EBADMSG;
    error = handle_fork(zygote, payload + 1, length - 1);
    explicit_bzero((uint8_t *)(uintptr_t)payload, length);
    if (error) return error;
  } while (ds_channel_has_frame(&zygote->control));
  return 0;
}

static int reap(struct zygote *zygote, size_t index) {
  struct child *child = &zygote->children[index];
  struct rusage usage;
  int status;
  if (wait4(child->pid, &status, 0, &usage) < 0) return errno == EINTR ? 0 : errno;
  int error = say_exited(zygote, child, status, &usage);
  forget(zygote, index);
  return error;
}

static void handle_supervisor(struct child *child) {
  struct ds_channel channel;
  const uint8_t *payload;
  size_t length;
  ds_channel_open(&channel, child->supervisor, 0);
  child->supervisor = -1;
  if (ds_channel_receive(&channel, &payload, &length) == 0)
    child->listener = ds_channel_take_descriptor(&channel);
  ds_channel_close(&channel);
}

static void handle_listener(struct child *child, short events) {
  if (events & POLLIN) {
    ds_supervision_answer(child->listener, child->status, child->threads);
  } else {
    close_if_open(&child->listener);
  }
}

// ---- Loop ------------------------------------------------------------------------------------

static void watch(struct zygote *zygote) {
  zygote->polled[0] = (struct pollfd){zygote->control.socket, POLLIN, 0};
  for (size_t i = 0; i < zygote->count; i++) {
    const struct child *child = &zygote->children[i];
    zygote->polled[1 + 3 * i] = (struct pollfd){child->process, POLLIN, 0};
    zygote->polled[2 + 3 * i] = (struct pollfd){child->supervisor, POLLIN, 0};
    zygote->polled[3 + 3 * i] = (struct pollfd){child->listener, POLLIN, 0};
  }
}

static int run_once(struct zygote *zygote) {
  watch(zygote);
  if (poll(zygote->polled, 1 + 3 * zygote->count, -1) < 0) return errno == EINTR ? 0 : errno;
  // Backwards: forgetting a child moves the last one into its place.
  for (size_t i = zygote->count; i-- > 0;) {
    const struct pollfd *ready = &zygote->polled[1 + 3 * i];
    struct child *child = &zygote->children[i];
    if (ready[1].revents) handle_supervisor(child);
    if (ready[2].revents) handle_listener(child, ready[2].revents);
    int error = ready[0].revents ? reap(zygote, i) : 0;
    if (error) return error;
  }
  return zygote->polled[0].revents ? handle_control(zygote) : 0;
}

static void end_children(struct zygote *zygote) {
  for (size_t i = 0; i < zygote->count; i++) kill(zygote->children[i].pid, SIGKILL);
  while (zygote->count > 0) {
    waitpid(zygote->children[0].pid, NULL, 0);
    forget(zygote, 0);
  }
}

// What the host's thread that started this process had set must not decide, nor what the runtime of
// a re-executed program has installed: Swift's crash handlers would start a program of their own.
static void set_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  signal(SIGINT, SIG_IGN);   // Sessions install their own; a terminal's is the host's business.
  signal(SIGPIPE, SIG_IGN);  // EPIPE,
  signal(SIGXFSZ, SIG_IGN);  // and EFBIG, instead of death: as Python does when it owns signals.
}

int ds_worker_main(int control) {
  struct zygote zygote = {0};
  // The end of the control channel tells that the host is gone. Not PR_SET_PDEATHSIG, which would
  // end the worker with the thread of the host that started it.
  prctl(PR_SET_NAME, "dynasaur-worker", 0, 0, 0);
  set_signals();
  ds_channel_open(&zygote.control, control, CONTROL_LIMIT);
  fcntl(control, F_SETFD, FD_CLOEXEC);
  int error = make_room(&zygote);
  if (!error) error = ds_buffer_reserve(&zygote.control.input, CONTROL_BUFFER) ? ENOMEM : 0;
  if (!error) error = start(&zygote);
  while (!error) error = run_once(&zygote);
  end_children(&zygote);
  ds_channel_close(&zygote.control);
  free(zygote.children);
  free(zygote.polled);
  return error == ECONNRESET || error == EPIPE ? 0 : 1;
}
