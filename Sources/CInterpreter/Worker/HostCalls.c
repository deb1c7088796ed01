// Python functions of a session that the host implements.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdatomic.h>
#include <string.h>

#include "Interpreter.h"
#include "ValueCodec.h"
#include "Zygote.h"

static _Atomic uint32_t calls;

static int put_number(struct ds_buffer *frame, uint32_t number) {
  return ds_buffer_append(frame, &number, sizeof number);
}

// Raises what the Swift function threw, from the arguments of make_swift_error.
static void raise_swift_error(PyObject *details) {
  PyObject *module = PyImport_ImportModule("dynasaur_runtime.exceptions");
  PyObject *make = module ? PyObject_GetAttrString(module, "make_swift_error") : NULL;
  PyObject *error = make && PyTuple_Check(details) ? PyObject_CallObject(make, details) : NULL;
  if (error) PyErr_SetObject((PyObject *)Py_TYPE(error), error);
  Py_XDECREF(error);
  Py_XDECREF(make);
  Py_XDECREF(module);
  if (!PyErr_Occurred()) PyErr_SetString(PyExc_RuntimeError, "the host's reply is malformed");
}

static PyObject *exchange(struct ds_buffer *frame, uint32_t call) {
  struct ds_buffer result = {0};
  void *state = ds_begin_blocking();
  int error = ds_mailbox_send(frame->bytes, frame->count);
  if (!error) error = ds_mailbox_next_result(call, &result);
  ds_end_blocking(state);
  enum { HEADER = 6 };
  if (error || result.count < HEADER) {
    ds_buffer_free(&result);
    PyErr_SetString(PyExc_RuntimeError, "the host is gone");
    return NULL;
  }
  int failed = result.bytes[HEADER - 1] != DS_REPLY_DONE;
  PyObject *value = ds_decode(result.bytes + HEADER, result.count - HEADER);
  ds_buffer_free(&result);
  if (!value || !failed) return value;
  raise_swift_error(value);
  Py_DECREF(value);
  return NULL;
}

// call_host(function, *arguments)
static PyObject *call_host(PyObject *module, PyObject *arguments) {
  (void)module;
  if (PyTuple_GET_SIZE(arguments) < 1) {
    PyErr_SetString(PyExc_TypeError, "call_host(function, *arguments)");
    return NULL;
  }
  unsigned long function = PyLong_AsUnsignedLong(PyTuple_GET_ITEM(arguments, 0));
  if (PyErr_Occurred()) return NULL;
  PyObject *rest = PyTuple_GetSlice(arguments, 1, PyTuple_GET_SIZE(arguments));
  if (!rest) return NULL;
  uint32_t call = atomic_fetch_add(&calls, 1) + 1;
  struct ds_buffer frame = {0};
  const uint8_t kind = DS_FRAME_HOST_CALL;
  PyObject *result = NULL;
  if (ds_buffer_append(&frame, &kind, 1) || put_number(&frame, call) ||
      put_number(&frame, (uint32_t)function))
    PyErr_NoMemory();
  else if (ds_encode(rest, DS_OPAQUE_DESCRIBE, 0, &frame) == 0)
    result = exchange(&frame, call);
  ds_buffer_free(&frame);
  Py_DECREF(rest);
  return result;
}

static PyMethodDef methods[] = {
    {"call_host", call_host, METH_VARARGS,
     "call_host(function, *arguments): what the host's function of that number returns."},
    {NULL}};

int ds_host_calls_install(void) {
  PyObject *module = PyImport_ImportModule("_dynasaur");
  int failed = !module || PyModule_AddFunctions(module, methods);
  Py_XDECREF(module);
  return failed ? -1 : 0;
}
