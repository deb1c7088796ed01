// `probe run`: a whole host in one page.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "Probe.h"

enum { GRACE = 500, REPLY_LIMIT = 16 * 1024 * 1024 };

struct worker {
  struct ds_channel control;
  int process;
  uint64_t sessions;
  int exit_status;  ///< Of the session that exited last.
};

struct session {
  struct ds_channel channel;
  int process;  ///< pidfd
  uint32_t request;
};

static void put(int error) {
  if (error) {
    errno = error;
    give_up("building a frame");
  }
}

static void receive(struct ds_channel *channel, const uint8_t **bytes, size_t *length) {
  int error = ds_channel_receive(channel, bytes, length);
  if (error) {
    errno = error;
    give_up("receiving");
  }
}

static void print_message(const char *name, const uint8_t *bytes, size_t length) {
  struct ds_fields fields = {bytes + 1, length - 1};
  struct ds_field field;
  while (ds_fields_next(&fields, &field) == 1)
    if (field.tag == DS_FIELD_MESSAGE)
      printf("%s: %.*s\n", name, (int)field.length, (const char *)field.bytes);
}

static void start_worker(struct worker *worker, const char *program) {
  char *arguments[] = {(char *)(uintptr_t)program, "zygote", NULL};
  char *environment[] = {"LANG=C.UTF-8", "OPENBLAS_NUM_THREADS=1", NULL};
  int control, error = ds_worker_spawn(program, arguments, environment, 2, &control, &worker->process);
  if (error) {
    errno = error;
    give_up("starting the worker");
  }
  ds_channel_open(&worker->control, control, 1 << 20);
  struct ds_buffer frame = {0};
  put(ds_buffer_append(&frame, (const uint8_t[]){DS_FRAME_START}, 1));
  static const char *const modules[] = {"json", "re", "threading", "random", "uuid", "tempfile",
                                        "ctypes", "socket", "subprocess", "asyncio", "shutil"};
  for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
    put(ds_put_text(&frame, DS_FIELD_MODULE, modules[i]));
  put(ds_channel_send(&worker->control, frame.bytes, frame.length, NULL, 0));
  ds_buffer_free(&frame);
  const uint8_t *bytes;
  size_t length;
  receive(&worker->control, &bytes, &length);
  if (bytes[0] != DS_FRAME_READY) {
    print_message("failed", bytes, length);
    exit(2);
  }
}

static const char *const readable[] = {
    "/usr/lib", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ssl",
    "/usr/share/zoneinfo", "/dev/urandom", "/dev/zero"};

static void put_policy(struct ds_buffer *frame, const struct circumstances *circumstances,
                       const struct canary *canary, const char *workspace) {
  for (size_t i = 0; i < sizeof readable / sizeof *readable; i++)
    put(ds_put_text(frame, DS_FIELD_READABLE, readable[i]));
  put(ds_put_text(frame, DS_FIELD_WRITABLE, workspace));
  put(ds_put_text(frame, DS_FIELD_WRITABLE, "/dev/null"));
  put(ds_put_text(frame, DS_FIELD_DIRECTORY, workspace));
  put(ds_put_integer(frame, DS_FIELD_MEMORY, circumstances->memory));
  put(ds_put_integer(frame, DS_FIELD_FILE_SIZE, 64 << 20));
  put(ds_put_integer(frame, DS_FIELD_DESCRIPTORS, 64));
  put(ds_put_integer(frame, DS_FIELD_THREADS, circumstances->threads));
  uint64_t options = DS_CONFINE_NAMESPACES;
  if (circumstances->allow_unconfined) options |= DS_CONFINE_ALLOW_UNCONFINED;
  if (circumstances->network) options |= DS_CONFINE_PROXY;
  put(ds_put_integer(frame, DS_FIELD_OPTIONS, options));
  char *environment[16];
  size_t count = canary_environment(canary, environment, 16);
  for (size_t i = 0; i < count; i++) {
    put(ds_put_text(frame, DS_FIELD_ENVIRONMENT, environment[i]));
    free(environment[i]);
  }
  char variable[700];
  snprintf(variable, sizeof variable, "WORKSPACE=%s", workspace);
  put(ds_put_text(frame, DS_FIELD_ENVIRONMENT, variable));
  snprintf(variable, sizeof variable, "TMPDIR=%s", workspace);
  put(ds_put_text(frame, DS_FIELD_ENVIRONMENT, variable));
}

static void close_session(struct session *session) {
  ds_channel_close(&session->channel);
  close(session->process);
}

// 0, or -1 after the session said why it did not open.
static int open_session(struct worker *worker, struct session *session,
                        const struct circumstances *circumstances, const struct canary *canary,
                        const char *workspace) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) give_up("socketpair");
  struct ds_buffer frame = {0};
  put(ds_buffer_append(&frame, (const uint8_t[]){DS_FRAME_FORK}, 1));
  put(ds_put_integer(&frame, DS_FIELD_SESSION, ++worker->sessions));
  put_policy(&frame, circumstances, canary, workspace);
  put(ds_channel_send(&worker->control, frame.bytes, frame.length, (int[]){pair[1], 2}, 2));
  ds_buffer_free(&frame);
  close(pair[1]);
  const uint8_t *bytes;
  size_t length;
  receive(&worker->control, &bytes, &length);
  if (bytes[0] != DS_FRAME_STARTED) {
    print_message("refused", bytes, length);
    close(pair[0]);
    return -1;
  }
  session->process = ds_channel_take_descriptor(&worker->control);
  session->request = 0;
  ds_channel_open(&session->channel, pair[0], REPLY_LIMIT);
  receive(&session->channel, &bytes, &length);
  if (bytes[0] != DS_FRAME_OPENED) {
    print_message("failed", bytes, length);
    close_session(session);
    return -1;
  }
  struct ds_fields fields = {bytes + 1, length - 1};
  struct ds_field field;
  uint64_t number;
  while (ds_fields_next(&fields, &field) == 1)
    if (field.tag == DS_FIELD_LAYERS && ds_field_integer(&field, &number) == 0)
      printf("layers: %llu\n", (unsigned long long)number);
  return 0;
}

static int wait_readable(int descriptor, int milliseconds) {
  struct pollfd entry = {descriptor, POLLIN, 0};
  int count;
  while ((count = poll(&entry, 1, milliseconds)) < 0 && errno == EINTR) {
  }
  return count > 0;
}

// The worker's report of how the session ended.
static int session_status(struct worker *worker) {
  const uint8_t *bytes;
  size_t length;
  uint64_t status = 0;
  receive(&worker->control, &bytes, &length);
  struct ds_fields fields = {bytes + 1, length - 1};
  struct ds_field field;
  while (ds_fields_next(&fields, &field) == 1)
    if (field.tag == DS_FIELD_STATUS) ds_field_integer(&field, &status);
  return (int)status;
}

// Runs code under the deadline ladder and prints what came of it. 1 if the session lives on.
static int execute(struct worker *worker, struct session *session, const char *name,
                   const char *code, unsigned deadline, struct ds_buffer *said) {
  struct ds_buffer frame = {0};
  session->request++;
  put(ds_buffer_append(&frame, &session->request, 4));
  put(ds_buffer_append(&frame, code, strlen(code)));
  int error = ds_channel_send(&session->channel, frame.bytes, frame.length, NULL, 0);
  ds_buffer_free(&frame);
  const char *how = "";
  if (!error && !wait_readable(session->channel.socket, (int)deadline)) {
    how = " (interrupted)";
    ds_session_interrupt(session->process, session->request);
    if (!wait_readable(session->channel.socket, GRACE)) {
      how = " (killed)";
      ds_session_kill(session->process);
    }
  }
  const uint8_t *bytes;
  size_t length;
  if (!error && ds_channel_receive(&session->channel, &bytes, &length) == 0) {
    printf("%s: %.*s%s\n", name, (int)(length > 300 ? 300 : length), (const char *)bytes, how);
    put(ds_buffer_append(said, bytes, length));
    return 1;
  }
  ds_session_kill(session->process);  // Gone already, or it broke the protocol.
  wait_readable(session->process, -1);
  int status = session_status(worker);
  if (WIFSIGNALED(status))
    printf("%s: died of signal %d%s\n", name, WTERMSIG(status), how);
  else
    printf("%s: exited with status %d\n", name, WEXITSTATUS(status));
  close_session(session);
  return 0;
}

static char *read_all(int descriptor) {
  struct ds_buffer text = {0};
  char part[4096];
  ssize_t count;
  while ((count = read(descriptor, part, sizeof part)) > 0)
    put(ds_buffer_append(&text, part, (size_t)count));
  put(ds_buffer_append(&text, "", 1));
  return (char *)text.bytes;
}

void remove_tree(const char *path) {
  char command[700];
  snprintf(command, sizeof command, "rm -rf -- '%s'", path);
  if (system(command) != 0) fprintf(stderr, "probe: %s was not removed\n", path);
}

int run_snippet(const struct circumstances *circumstances, const char *program) {
  char *code = read_all(0);
  enter_circumstances(circumstances);
  char directory[] = "/tmp/dynasaur-probe-XXXXXX";
  if (!mkdtemp(directory)) give_up("making a directory");
  chmod(directory, 0777);  // What protects it is not the mode.
  char workspace[600];
  snprintf(workspace, sizeof workspace, "%s/workspace", directory);
  mkdir(workspace, 0777);
  struct worker worker = {0};
  struct session session;
  struct ds_buffer said = {0};
  start_worker(&worker, program);
  struct canary *canary = canary_create(directory);
  int opened = open_session(&worker, &session, circumstances, canary, workspace) == 0;
  if (opened) {
    if (!execute(&worker, &session, "first", code, circumstances->deadline, &said))
      opened = open_session(&worker, &session, circumstances, canary, workspace) == 0;
    int lives = opened && execute(&worker, &session, "second", "6 * 7", 10000, &said);
    // Memory that a snippet has damaged may kill its session later: that is a second death, no more.
    if (opened && !lives && open_session(&worker, &session, circumstances, canary, workspace) == 0)
      lives = execute(&worker, &session, "second", "6 * 7", 10000, &said);
    if (lives) close_session(&session);
  }
  put(ds_buffer_append(&said, "", 1));
  canary_check(canary, (const char *)said.bytes);
  ds_channel_close(&worker.control);
  int status;
  waitpid(worker.process, &status, 0);
  printf("worker: exited with status %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  remove_tree(directory);
  return 0;
}
