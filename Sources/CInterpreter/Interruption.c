#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <frameobject.h>

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "Interruption.h"
#include "SessionState.h"

static PyObject *exception_for(enum ds_interruption kind) {
  static PyObject *exceptions[3];
  if (!exceptions[kind]) {
    PyObject *module = PyImport_ImportModule("dynasaur_runtime.exceptions");
    if (!module) return NULL;
    exceptions[DS_INTERRUPT_DEADLINE] = PyObject_GetAttrString(module, "DeadlineExceeded");
    exceptions[DS_INTERRUPT_CANCEL] = PyObject_GetAttrString(module, "Cancelled");
    Py_DECREF(module);
  }
  return exceptions[kind];
}

// The runtime's own frames report the interruption; interrupting them would lose the report.
static int is_runtime_frame(PyFrameObject *frame) {
  PyCodeObject *code = PyFrame_GetCode(frame);
  const char *file = PyUnicode_AsUTF8(code->co_filename);
  int own = file && !strncmp(file, "dynasaur_runtime/", strlen("dynasaur_runtime/"));
  if (!file) PyErr_Clear();
  Py_DECREF(code);
  return own;
}

static int raise_at_every_event(PyObject *kind, PyFrameObject *frame, int what, PyObject *argument) {
  struct ds_session *session = ds_session_current();
  if (!session || !session->interruption || is_runtime_frame(frame)) return 0;
  // A loop on one line gives no line events while it catches what is raised: trace instructions.
  PyObject *attribute = PyUnicode_InternFromString("f_trace_opcodes");
  if (!attribute || PyObject_SetAttr((PyObject *)frame, attribute, Py_True)) PyErr_Clear();
  Py_XDECREF(attribute);
  PyErr_SetNone(exception_for(session->interruption));
  return -1;
}

static PyThreadState *state_of_thread(unsigned long identifier) {
  for (PyThreadState *state = PyInterpreterState_ThreadHead(PyInterpreterState_Main()); state;
       state = PyThreadState_Next(state))
    if (state->thread_id == identifier) return state;
  return NULL;
}

static void set_trace(unsigned long thread, Py_tracefunc function) {
#if PY_VERSION_HEX >= 0x030c0000
  // Every thread gets it; those that are not interrupted return at once.
  PyEval_SetTraceAllThreads(function, NULL);
#else
  PyThreadState *state = state_of_thread(thread);
  if (state) _PyEval_SetTrace(state, function, NULL);
#endif
  if (PyErr_Occurred()) PyErr_Clear();
}

// An event loop that waits for its files takes no notice of exceptions. Last, because the GIL may be
// released, and the session end meanwhile.
static void wake_event_loop(PyObject *engine) {
  static PyObject *wake;
  if (!wake) wake = PyUnicode_InternFromString("wake");
  Py_INCREF(engine);
  PyObject *result = wake ? PyObject_CallMethodNoArgs(engine, wake) : NULL;
  if (!result) PyErr_Clear();
  Py_XDECREF(result);
  Py_DECREF(engine);
}

void ds_interrupt(struct ds_session *session, enum ds_interruption kind, int forcefully) {
  if (!session->interruptible_depth) return;
  PyObject *exception = exception_for(kind);
  if (!exception) {
    PyErr_Clear();
    return;
  }
  session->interruption = session->interrupted = kind;
  PyThreadState_SetAsyncExc(session->interruptible_thread, exception);
  if (forcefully) {
    session->traced = 1;
    set_trace(session->interruptible_thread, raise_at_every_event);
  }
  wake_event_loop(session->engine);
}

int64_t ds_interruptible_time(struct ds_session *session) {
  clockid_t clock;
  struct timespec time;
  // The thread cannot end before its section, which ends under the GIL.
  if (!session->interruptible_depth ||
      pthread_getcpuclockid((pthread_t)session->interruptible_thread, &clock) ||
      clock_gettime(clock, &time))
    return 0;
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int ds_interruptible_begin(struct ds_session *session) {
  if (session->interruptible_depth == 0)
    session->interruptible_thread = PyThread_get_thread_ident();
  return session->interruptible_depth++;
}

void ds_interruptible_end(struct ds_session *session, long depth) {
  session->interruptible_depth = depth > 0 ? (int)depth : 0;
  if (depth > 0) return;
  if (session->interruption) PyThreadState_SetAsyncExc(session->interruptible_thread, NULL);
  session->interruption = 0;
  if (session->traced) {
    session->traced = 0;
    set_trace(session->interruptible_thread, NULL);
  }
}
