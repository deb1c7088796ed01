#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>
#include <string.h>

#include "Attachments.h"
#include "ConversionShims.h"
#include "GuardRails/Rails.h"
#include "Interruption.h"
#include "PythonStubs.h"
#include "RuntimeModule.h"
#include "SessionState.h"
#include "Steps.h"

static const char *const session_capsule = "dynasaur.session";

static struct ds_session *session_of(PyObject *capsule) {
  return PyCapsule_GetPointer(capsule, session_capsule);
}

// ---- Functions of the module -------------------------------------------------------------------

static PyObject *module_write(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
  if (count != 2 || !PyLong_Check(arguments[0]) || !PyUnicode_Check(arguments[1])) {
    PyErr_SetString(PyExc_TypeError, "write(descriptor, text)");
    return NULL;
  }
  long descriptor = PyLong_AsLong(arguments[0]);
  if (descriptor != 1 && descriptor != 2) {
    PyErr_SetString(PyExc_ValueError, "descriptor must be 1 or 2");
    return NULL;
  }
  Py_ssize_t size;
  const char *text = PyUnicode_AsUTF8AndSize(arguments[1], &size);
  PyObject *replaced = NULL;
  if (!text) {  // Lone surrogates: printed as escapes rather than lost.
    PyErr_Clear();
    replaced = PyUnicode_AsEncodedString(arguments[1], "utf-8", "backslashreplace");
    if (!replaced) return NULL;
    text = PyBytes_AS_STRING(replaced);
    size = PyBytes_GET_SIZE(replaced);
  }
  int failed = ds_session_write((int)descriptor, text, (size_t)size);
  Py_XDECREF(replaced);
  return failed ? NULL : PyLong_FromSsize_t(PyUnicode_GET_LENGTH(arguments[1]));
}

// The capsule by which this thread works for a session, until it is gone. What the thread frees after
// that, its own state, must not be charged to the session: it may be gone too.
static __thread PyObject *entered_by;

static void release_session_capsule(PyObject *capsule) {
  if (capsule == entered_by) {
    entered_by = NULL;
    ds_session_enter(NULL);
  }
  ds_session_release(session_of(capsule));
}

static PyObject *module_current_session(PyObject *module, PyObject *unused) {
  struct ds_session *session = ds_session_current();
  if (!session) Py_RETURN_NONE;
  return PyCapsule_New(ds_session_retain(session), session_capsule, release_session_capsule);
}

static PyObject *module_current_globals(PyObject *module, PyObject *unused) {
  struct ds_session *session = ds_session_current();
  return Py_NewRef(session && session->globals ? session->globals : Py_None);
}

static PyObject *module_exit_thread(PyObject *module, PyObject *number) {
  unsigned long thread = PyLong_AsUnsignedLong(number);
  if (PyErr_Occurred()) return NULL;
  return PyLong_FromLong(PyThreadState_SetAsyncExc(thread, PyExc_SystemExit));
}

static PyObject *module_enter_session(PyObject *module, PyObject *capsule) {
  struct rails *rails = ds_rails_of_thread();
  if (rails && ds_rails_called_by_session(rails, NULL)) {
    ds_rails_refuse("leaving the session");
    return NULL;
  }
  if (capsule == Py_None) {
    entered_by = NULL;
    ds_session_enter(NULL);
    Py_RETURN_NONE;
  }
  struct ds_session *session = session_of(capsule);
  if (!session) return NULL;
  entered_by = capsule;
  ds_session_enter(session);
  Py_RETURN_NONE;
}

static PyObject *module_interruptible_depth(PyObject *module, PyObject *unused) {
  struct ds_session *session = ds_session_current();
  return PyLong_FromLong(session ? session->interruptible_depth : 0);
}

static PyObject *module_begin_interruptible(PyObject *module, PyObject *unused) {
  struct ds_session *session = ds_session_current();
  if (session) ds_interruptible_begin(session);
  Py_RETURN_NONE;
}

static PyObject *module_end_interruptible(PyObject *module, PyObject *depth) {
  struct ds_session *session = ds_session_current();
  if (session) ds_interruptible_end(session, PyLong_AsLong(depth));
  Py_RETURN_NONE;
}

static PyObject *module_take_interruption(PyObject *module, PyObject *unused) {
  struct ds_session *session = ds_session_current();
  int kind = session ? session->interrupted : 0;
  if (session) session->interrupted = 0;
  return PyLong_FromLong(kind);
}

static PyObject *module_begin_step(PyObject *module, PyObject *source) {
  struct ds_session *session = ds_session_current();
  if (session && PyUnicode_Check(source)) return ds_step_begin(session, source);
  PyErr_SetString(PyExc_RuntimeError, "begin_step(source), on a thread that works for a session");
  return NULL;
}

static PyObject *module_take_output(PyObject *module, PyObject *unused) {
  struct ds_session *session = ds_session_current();
  if (!session) {
    PyErr_SetString(PyExc_RuntimeError, "this thread works for no session");
    return NULL;
  }
  return ds_session_take_output(session);
}

static PyObject *module_encode(PyObject *module, PyObject *arguments, PyObject *keywords) {
  static char *names[] = {"value", "limit", "lenient", "attach", NULL};
  PyObject *value;
  Py_ssize_t limit = 0;
  int lenient = 0, attach = 0;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O|n$pp", names, &value, &limit, &lenient,
                                   &attach))
    return NULL;
  struct ds_session *session = attach ? ds_session_current() : NULL;
  struct ds_buffer buffer = {0};
  PyObject *bytes = NULL;
  int failed = ds_encode_attaching(value, lenient ? DS_OPAQUE_DESCRIBE : DS_OPAQUE_REFUSE,
                                   (size_t)limit, &buffer, session ? session->attachments : NULL);
  if (failed && lenient && PyErr_ExceptionMatches(PyExc_Exception)) {
    PyErr_Clear();
    buffer.count = 0;
    failed = ds_encode_description(value, &buffer);
  }
  if (!failed)
    bytes = PyBytes_FromStringAndSize((const char *)buffer.bytes, (Py_ssize_t)buffer.count);
  ds_buffer_free(&buffer);
  return bytes;
}

static PyObject *module_decode(PyObject *module, PyObject *bytes) {
  Py_buffer view;
  if (PyObject_GetBuffer(bytes, &view, PyBUF_SIMPLE)) return NULL;
  PyObject *value = ds_decode(view.buf, (size_t)view.len);
  PyBuffer_Release(&view);
  return value;
}

static PyObject *module_embedded_source(PyObject *module, PyObject *name) {
  const char *wanted = PyUnicode_AsUTF8(name);
  if (!wanted) return NULL;
  for (const struct dynasaur_stub *stub = dynasaur_stubs(); stub->name; stub++)
    if (!strcmp(stub->name, wanted))
      return PyUnicode_DecodeUTF8(stub->source, (Py_ssize_t)strlen(stub->source), "strict");
  Py_RETURN_NONE;
}

static PyMethodDef module_methods[] = {
    {"write", (PyCFunction)(void (*)(void))module_write, METH_FASTCALL,
     "Print text for the session that the calling thread works for."},
    {"current_session", module_current_session, METH_NOARGS,
     "The session that the calling thread works for, or None."},
    {"current_globals", module_current_globals, METH_NOARGS,
     "The variables of the session that the calling thread works for, or None."},
    {"exit_thread", module_exit_thread, METH_O,
     "Raise SystemExit in the thread of an identifier, once it runs Python code."},
    {"enter_session", module_enter_session, METH_O,
     "Make the calling thread work for a session, or for none."},
    {"interruptible_depth", module_interruptible_depth, METH_NOARGS,
     "How many interruptible sections the session is in."},
    {"begin_interruptible", module_begin_interruptible, METH_NOARGS,
     "From here a deadline may interrupt the calling thread."},
    {"end_interruptible", module_end_interruptible, METH_O,
     "Return to a depth; at 0 an interruption that was not delivered is dropped."},
    {"take_interruption", module_take_interruption, METH_NOARGS,
     "The kind of interruption (1 deadline, 2 cancellation) since the last call, or 0."},
    {"begin_step", module_begin_step, METH_O,
     "Count a step of the session and register its source: its file name."},
    {"take_output", module_take_output, METH_NOARGS,
     "What the session printed since the last call: (stdout, stderr, bytes dropped of each), or None."},
    {"encode", (PyCFunction)(void (*)(void))module_encode, METH_VARARGS | METH_KEYWORDS,
     "encode(value, limit=0, *, lenient=False, attach=False): the value as plain data. Lenient: what "
     "is not plain data, too large or too deep is described. Attach: for the reply to the request "
     "under way, beside which large arrays may travel."},
    {"decode", module_decode, METH_O, "The value of plain data."},
    {"embedded_source", module_embedded_source, METH_O,
     "The source of an embedded file such as 'dynasaur_runtime/engine.py', or None."},
    {NULL}};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_dynasaur", .m_size = -1, .m_methods = module_methods};

static PyObject *module_init(void) {
  PyObject *module = PyModule_Create(&module_definition);
  if (module && (ds_host_function_register(module) || ds_guarded_register(module)))
    Py_CLEAR(module);
  return module;
}

int ds_runtime_module_register(void) { return PyImport_AppendInittab("_dynasaur", module_init); }

// ---- The Python half ---------------------------------------------------------------------------

int ds_runtime_module_bootstrap(void) {
  const char *name = "dynasaur_runtime/bootstrap.py";
  const struct dynasaur_stub *stub = dynasaur_stubs();
  while (stub->name && strcmp(stub->name, name)) stub++;
  PyObject *code = stub->name ? Py_CompileString(stub->source, name, Py_file_input) : NULL;
  PyObject *module = code ? PyImport_ExecCodeModule("dynasaur_runtime.bootstrap", code) : NULL;
  Py_XDECREF(code);
  Py_XDECREF(module);
  return module ? 0 : -1;
}

// A function of dynasaur_runtime, borrowed; looked up once.
static PyObject *service(PyObject **cache, const char *module_name, const char *name) {
  if (*cache) return *cache;
  PyObject *module = PyImport_ImportModule(module_name);
  if (module) *cache = PyObject_GetAttrString(module, name);
  Py_XDECREF(module);
  return *cache;
}

#define PLAIN_DATA(name) \
  static PyObject *cache; \
  PyObject *function = service(&cache, "dynasaur_runtime.plain_data", name); \
  if (!function) return NULL

PyObject *ds_describe_object(PyObject *value) {
  PLAIN_DATA("describe");
  return PyObject_CallOneArg(function, value);
}

PyObject *ds_convert_to_plain(PyObject *value) {
  PLAIN_DATA("convert");
  return PyObject_CallOneArg(function, value);
}

PyObject *ds_format_size(const char *format) {
  PLAIN_DATA("format_size");
  return PyObject_CallFunction(function, "s", format);
}

PyObject *ds_make_array(const char *format, PyObject *shape, const char *bytes, long count) {
  PLAIN_DATA("make_array");
  // Copied once, by the function; the view ends with the call.
  PyObject *view = PyMemoryView_FromMemory((char *)(uintptr_t)bytes, (Py_ssize_t)count, PyBUF_READ);
  PyObject *array = view ? PyObject_CallFunction(function, "sOO", format, shape, view) : NULL;
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyObject *released = view ? PyObject_CallMethod(view, "release", NULL) : NULL;
  if (!released) PyErr_Clear();
  Py_XDECREF(released);
  Py_XDECREF(view);
  PyErr_Restore(type, value, traceback);
  return array;
}

PyObject *ds_make_decimal(const char *text, size_t count) {
  PLAIN_DATA("make_decimal");
  return PyObject_CallFunction(function, "s#", text, (Py_ssize_t)count);
}

PyObject *ds_make_uuid(const char *bytes) {
  PLAIN_DATA("make_uuid");
  return PyObject_CallFunction(function, "y#", bytes, (Py_ssize_t)16);
}

PyObject *ds_held_object(uint64_t handle) {
  struct ds_session *session = ds_session_current();
  if (!session) {
    PyErr_SetString(PyExc_RuntimeError, "this thread works for no session");
    return NULL;
  }
  return PyObject_CallMethod(session->engine, "held", "K", (unsigned long long)handle);
}

PyObject *ds_name_dataclass_fields(void) {
  static PyObject *name;
  if (!name) name = PyUnicode_InternFromString("__dataclass_fields__");
  return name;
}

// ---- Sessions ----------------------------------------------------------------------------------

struct ds_session *ds_session_create(const char *module_name, const char *step_prefix,
                                     size_t output_limit) {
  static PyObject *cache;
  PyObject *type = service(&cache, "dynasaur_runtime.engine", "Engine");
  struct ds_session *session = type ? ds_session_allocate() : NULL;
  if (!session) {
    if (type) PyErr_NoMemory();
    return NULL;
  }
  session->output_limit = output_limit;
  session->engine = PyObject_CallFunction(type, "ss", module_name, step_prefix);
  session->globals = session->engine ? ds_attribute(session->engine, "globals") : NULL;
  if (!session->globals) {
    ds_session_release(session);
    return NULL;
  }
  return session;
}

void ds_session_close(struct ds_session *session) {
  session->streaming = 0;
  struct ds_session *before = ds_session_enter(session);
  // Finalizers of the session's objects run here, and may do anything.
  int depth = ds_interruptible_begin(session);
  PyObject *close = ds_attribute(session->engine, "close"), *result = NULL;
  // What interrupts a finalizer may hit the engine between two of them, which goes on then.
  for (int i = 0; close && !result && i < 10; i++) {
    PyErr_Clear();
    result = PyObject_CallNoArgs(close);
  }
  if (!result) PyErr_Clear();
  ds_interruptible_end(session, depth);
  Py_XDECREF(result);
  Py_XDECREF(close);
  ds_session_enter(before == session ? NULL : before);
}

PyObject *ds_session_globals(struct ds_session *session) { return session->globals; }
PyObject *ds_session_engine(struct ds_session *session) { return session->engine; }

void ds_session_set_attachments(struct ds_session *session, struct ds_attachments *attachments) {
  session->attachments = attachments;
}

int ds_session_serve(struct ds_session *session, const uint8_t *request, size_t count,
                     struct ds_buffer *reply) {
  ds_ballast_take();
  ds_heap_begin(session);
  PyObject *call = ds_decode_attached(request, count, session->attachments);
  if (!call) return -1;
  if (session->attachments) ds_attachments_reset(session->attachments);
  PyObject *result = NULL;
  if (!PyTuple_Check(call) || PyTuple_GET_SIZE(call) < 1 || !PyUnicode_Check(PyTuple_GET_ITEM(call, 0))) {
    PyErr_SetString(PyExc_ValueError, "a request is a tuple that begins with an operation's name");
  } else {
    PyUnicode_InternInPlace(&PyTuple_GET_ITEM(call, 0));
    PyObject *method = PyObject_GetAttr(session->engine, PyTuple_GET_ITEM(call, 0));
    Py_ssize_t arguments = PyTuple_GET_SIZE(call) - 1;
    if (method)
      result = PyObject_Vectorcall(method, &PyTuple_GET_ITEM(call, 0) + 1, (size_t)arguments, NULL);
    Py_XDECREF(method);
  }
  Py_DECREF(call);
  if (!result) return -1;
  int failed = ds_encode(result, DS_OPAQUE_DESCRIBE, 0, reply);
  Py_DECREF(result);
  return failed;
}
