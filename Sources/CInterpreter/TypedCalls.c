#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "TypedCalls.h"

_Static_assert(sizeof(union ds_word) == sizeof(PyObject *), "words are passed on as an array of objects");

static unsigned kind_of(uint64_t kinds, size_t index) {
  return index < DS_WORD_KINDS ? (kinds >> (2 * index)) & 3 : DS_WORD_OBJECT;
}

void ds_discard_words(union ds_word *words, size_t count, uint64_t kinds) {
  for (size_t i = 0; i < count; i++)
    if (kind_of(kinds, i) == DS_WORD_OBJECT) Py_DECREF(words[i + 1].object);
}

// Makes objects of the numbers, in place. On failure nothing is left to release.
static int make_objects(union ds_word *words, size_t count, uint64_t kinds) {
  for (size_t i = 0; i < count; i++) {
    union ds_word *word = &words[i + 1];
    switch (kind_of(kinds, i)) {
      case DS_WORD_INTEGER: word->object = PyLong_FromLongLong(word->integer); break;
      case DS_WORD_NUMBER: word->object = PyFloat_FromDouble(word->number); break;
      default: continue;
    }
    if (__builtin_expect(!word->object, 0)) {
      for (size_t made = 1; made <= i; made++) Py_DECREF(words[made].object);
      for (size_t rest = i + 1; rest < count; rest++)
        if (kind_of(kinds, rest) == DS_WORD_OBJECT) Py_DECREF(words[rest + 1].object);
      return -1;
    }
  }
  return 0;
}

static enum ds_call_status take_result(PyObject *object, enum ds_word_kind kind,
                                       union ds_word *result) {
  result->object = object;
  switch (kind) {
    case DS_WORD_INTEGER:
      if (PyLong_CheckExact(object)) {
        int overflow;
        int64_t integer = PyLong_AsLongLongAndOverflow(object, &overflow);
        if (overflow) return DS_CALL_OTHER;
        result->integer = integer;
        break;
      }
      return DS_CALL_OTHER;
    case DS_WORD_NUMBER:
      if (!PyFloat_CheckExact(object)) return DS_CALL_OTHER;
      result->number = PyFloat_AS_DOUBLE(object);
      break;
    case DS_WORD_NOTHING: break;
    default: return DS_CALL_DONE;
  }
  Py_DECREF(object);
  return DS_CALL_DONE;
}

enum ds_call_status ds_call_words(PyObject *callable, PyObject *names, union ds_word *words,
                                  size_t count, uint64_t kinds, enum ds_word_kind result_kind,
                                  union ds_word *result) {
  if (kinds && make_objects(words, count, kinds)) return DS_CALL_FAILED;
  size_t positional = names ? count - (size_t)PyTuple_GET_SIZE(names) : count;
  // Slot 0 may be used by the callee for the time of the call (PY_VECTORCALL_ARGUMENTS_OFFSET).
  PyObject *object = PyObject_Vectorcall(callable, (PyObject **)(words + 1),
                                         positional | PY_VECTORCALL_ARGUMENTS_OFFSET, names);
  for (size_t i = 1; i <= count; i++) Py_DECREF(words[i].object);
  return object ? take_result(object, result_kind, result) : DS_CALL_FAILED;
}
