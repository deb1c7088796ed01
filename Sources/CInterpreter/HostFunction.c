#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <frameobject.h>
#include <structmember.h>

#include "RuntimeModule.h"
#include "SessionState.h"

typedef struct {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  void *context;
  ds_host_call call;
  void (*release)(void *context);
  long parameter_count;  // arguments that `call` takes; -1 for any number
  PyObject *name;
  PyCodeObject *code;  // stands for the Swift code in tracebacks; NULL for none
  PyObject *attributes;
  PyObject *weak_references;
} HostFunction;

// Arguments that are not simply those of the parameters in order are bound by the `__signature__` that
// was set; slower, and rarely used.
static PyObject *call_bound_to_signature(PyObject *self, PyObject *const *arguments, Py_ssize_t count,
                                    PyObject *keyword_names) {
  static PyObject *call_bound;
  if (!call_bound) {
    PyObject *module = PyImport_ImportModule("dynasaur_runtime.host_functions");
    if (module) call_bound = PyObject_GetAttrString(module, "call_bound");
    Py_XDECREF(module);
    if (!call_bound) return NULL;
  }
  PyObject *positional = PyTuple_New(count);
  PyObject *keywords = positional ? PyDict_New() : NULL;
  for (Py_ssize_t i = 0; keywords && i < count; i++)
    PyTuple_SET_ITEM(positional, i, Py_NewRef(arguments[i]));
  Py_ssize_t named = keyword_names ? PyTuple_GET_SIZE(keyword_names) : 0;
  for (Py_ssize_t i = 0; keywords && i < named; i++)
    if (PyDict_SetItem(keywords, PyTuple_GET_ITEM(keyword_names, i), arguments[count + i]))
      Py_CLEAR(keywords);
  PyObject *result = keywords ? PyObject_CallFunctionObjArgs(call_bound, self, positional,
                                                             keywords, NULL)
                              : NULL;
  Py_XDECREF(positional);
  Py_XDECREF(keywords);
  return result;
}

// Puts the Swift function into the traceback of the exception that it raised, as a frame.
static void add_frame(HostFunction *function) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyObject *globals = PyDict_New();
  PyFrameObject *frame =
      globals ? PyFrame_New(PyThreadState_Get(), function->code, globals, NULL) : NULL;
  Py_XDECREF(globals);
  if (!frame) PyErr_Clear();
  PyErr_Restore(type, value, traceback);
  if (frame) PyTraceBack_Here(frame);
  Py_XDECREF(frame);
}

static PyObject *host_function_vectorcall(PyObject *self, PyObject *const *arguments, size_t nargsf,
                                          PyObject *keyword_names) {
  HostFunction *function = (HostFunction *)self;
  Py_ssize_t count = PyVectorcall_NARGS(nargsf);
  if (__builtin_expect((keyword_names && PyTuple_GET_SIZE(keyword_names) > 0) ||
                           (function->parameter_count >= 0 && count != function->parameter_count),
                       0))
    return call_bound_to_signature(self, arguments, count, keyword_names);
  PyObject *result = function->call(function->context, arguments, (size_t)count);
  if (__builtin_expect(!result, 0) && function->code) add_frame(function);
  return result;
}

static void host_function_dealloc(PyObject *self) {
  HostFunction *function = (HostFunction *)self;
  PyObject_GC_UnTrack(self);
  if (function->weak_references) PyObject_ClearWeakRefs(self);
  if (function->release) function->release(function->context);
  Py_CLEAR(function->name);
  Py_CLEAR(function->code);
  Py_CLEAR(function->attributes);
  Py_TYPE(self)->tp_free(self);
}

static int host_function_traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(((HostFunction *)self)->attributes);
  return 0;
}

static int host_function_clear(PyObject *self) {
  Py_CLEAR(((HostFunction *)self)->attributes);
  return 0;
}

static PyObject *host_function_repr(PyObject *self) {
  return PyUnicode_FromFormat("<swift function %U>", ((HostFunction *)self)->name);
}

static PyObject *host_function_get_name(PyObject *self, void *closure) {
  return Py_NewRef(((HostFunction *)self)->name);
}

static PyGetSetDef host_function_getset[] = {
    {"__name__", host_function_get_name, NULL, NULL, NULL},
    {"__qualname__", host_function_get_name, NULL, NULL, NULL},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL}};

static PyTypeObject HostFunctionType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "_dynasaur.HostFunction",
    .tp_basicsize = sizeof(HostFunction),
    .tp_dealloc = host_function_dealloc,
    .tp_vectorcall_offset = offsetof(HostFunction, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_repr = host_function_repr,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_setattro = PyObject_GenericSetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_traverse = host_function_traverse,
    .tp_clear = host_function_clear,
    .tp_weaklistoffset = offsetof(HostFunction, weak_references),
    .tp_dictoffset = offsetof(HostFunction, attributes),
    .tp_getset = host_function_getset,
};

int ds_host_function_register(PyObject *module) {
  if (PyType_Ready(&HostFunctionType)) return -1;
  return PyModule_AddObjectRef(module, "HostFunction", (PyObject *)&HostFunctionType);
}

PyObject *ds_new_host_function(const char *name, const char *file, int line, long parameter_count,
                               void *context, ds_host_call call, void (*release)(void *context)) {
  HostFunction *function = PyObject_GC_New(HostFunction, &HostFunctionType);
  if (!function) return NULL;
  function->vectorcall = host_function_vectorcall;
  function->context = context;
  function->call = call;
  function->release = NULL;
  function->attributes = NULL;
  function->weak_references = NULL;
  function->parameter_count = parameter_count;
  function->name = PyUnicode_FromString(name);
  function->code = file ? PyCode_NewEmpty(file, name, line) : NULL;
  if (!function->name || (file && !function->code)) {
    Py_DECREF(function);
    return NULL;
  }
  function->release = release;
  PyObject_GC_Track((PyObject *)function);
  return (PyObject *)function;
}
