// Functions that reach outside without an audit event: a callable in their place asks the rails first.
// In C, so that no attribute leads to the function behind it.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "Rails.h"

#include <stdlib.h>
#include <string.h>
#include <structmember.h>

enum kind {
  REFUSED,       // Never.
  REFUSED_HERE,  // Not by the session's own code: packages know what they do.
  PROGRAMS,      // Where the session may run programs.
  READS,         // The first argument is a descriptor.
  WRITES,
  REPLACES,      // The first two are.
  OPENS,         // The result is a descriptor, or a tuple of them; there may be a dir_fd.
  RECURSION,     // A limit that is held to what the stack has room for.
};

typedef struct {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  PyObject *behind;
  PyObject *what;
  int kind;
} Guarded;

static int note_descriptor(struct rails *rails, long number) {
  struct stat status;
  if (number < 0 || fstat((int)number, &status) != 0) return 0;
  size_t slot = 0;
  while (slot < rails->descriptor_count && rails->descriptors[slot].number != number) slot++;
  if (slot == rails->descriptor_capacity) {
    size_t capacity = slot ? 2 * slot : 16;
    struct own_descriptor *grown = realloc(rails->descriptors, capacity * sizeof *grown);
    if (!grown) return -1;
    rails->descriptors = grown;
    rails->descriptor_capacity = capacity;
  }
  rails->descriptors[slot] = (struct own_descriptor){(int)number, status.st_dev, status.st_ino};
  if (slot == rails->descriptor_count) rails->descriptor_count++;
  return 0;
}

static void note_result(PyObject *result) {
  // The rails again: the call may have run anything.
  struct rails *rails = ds_rails_of_thread();
  if (!rails || !result) return;
  if (PyLong_Check(result)) note_descriptor(rails, PyLong_AsLong(result));
  for (Py_ssize_t i = 0; PyTuple_Check(result) && i < PyTuple_GET_SIZE(result); i++)
    if (PyLong_Check(PyTuple_GET_ITEM(result, i)))
      note_descriptor(rails, PyLong_AsLong(PyTuple_GET_ITEM(result, i)));
}

static int check_number(struct rails *rails, PyObject *value, enum path_access access) {
  if (!value || !PyLong_Check(value)) return 0;
  return ds_rails_check_descriptor(rails, (int)PyLong_AsLong(value), access);
}

// os.open(path, flags, mode, *, dir_fd): the event "open" does not tell the directory.
static int check_directory(struct rails *rails, PyObject *const *arguments, Py_ssize_t count,
                           PyObject *names) {
  for (Py_ssize_t i = 0; names && count > 0 && i < PyTuple_GET_SIZE(names); i++) {
    PyObject *directory = arguments[count + i];
    if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, i), "dir_fd") || !PyLong_Check(directory))
      continue;
    return ds_rails_check_path(rails, arguments[0], (int)PyLong_AsLong(directory), PATH_WRITE, 1, 1);
  }
  return 0;
}

static PyObject *guarded_vectorcall(PyObject *self, PyObject *const *arguments, size_t nargsf,
                                    PyObject *names) {
  Guarded *guarded = (Guarded *)self;
  Py_ssize_t count = PyVectorcall_NARGS(nargsf);
  PyObject *first = count > 0 ? arguments[0] : NULL;
  struct rails *rails = ds_rails_of_thread();
  int refused = 0;
  const int concerns_all =
      guarded->kind == REFUSED || guarded->kind == PROGRAMS || guarded->kind == RECURSION;
  if (rails && (concerns_all || ds_rails_called_by_session(rails, NULL))) {
    switch ((enum kind)guarded->kind) {
      case PROGRAMS:
        if (rails->allows_programs) break;
        // fall through
      case REFUSED:
      case REFUSED_HERE: refused = ds_rails_refuse("%U", guarded->what); break;
      case READS: refused = check_number(rails, first, PATH_READ); break;
      case WRITES: refused = check_number(rails, first, PATH_WRITE); break;
      case REPLACES:
        refused = check_number(rails, first, PATH_READ) ||
                  check_number(rails, count > 1 ? arguments[1] : NULL, PATH_WRITE);
        break;
      case OPENS: refused = check_directory(rails, arguments, count, names); break;
      case RECURSION:
        // One limit for all threads of the process: neither less than usual nor more than fits.
        if (first && PyLong_Check(first) && !names) {
          int overflow;
          long wanted = PyLong_AsLongAndOverflow(first, &overflow);
          if (overflow > 0 || wanted > rails->recursion_limit) wanted = rails->recursion_limit;
          if (wanted < 1000) wanted = 1000;
          return PyObject_CallFunction(guarded->behind, "l", wanted);
        }
        break;
    }
  }
  if (refused) return NULL;
  PyObject *result = PyObject_Vectorcall(guarded->behind, arguments,
                                         nargsf & ~PY_VECTORCALL_ARGUMENTS_OFFSET, names);
  if (rails && (guarded->kind == OPENS || guarded->kind == REPLACES)) note_result(result);
  return result;
}

// Its name, documentation and signature are those of the function behind it.
static PyObject *guarded_getattro(PyObject *self, PyObject *name) {
  static const char *const shown[] = {"__name__", "__qualname__", "__doc__", "__module__",
                                      "__text_signature__"};
  for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
    if (PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, shown[i]) == 0)
      return PyObject_GetAttr(((Guarded *)self)->behind, name);
  return PyObject_GenericGetAttr(self, name);
}

static PyObject *guarded_repr(PyObject *self) { return PyObject_Repr(((Guarded *)self)->behind); }

static void guarded_dealloc(PyObject *self) {
  Py_CLEAR(((Guarded *)self)->behind);
  Py_CLEAR(((Guarded *)self)->what);
  Py_TYPE(self)->tp_free(self);
}

static PyTypeObject GuardedType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "_dynasaur.Guarded",
    .tp_basicsize = sizeof(Guarded),
    .tp_dealloc = guarded_dealloc,
    .tp_vectorcall_offset = offsetof(Guarded, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_repr = guarded_repr,
    .tp_getattro = guarded_getattro,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
};

static PyObject *guard(PyObject *module, PyObject *arguments) {
  PyObject *behind, *what;
  const char *kind;
  if (!PyArg_ParseTuple(arguments, "OsU", &behind, &kind, &what)) return NULL;
  static const char *const kinds[] = {"refused", "refused here", "programs", "reads",
                                      "writes",  "replaces",     "opens",    "recursion"};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strcmp(kind, kinds[i])) continue;
    Guarded *guarded = PyObject_New(Guarded, &GuardedType);
    if (!guarded) return NULL;
    guarded->vectorcall = guarded_vectorcall;
    guarded->behind = Py_NewRef(behind);
    guarded->what = Py_NewRef(what);
    guarded->kind = (int)i;
    return (PyObject *)guarded;
  }
  PyErr_Format(PyExc_ValueError, "no kind of guard: %s", kind);
  return NULL;
}

// ---- Threads -------------------------------------------------------------------------------------

static PyObject *begin_thread(PyObject *module, PyObject *unused) {
  struct rails *rails = ds_rails_of_thread();
  if (rails && rails->thread_limit && rails->threads >= rails->thread_limit) {
    PyErr_Format(PyExc_RuntimeError, "can't start new thread: this session may have %u at a time",
                 rails->thread_limit);
    return NULL;
  }
  if (rails) rails->threads++;
  Py_RETURN_NONE;
}

static PyObject *end_thread(PyObject *module, PyObject *unused) {
  struct rails *rails = ds_rails_of_thread();
  if (rails && rails->threads > 0) rails->threads--;
  Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"guard", guard, METH_VARARGS,
     "guard(function, kind, what): the function behind the guard rails of sessions."},
    {"begin_thread", begin_thread, METH_NOARGS,
     "Count a thread that the calling thread's session starts; RuntimeError for one too many."},
    {"end_thread", end_thread, METH_NOARGS, "Count the calling thread, or one that did not start, no more."},
    {NULL}};

int ds_guarded_register(PyObject *module) {
  return PyType_Ready(&GuardedType) || PyModule_AddFunctions(module, methods) ? -1 : 0;
}
