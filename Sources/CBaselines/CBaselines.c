#define PY_SSIZE_T_CLEAN
#include "CBaselines.h"

#include <Python.h>

#include <malloc.h>

int64_t baseline_call_ints(PyObject *function, size_t count) {
  int64_t sum = 0;
  for (size_t i = 0; i < count; i++) {
    PyObject *slots[3] = {NULL, PyLong_FromLongLong((long long)i), PyLong_FromLongLong(2)};
    PyObject *result = PyObject_Vectorcall(function, slots + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET,
                                           NULL);
    Py_DECREF(slots[1]);
    Py_DECREF(slots[2]);
    if (!result) {
      PyErr_Clear();
      return -1;
    }
    int overflow;
    sum += PyLong_AsLongLongAndOverflow(result, &overflow);
    Py_DECREF(result);
  }
  return sum;
}

size_t baseline_compile_and_evaluate(const char *source, PyObject *globals, size_t count) {
  size_t failures = 0;
  for (size_t i = 0; i < count; i++) {
    PyObject *code = Py_CompileString(source, "<baseline>", Py_file_input);
    PyObject *result = code ? PyEval_EvalCode(code, globals, globals) : NULL;
    if (!result) {
      PyErr_Clear();
      failures++;
    }
    Py_XDECREF(result);
    Py_XDECREF(code);
  }
  return failures;
}

size_t baseline_read_floats(PyObject *list, double *values, size_t count) {
  size_t read = 0;
  while (read < count && read < (size_t)PyList_GET_SIZE(list)) {
    PyObject *item = PyList_GET_ITEM(list, (Py_ssize_t)read);
    if (!PyFloat_Check(item)) break;
    values[read++] = PyFloat_AS_DOUBLE(item);
  }
  return read;
}

PyObject *baseline_new_float_list(const double *values, size_t count) {
  PyObject *list = PyList_New((Py_ssize_t)count);
  for (size_t i = 0; list && i < count; i++)
    PyList_SET_ITEM(list, (Py_ssize_t)i, PyFloat_FromDouble(values[i]));
  return list;
}

PyObject *baseline_new_globals(void) {
  PyObject *globals = PyDict_New();
  if (globals) PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins());
  return globals;
}

PyObject *baseline_define(const char *source, const char *name) {
  PyObject *globals = baseline_new_globals();
  if (!globals) return NULL;
  PyObject *result = PyRun_String(source, Py_file_input, globals, globals);
  PyObject *function = result ? PyDict_GetItemString(globals, name) : NULL;
  Py_XINCREF(function);
  Py_XDECREF(result);
  Py_DECREF(globals);
  return function;
}

void baseline_set(PyObject *dict, const char *name, PyObject *value) {
  PyDict_SetItemString(dict, name, value);
}

void baseline_release(PyObject *object) { Py_XDECREF(object); }

int64_t baseline_heap_in_use(void) {
  struct mallinfo2 figures = mallinfo2();
  return (int64_t)(figures.uordblks + figures.hblkhd);
}
