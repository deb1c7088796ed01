#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <string.h>

#include "ConversionShims.h"

// ---- References and scalars ----------------------------------------------------------------------

void ds_retain(PyObject *object) { Py_INCREF(object); }
void ds_release(PyObject *object) { Py_XDECREF(object); }
const char *ds_type_name(PyObject *object) { return Py_TYPE(object)->tp_name; }

PyObject *ds_none(void) { return Py_None; }
int ds_is_none(PyObject *object) { return object == Py_None; }
PyObject *ds_new_bool(int value) { return PyBool_FromLong(value); }
PyObject *ds_new_int(int64_t value) { return PyLong_FromLongLong(value); }
PyObject *ds_new_unsigned(uint64_t value) { return PyLong_FromUnsignedLongLong(value); }
PyObject *ds_new_float(double value) { return PyFloat_FromDouble(value); }
PyObject *ds_new_string(const char *utf8, size_t count) {
  return PyUnicode_FromStringAndSize(utf8, (Py_ssize_t)count);
}
PyObject *ds_new_bytes(const void *bytes, size_t count) {
  return PyBytes_FromStringAndSize(bytes, (Py_ssize_t)count);
}

int ds_is_bool(PyObject *object) { return PyBool_Check(object); }
int ds_is_true_object(PyObject *object) { return object == Py_True; }
int ds_is_int(PyObject *object) { return PyLong_Check(object) && !PyBool_Check(object); }
int ds_is_float(PyObject *object) { return PyFloat_Check(object); }
int ds_is_string(PyObject *object) { return PyUnicode_Check(object); }
int ds_is_bytes(PyObject *object) { return PyBytes_Check(object); }

enum ds_number_status ds_int_value(PyObject *object, int64_t *value) {
  if (!PyLong_Check(object) || PyBool_Check(object)) return DS_NUMBER_MISMATCH;
  int overflow;
  *value = PyLong_AsLongLongAndOverflow(object, &overflow);
  return overflow ? DS_NUMBER_OVERFLOW : DS_NUMBER_OK;
}

enum ds_number_status ds_float_value(PyObject *object, double *value) {
  if (PyFloat_Check(object)) {
    *value = PyFloat_AS_DOUBLE(object);
    return DS_NUMBER_OK;
  }
  if (!PyLong_Check(object) || PyBool_Check(object)) return DS_NUMBER_MISMATCH;
  *value = PyLong_AsDouble(object);
  if (*value == -1.0 && PyErr_Occurred()) {
    PyErr_Clear();
    return DS_NUMBER_OVERFLOW;
  }
  return DS_NUMBER_OK;
}

const char *ds_string_utf8(PyObject *object, size_t *count) {
  Py_ssize_t size = 0;
  const char *utf8 = PyUnicode_AsUTF8AndSize(object, &size);
  if (!utf8) PyErr_Clear();
  *count = (size_t)size;
  return utf8;
}

const char *ds_bytes_contents(PyObject *object, size_t *count) {
  *count = (size_t)PyBytes_GET_SIZE(object);
  return PyBytes_AS_STRING(object);
}

// ---- Collections ---------------------------------------------------------------------------------

int ds_is_list(PyObject *object) { return PyList_Check(object); }
int ds_is_tuple(PyObject *object) { return PyTuple_Check(object); }
int ds_is_dict(PyObject *object) { return PyDict_Check(object); }
int ds_is_set(PyObject *object) { return PyAnySet_Check(object); }
PyObject *ds_new_list(size_t count) { return PyList_New((Py_ssize_t)count); }
PyObject *ds_new_tuple(size_t count) { return PyTuple_New((Py_ssize_t)count); }
void ds_list_initialize(PyObject *list, size_t index, PyObject *item) {
  PyList_SET_ITEM(list, (Py_ssize_t)index, item);
}
void ds_tuple_initialize(PyObject *tuple, size_t index, PyObject *item) {
  PyTuple_SET_ITEM(tuple, (Py_ssize_t)index, item);
}
size_t ds_sequence_count(PyObject *sequence) { return (size_t)PySequence_Fast_GET_SIZE(sequence); }
PyObject *ds_sequence_item(PyObject *sequence, size_t index) {
  if (index >= (size_t)PySequence_Fast_GET_SIZE(sequence)) return NULL;
  return PySequence_Fast_GET_ITEM(sequence, (Py_ssize_t)index);
}
PyObject *ds_new_dict(void) { return PyDict_New(); }
PyObject *ds_new_set(void) { return PySet_New(NULL); }
int ds_dict_set(PyObject *dict, PyObject *key, PyObject *value) {
  return PyDict_SetItem(dict, key, value);
}
int ds_set_add(PyObject *set, PyObject *item) { return PySet_Add(set, item); }
size_t ds_dict_count(PyObject *dict) { return (size_t)PyDict_GET_SIZE(dict); }
PyObject *ds_dict_get(PyObject *dict, const char *key) { return PyDict_GetItemString(dict, key); }
int ds_dict_next(PyObject *dict, long *position, PyObject **key, PyObject **value) {
  return PyDict_Next(dict, position, key, value);
}

// The size is read again at every element: an int subclass could run code that shrinks the list.
size_t ds_read_floats(PyObject *sequence, double *values, size_t count) {
  size_t read = 0;
  while (read < count && read < (size_t)PySequence_Fast_GET_SIZE(sequence)) {
    PyObject *item = PySequence_Fast_GET_ITEM(sequence, (Py_ssize_t)read);
    if (PyFloat_CheckExact(item))
      values[read] = PyFloat_AS_DOUBLE(item);
    else if (ds_float_value(item, &values[read]) != DS_NUMBER_OK)
      break;
    read++;
  }
  return read;
}

size_t ds_read_ints(PyObject *sequence, int64_t *values, size_t count) {
  size_t read = 0;
  while (read < count && read < (size_t)PySequence_Fast_GET_SIZE(sequence)) {
    PyObject *item = PySequence_Fast_GET_ITEM(sequence, (Py_ssize_t)read);
    if (ds_int_value(item, &values[read]) != DS_NUMBER_OK) break;
    read++;
  }
  return read;
}

PyObject *ds_new_float_list(const double *values, size_t count) {
  PyObject *list = PyList_New((Py_ssize_t)count);
  for (size_t i = 0; list && i < count; i++) {
    PyObject *item = PyFloat_FromDouble(values[i]);
    if (item)
      PyList_SET_ITEM(list, (Py_ssize_t)i, item);
    else
      Py_CLEAR(list);
  }
  return list;
}

PyObject *ds_new_int_list(const int64_t *values, size_t count) {
  PyObject *list = PyList_New((Py_ssize_t)count);
  for (size_t i = 0; list && i < count; i++) {
    PyObject *item = PyLong_FromLongLong(values[i]);
    if (item)
      PyList_SET_ITEM(list, (Py_ssize_t)i, item);
    else
      Py_CLEAR(list);
  }
  return list;
}

// ---- Objects and calls ---------------------------------------------------------------------------

int ds_is_callable(PyObject *object) { return PyCallable_Check(object); }
PyObject *ds_attribute(PyObject *object, const char *name) {
  // Interned: CPython caches look-ups by the address of the name.
  PyObject *key = PyUnicode_InternFromString(name);
  PyObject *attribute = key ? PyObject_GetAttr(object, key) : NULL;
  Py_XDECREF(key);
  return attribute;
}
int ds_set_attribute(PyObject *object, const char *name, PyObject *value) {
  return PyObject_SetAttrString(object, name, value);
}
PyObject *ds_item(PyObject *object, PyObject *key) { return PyObject_GetItem(object, key); }
int ds_set_item(PyObject *object, PyObject *key, PyObject *value) {
  return PyObject_SetItem(object, key, value);
}
PyObject *ds_text(PyObject *object, int repr) {
  return repr ? PyObject_Repr(object) : PyObject_Str(object);
}
PyObject *ds_iterator(PyObject *object) { return PyObject_GetIter(object); }
PyObject *ds_next(PyObject *iterator) {
  if (!PyIter_Check(iterator)) {
    PyErr_Format(PyExc_TypeError, "'%.200s' object is not an iterator", ds_type_name(iterator));
    return NULL;
  }
  return PyIter_Next(iterator);
}
long ds_length(PyObject *object) { return PyObject_Size(object); }
PyObject *ds_import(const char *module) { return PyImport_ImportModule(module); }

PyObject *ds_evaluate(const char *source, const char *filename, int statements, PyObject *globals) {
  PyObject *code = Py_CompileString(source, filename, statements ? Py_file_input : Py_eval_input);
  if (!code) return NULL;
  PyObject *result = PyEval_EvalCode(code, globals, globals);
  Py_DECREF(code);
  return result;
}

PyObject *ds_call(PyObject *callable, PyObject **slots, size_t count) {
  PyObject *result =
      PyObject_Vectorcall(callable, slots + 1, count | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
  for (size_t i = 1; i <= count; i++) Py_DECREF(slots[i]);
  return result;
}

// ---- Exceptions ----------------------------------------------------------------------------------

PyObject *ds_take_exception(void) {
#if PY_VERSION_HEX >= 0x030c0000
  return PyErr_GetRaisedException();
#else
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  if (!type) return NULL;
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback) PyException_SetTraceback(value, traceback);
  Py_DECREF(type);
  Py_XDECREF(traceback);
  return value;
#endif
}

void ds_raise(PyObject *exception) { PyErr_SetObject((PyObject *)Py_TYPE(exception), exception); }
void ds_clear_exception(void) { PyErr_Clear(); }
int ds_exception_is_set(void) { return PyErr_Occurred() != NULL; }
