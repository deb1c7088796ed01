// Python in the worker: start, one session, its requests.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>
#include <pthread.h>
#include <string.h>

#include "../SessionState.h"
#include "Attachments.h"
#include "ConversionShims.h"
#include "Interpreter.h"
#include "RuntimeModule.h"
#include "Zygote.h"

enum { REQUEST_HEADER = 5 };

// Writes the exception that is set as a message, and clears it.
static void take_message(char *error, size_t capacity) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  PyObject *text = value ? PyObject_Str(value) : NULL;
  const char *utf8 = text ? PyUnicode_AsUTF8(text) : NULL;
  snprintf(error, capacity, "%s: %s", type ? ((PyTypeObject *)type)->tp_name : "error",
           utf8 ? utf8 : "?");
  Py_XDECREF(text);
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(traceback);
  PyErr_Clear();
}

static int fail(char *error, size_t capacity) {
  take_message(error, capacity);
  return -1;
}

// A list of the texts, owned.
static PyObject *list_of(const struct ds_texts *texts) {
  PyObject *list = PyList_New(0);
  for (size_t i = 0; list && i < texts->count; i++) {
    PyObject *text = PyUnicode_DecodeFSDefault(texts->items[i]);
    if (!text || PyList_Append(list, text)) Py_CLEAR(list);
    Py_XDECREF(text);
  }
  return list;
}

// Calls a function of dynasaur_runtime.worker with one argument, which is taken over.
static int call_worker(const char *function, PyObject *argument) {
  PyObject *module = argument ? PyImport_ImportModule("dynasaur_runtime.worker") : NULL;
  PyObject *result = module ? PyObject_CallMethod(module, function, "O", argument) : NULL;
  Py_XDECREF(argument);
  Py_XDECREF(module);
  Py_XDECREF(result);
  return result ? 0 : -1;
}

// The session that each forked process has, made once for all.
static struct ds_session *prepared;

static int prepare_session(void) {
  enum { OUTPUT_OF_PREPARATION = 1024 };
  prepared = ds_session_create("__session_1__", "", OUTPUT_OF_PREPARATION);
  if (!prepared || ds_interrupts_install(prepared) != 0) return -1;
  ds_session_enter(prepared);
  int failed = call_worker("warm_up", Py_NewRef(ds_session_engine(prepared)));
  ds_session_enter(NULL);
  return failed;
}

int ds_engine_start(const struct ds_plan *plan, char *error, size_t capacity) {
  struct ds_configuration configuration = {
      .executable = plan->python,
      .home = plan->home,
      .on_calling_thread = 1,
      .has_hash_seed = plan->has_hash_seed,
      .hash_seed = (unsigned long)plan->hash_seed,
  };
  if (ds_start(&configuration, error, capacity) != 0) return -1;
  if (ds_host_calls_install() != 0 || call_worker("prepare", list_of(&plan->modules)) != 0 ||
      prepare_session() != 0)
    return fail(error, capacity);
  return 0;
}

struct ds_session *ds_engine_begin(const struct ds_plan *plan, char *error, size_t capacity) {
  prepared->output_limit = (size_t)plan->output_limit;
  if (call_worker("begin", list_of(&plan->environment)) == 0 && ds_interrupts_catch() == 0)
    return prepared;
  fail(error, capacity);
  return NULL;
}

// ---- Output ------------------------------------------------------------------------------------

// Lines are sent as they are complete, so that the host has them should this process be killed. What
// exceeds the limit is not sent, as it is not kept. The printing thread does not hold the GIL.
struct stream {
  struct ds_buffer frame;
  size_t left;
};
static struct stream streams[2];
// Several threads of the code may print at once.
static pthread_mutex_t streams_lock = PTHREAD_MUTEX_INITIALIZER;

static void flush(struct stream *stream) {
  if (stream->frame.count > 2) ds_mailbox_send(stream->frame.bytes, stream->frame.count);
  stream->frame.count = 0;
}

static void release_output(void *context) { (void)context; }

static void on_output(void *context, int number, const char *text, size_t count) {
  (void)context;
  pthread_mutex_lock(&streams_lock);
  struct stream *stream = &streams[number - 1];
  if (count > stream->left) count = stream->left;
  stream->left -= count;
  if (count > 0) {
    const uint8_t header[2] = {DS_FRAME_OUTPUT, (uint8_t)number};
    if (stream->frame.count == 0) ds_buffer_append(&stream->frame, header, sizeof header);
    ds_buffer_append(&stream->frame, text, count);
    if (memchr(text, '\n', count) || stream->frame.count > 4096 || stream->left == 0) flush(stream);
  }
  pthread_mutex_unlock(&streams_lock);
}

// Until the reply is sent. Threads of the code that print later are kept for the next one.
static void start_output(struct ds_session *session, const struct ds_plan *plan) {
  pthread_mutex_lock(&streams_lock);
  for (int i = 0; i < 2; i++) {
    streams[i].frame.count = 0;
    streams[i].left = (size_t)plan->output_limit;
  }
  pthread_mutex_unlock(&streams_lock);
  ds_session_set_streaming(session, 1);
}

// Sends the line that was begun, before the reply. The GIL is given up meanwhile: the
// lock's holder may be sending to a host that is slow to read.
static void end_output(struct ds_session *session) {
  ds_session_set_streaming(session, 0);
  void *state = ds_begin_blocking();
  pthread_mutex_lock(&streams_lock);
  flush(&streams[0]);
  flush(&streams[1]);
  pthread_mutex_unlock(&streams_lock);
  ds_end_blocking(state);
}

// ---- Requests ----------------------------------------------------------------------------------

static int put_reply_header(struct ds_buffer *reply, uint32_t number, uint8_t status) {
  const uint8_t kind = DS_FRAME_REPLY;
  reply->count = 0;
  return ds_buffer_append(reply, &kind, 1) || ds_buffer_append(reply, &number, sizeof number) ||
         ds_buffer_append(reply, &status, 1);
}

// Tells the exception that is set.
static int reply_exception(struct ds_buffer *reply, uint32_t number) {
  PyObject *exception = ds_take_exception();
  PyObject *module = exception ? PyImport_ImportModule("dynasaur_runtime.exceptions") : NULL;
  PyObject *told = module ? PyObject_CallMethod(module, "describe", "O", exception) : NULL;
  int failed = put_reply_header(reply, number, DS_REPLY_RAISED) || !told ||
               ds_encode(told, DS_OPAQUE_DESCRIBE, 0, reply);
  Py_XDECREF(told);
  Py_XDECREF(module);
  Py_XDECREF(exception);
  PyErr_Clear();
  return failed;
}

// Memory that ran out has to be there again for the next request; 0 when it is not. Cycles may hold it, as
// those of an exception and its frames do: their finalizers are code of the session.
static int settle(struct ds_session *session) {
  if (!ds_ballast_is_needed() || ds_ballast_restore()) return 1;
  int depth = ds_interruptible_begin(session);
  PyGC_Collect();
  ds_interruptible_end(session, depth);
  PyErr_Clear();
  return ds_ballast_restore();
}

static int serve_one(struct ds_session *session, const struct ds_buffer *frame,
                     const struct ds_plan *plan, struct ds_buffer *reply) {
  static struct ds_attachments none;
  struct ds_attachments *attachments = session->attachments ? session->attachments : &none;
  size_t length = frame->count;
  if (ds_attachments_take(attachments, frame->bytes, &length) || length < REQUEST_HEADER) return -1;
  uint32_t number;
  memcpy(&number, frame->bytes + 1, sizeof number);
  if (put_reply_header(reply, number, DS_REPLY_DONE)) return -1;
  start_output(session, plan);
  ds_interrupts_expect(number);
  int failed = ds_session_serve(session, frame->bytes + REQUEST_HEADER, length - REQUEST_HEADER,
                                reply);
  if (!failed && plan->reply_limit && reply->count + attachments->used > plan->reply_limit) {
    PyErr_SetString(PyExc_ValueError, "the value is larger than a session may send");
    failed = 1;
  }
  if (failed) {
    ds_attachments_reset(attachments);
    if (reply_exception(reply, number)) return -1;
  }
  const int is_settled = settle(session);
  ds_interrupts_expect(0);
  end_output(session);
  if (!is_settled) reply->bytes[REQUEST_HEADER] |= DS_REPLY_OUT_OF_MEMORY;
  return ds_attachments_put(attachments, reply);
}

int ds_engine_serve(struct ds_session *session, struct ds_channel *channel,
                    const struct ds_plan *plan) {
  struct ds_buffer request = {0}, reply = {0};
  ds_mailbox_open(channel);
  ds_session_set_sink(session, on_output, streams, release_output);
  ds_session_enter(session);
  for (;;) {
    // Threads that the session's code has started run while the session waits.
    void *state = ds_begin_blocking();
    int error = ds_mailbox_next_request(&request);
    ds_end_blocking(state);
    if (error) return 0;
    if (serve_one(session, &request, plan, &reply)) return DS_EXIT_OUT_OF_MEMORY;
    ds_buffer_free(&request);
    state = ds_begin_blocking();
    error = ds_mailbox_send(reply.bytes, reply.count);
    ds_end_blocking(state);
    if (error) return 0;
    if (reply.capacity > 1 << 20) ds_buffer_free(&reply);
  }
}
