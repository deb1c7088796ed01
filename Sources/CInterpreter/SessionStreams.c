#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "RuntimeModule.h"
#include "GuardRails/Rails.h"
#include "SessionState.h"

static __thread struct ds_session *current;

struct ds_session *ds_session_enter(struct ds_session *session) {
  struct ds_session *before = current;
  current = session;
  return before;
}

struct ds_session *ds_session_current(void) { return current; }

struct ds_door ds_door_enter(struct ds_session *session) {
  struct ds_door door = {.token = ds_attach(), .before = current};
  ds_session_retain(session);
  current = session;
  return door;
}

void ds_door_leave(struct ds_session *session, struct ds_door door) {
  current = door.before;
  ds_session_release(session);
  ds_detach(door.token);
}

static long session_count;

struct ds_session *ds_session_allocate(void) {
  struct ds_session *session = calloc(1, sizeof *session);
  if (!session) return NULL;
  atomic_init(&session->references, 1);
  session_count++;
  return session;
}

long ds_session_count(void) { return session_count; }

struct ds_session *ds_session_retain(struct ds_session *session) {
  atomic_fetch_add_explicit(&session->references, 1, memory_order_relaxed);
  return session;
}

void ds_session_release(struct ds_session *session) {
  if (atomic_fetch_sub_explicit(&session->references, 1, memory_order_acq_rel) > 1) return;
  Py_CLEAR(session->engine);
  Py_CLEAR(session->globals);
  if (session->sink_release) session->sink_release(session->sink_context);
  ds_rails_free(session->rails);
  ds_buffer_free(&session->streams[0].buffer);
  ds_buffer_free(&session->streams[1].buffer);
  free(session);
  session_count--;
}

void ds_session_set_sink(struct ds_session *session, ds_output_sink sink, void *context,
                         void (*release)(void *context)) {
  session->sink = sink;
  session->sink_context = context;
  session->sink_release = release;
}

void ds_session_set_streaming(struct ds_session *session, int streaming) {
  session->streaming = streaming && session->sink;
}

// Keeps the beginning of a flood: what does not fit is counted, and reported with the step's output.
static int keep(struct ds_session *session, struct session_stream *stream, const char *text,
                size_t count) {
  size_t room = session->output_limit > stream->buffer.count
                    ? session->output_limit - stream->buffer.count
                    : 0;
  size_t kept = count < room ? count : room;
  // Never in the middle of a character.
  while (kept > 0 && kept < count && ((unsigned char)text[kept] & 0xC0) == 0x80) kept--;
  if (kept && ds_buffer_append(&stream->buffer, text, kept)) {
    PyErr_NoMemory();
    return -1;
  }
  if (kept < count) session->output_limit_reached[stream - session->streams] += count - kept;
  return 0;
}

static int write_to_process(int descriptor, const char *text, size_t count) {
  while (count > 0) {
    ssize_t written = write(descriptor, text, count);
    if (written < 0) {
      if (errno == EINTR) continue;
      PyErr_SetFromErrno(PyExc_OSError);
      return -1;
    }
    text += written;
    count -= (size_t)written;
  }
  return 0;
}

int ds_session_write(int descriptor, const char *text, size_t count) {
  struct ds_session *session = current;
  if (!session) return write_to_process(descriptor, text, count);
  if (keep(session, &session->streams[descriptor - 1], text, count)) return -1;
  if (session->streaming && count > 0) {
    ds_session_retain(session);  // It may be closed while the GIL is released.
    void *state = ds_begin_blocking();
    session->sink(session->sink_context, descriptor, text, count);
    ds_end_blocking(state);
    ds_session_release(session);
  }
  return 0;
}

static PyObject *take_stream(struct ds_session *session, int index) {
  struct session_stream *stream = &session->streams[index];
  PyObject *text = PyUnicode_DecodeUTF8((const char *)stream->buffer.bytes,
                                        (Py_ssize_t)stream->buffer.count, "replace");
  stream->buffer.count = 0;
  if (stream->buffer.capacity > 1 << 20) ds_buffer_free(&stream->buffer);
  return text;
}

int ds_session_has_output(const struct ds_session *session) {
  return session->streams[0].buffer.count || session->streams[1].buffer.count ||
         session->output_limit_reached[0] || session->output_limit_reached[1];
}

PyObject *ds_session_take_output(struct ds_session *session) {
  if (!ds_session_has_output(session)) Py_RETURN_NONE;
  PyObject *output = take_stream(session, 0);
  PyObject *errors = output ? take_stream(session, 1) : NULL;
  PyObject *result =
      errors ? Py_BuildValue("(NNnn)", output, errors, (Py_ssize_t)session->output_limit_reached[0],
                             (Py_ssize_t)session->output_limit_reached[1])
             : NULL;
  if (!errors) Py_XDECREF(output);
  session->output_limit_reached[0] = session->output_limit_reached[1] = 0;
  return result;
}
