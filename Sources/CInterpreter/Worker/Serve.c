// A session's life in its forked process.
#define _GNU_SOURCE
#include "Attachments.h"
#include "RuntimeModule.h"
#include "Zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_FAILED_START = 70 };

static const char *refusal(int status, const struct ds_confinement_report *report, char *text,
                           size_t capacity) {
  switch (status) {
    case DS_CONFINEMENT_NO_LANDLOCK:
      return "this kernel has no Landlock, so files cannot be protected from a worker; "
             "--allow-unconfined runs it all the same";
    case DS_CONFINEMENT_NO_TCP_RULES:
      return "this kernel offers neither network namespaces nor Landlock's TCP rules, so the "
             "network policy cannot be enforced; --allow-unconfined runs it all the same";
    default:
      snprintf(text, capacity, "%s: %s", report->failed_step ? report->failed_step : "confining",
               strerror(report->error_number));
      return text;
  }
}

_Noreturn static void refuse(struct ds_channel *channel, int status, const char *message) {
  const uint8_t kind = DS_FRAME_FAILED;
  struct ds_buffer frame = {0};
  if (ds_buffer_append(&frame, &kind, 1) == 0 &&
      ds_put_integer(&frame, DS_FIELD_STATUS, (uint64_t)status) == 0 &&
      ds_put_text(&frame, DS_FIELD_MESSAGE, message) == 0)
    ds_channel_send(channel, frame.bytes, frame.count, NULL, 0);
  _exit(EXIT_FAILED_START);
}

static int say_opened(struct ds_channel *channel, const struct ds_confinement_report *report) {
  const uint8_t kind = DS_FRAME_OPENED;
  struct ds_buffer frame = {0};
  int error = ds_buffer_append(&frame, &kind, 1) ? ENOMEM : 0;
  if (!error) error = ds_put_integer(&frame, DS_FIELD_LAYERS, report->layers);
  if (!error) error = ds_put_integer(&frame, DS_FIELD_LANDLOCK, (uint64_t)report->landlock_abi);
  if (!error) error = ds_put_integer(&frame, DS_FIELD_PROXY_PORT, report->proxy_port);
  const size_t count = report->proxy_listener >= 0;
  if (!error)
    error = ds_channel_send(channel, frame.bytes, frame.count, &report->proxy_listener, count);
  ds_buffer_free(&frame);
  return error;
}

static void use_standard_descriptors(int output) {
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null >= 0) {
    dup2(null, 0);
    close(null);
  }
  dup2(output, 1);
  dup2(output, 2);
}

// Mapped before the process is confined, and not counted into its memory: it is the host's.
static int open_segment(struct ds_plan *plan, struct ds_session *session, int descriptor) {
  static struct ds_attachments attachments;
  if (descriptor < 0) return 0;
  attachments.base = ds_segment_map(descriptor, plan->segment);
  if (!attachments.base) return errno;
  attachments.size = plan->segment;
  ds_session_set_attachments(session, &attachments);
  if (plan->policy.memory_limit) plan->policy.memory_limit += plan->segment;
  return 0;
}

static void install_ballast(struct ds_plan *plan) {
  if (plan->policy.memory_limit) plan->policy.memory_limit += ds_ballast_install();
}

void ds_worker_serve(struct ds_plan *plan, const struct session_descriptors *descriptors,
                     int supervisor, int zygote) {
  const int socket = descriptors->channel;
  struct ds_channel channel;
  ds_channel_open(&channel, socket, UINT32_MAX);  // The host is trusted.
  char message[1024] = "";
  struct ds_confinement_report report;
  use_standard_descriptors(descriptors->output);
  struct ds_session *session = ds_engine_begin(plan, message, sizeof message);
  if (!session) refuse(&channel, DS_CONFINEMENT_FAILED, message);
  int error = open_segment(plan, session, descriptors->segment);
  if (error) refuse(&channel, DS_CONFINEMENT_FAILED, strerror(error));
  install_ballast(plan);
  plan->policy.kept_descriptors = &socket;
  plan->policy.kept_count = 1;
  plan->policy.supervisor = supervisor;
  plan->policy.parent = zygote;
  int status = ds_confine(&plan->policy, &report);
  if (status != DS_CONFINED)
    refuse(&channel, status, refusal(status, &report, message, sizeof message));
  if (say_opened(&channel, &report) != 0) _exit(0);
  if (report.proxy_listener >= 0) close(report.proxy_listener);
  _exit(ds_engine_serve(session, &channel, plan));
}
