// Python's object API as plain functions: one call each, no Python.h. Names follow Python's.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct _object PyObject;

#ifdef __cplusplus
extern "C" {
#endif

// ---- References ----
void ds_retain(PyObject *_Nonnull object);
void ds_release(PyObject *_Nullable object);
const char *_Nonnull ds_type_name(PyObject *_Nonnull object);  // borrowed from the type

// ---- Scalars ----
PyObject *_Nonnull ds_none(void);  // borrowed
int ds_is_none(PyObject *_Nonnull object);
PyObject *_Nonnull ds_new_bool(int value);
PyObject *_Nullable ds_new_int(int64_t value);
PyObject *_Nullable ds_new_unsigned(uint64_t value);
PyObject *_Nullable ds_new_float(double value);
PyObject *_Nullable ds_new_string(const char *_Nullable utf8, size_t count);
PyObject *_Nullable ds_new_bytes(const void *_Nullable bytes, size_t count);

int ds_is_bool(PyObject *_Nonnull object);
int ds_is_true_object(PyObject *_Nonnull object);  // is it the object True
int ds_is_int(PyObject *_Nonnull object);
int ds_is_float(PyObject *_Nonnull object);
int ds_is_string(PyObject *_Nonnull object);
int ds_is_bytes(PyObject *_Nonnull object);

enum ds_number_status { DS_NUMBER_OK = 0, DS_NUMBER_OVERFLOW = 1, DS_NUMBER_MISMATCH = 2 };
/// Of an int (not a bool); sets no exception.
enum ds_number_status ds_int_value(PyObject *_Nonnull object, int64_t *_Nonnull value);
/// Of a float or an int; sets no exception.
enum ds_number_status ds_float_value(PyObject *_Nonnull object, double *_Nonnull value);
/// UTF-8 of a string, borrowed from it; NULL with no exception when it holds lone surrogates.
const char *_Nullable ds_string_utf8(PyObject *_Nonnull object, size_t *_Nonnull count);
/// Contents of bytes, borrowed.
const char *_Nonnull ds_bytes_contents(PyObject *_Nonnull object, size_t *_Nonnull count);

// ---- Collections ----
int ds_is_list(PyObject *_Nonnull object);
int ds_is_tuple(PyObject *_Nonnull object);
int ds_is_dict(PyObject *_Nonnull object);
int ds_is_set(PyObject *_Nonnull object);  // or frozenset
PyObject *_Nullable ds_new_list(size_t count);
PyObject *_Nullable ds_new_tuple(size_t count);
/// Gives `item` (owned) to the list or tuple, which must be new.
void ds_list_initialize(PyObject *_Nonnull list, size_t index, PyObject *_Nonnull item);
void ds_tuple_initialize(PyObject *_Nonnull tuple, size_t index, PyObject *_Nonnull item);
/// Of a list or tuple. The item is borrowed; NULL past the end.
size_t ds_sequence_count(PyObject *_Nonnull sequence);
PyObject *_Nullable ds_sequence_item(PyObject *_Nonnull sequence, size_t index);
PyObject *_Nullable ds_new_dict(void);
PyObject *_Nullable ds_new_set(void);
int ds_dict_set(PyObject *_Nonnull dict, PyObject *_Nonnull key, PyObject *_Nonnull value);
int ds_set_add(PyObject *_Nonnull set, PyObject *_Nonnull item);
size_t ds_dict_count(PyObject *_Nonnull dict);
/// Borrowed; NULL without an exception when there is no such key.
PyObject *_Nullable ds_dict_get(PyObject *_Nonnull dict, const char *_Nonnull key);
/// Next entry, borrowed; 0 at the end. `position` begins at 0.
int ds_dict_next(PyObject *_Nonnull dict, long *_Nonnull position,
                 PyObject *_Nullable *_Nonnull key, PyObject *_Nullable *_Nonnull value);

/// Reads up to `count` floats (or ints) of a list or tuple. Returns how many were read before one
/// that is no number. One pass in C because a call per element doubles the time of a long list.
size_t ds_read_floats(PyObject *_Nonnull sequence, double *_Nonnull values, size_t count);
size_t ds_read_ints(PyObject *_Nonnull sequence, int64_t *_Nonnull values, size_t count);
PyObject *_Nullable ds_new_float_list(const double *_Nonnull values, size_t count);
PyObject *_Nullable ds_new_int_list(const int64_t *_Nonnull values, size_t count);

// ---- Objects ----
int ds_is_callable(PyObject *_Nonnull object);
PyObject *_Nullable ds_attribute(PyObject *_Nonnull object, const char *_Nonnull name);
int ds_set_attribute(PyObject *_Nonnull object, const char *_Nonnull name,
                     PyObject *_Nonnull value);
PyObject *_Nullable ds_item(PyObject *_Nonnull object, PyObject *_Nonnull key);
int ds_set_item(PyObject *_Nonnull object, PyObject *_Nonnull key, PyObject *_Nonnull value);
/// `str(object)` or `repr(object)`.
PyObject *_Nullable ds_text(PyObject *_Nonnull object, int repr);
PyObject *_Nullable ds_iterator(PyObject *_Nonnull object);
/// The next item; NULL without an exception at the end.
PyObject *_Nullable ds_next(PyObject *_Nonnull iterator);
/// `len(object)`; -1 with an exception.
long ds_length(PyObject *_Nonnull object);
PyObject *_Nullable ds_import(const char *_Nonnull module);
/// Compiles and evaluates an expression, or runs statements (`statements` non-zero: result None).
PyObject *_Nullable ds_evaluate(const char *_Nonnull source, const char *_Nonnull filename,
                                int statements, PyObject *_Nonnull globals);

// ---- Calls ----
/// Calls with `count` positional arguments in slots[1...count]; slots[0] is the callee's scratch
/// space (PY_VECTORCALL_ARGUMENTS_OFFSET). Releases the arguments whatever happens.
PyObject *_Nullable ds_call(PyObject *_Nonnull callable,
                            PyObject *_Nullable *_Nonnull slots, size_t count);

// ---- Exceptions ----
/// The exception that is set, which is cleared: owned, or NULL when none is.
PyObject *_Nullable ds_take_exception(void);
/// Sets an exception object.
void ds_raise(PyObject *_Nonnull exception);
void ds_clear_exception(void);
int ds_exception_is_set(void);

// ---- Buffers ----
struct ds_buffer_view {
  void *_Nullable bytes;
  size_t count;       // bytes
  size_t item_size;   // bytes
  size_t item_count;
  int dimensions;
  const char *_Nullable format;  // borrowed from the view; never NULL in a view
  void *_Nullable state;         // for ds_buffer_view_release
};
/// A C-contiguous view of an object's buffer, which stays alive and in place until it is released.
/// Writable when asked for. Fails with BufferError or TypeError.
int ds_buffer_view(PyObject *_Nonnull object, int writable, struct ds_buffer_view *_Nonnull view);
void ds_buffer_view_release(struct ds_buffer_view *_Nonnull view);
/// A memoryview over memory that the caller keeps alive until `release` is called, once, when Python
/// has dropped the last view.
PyObject *_Nullable ds_new_memory(void *_Nonnull bytes, size_t item_count, size_t item_size,
                                  const char *_Nonnull format, int writable,
                                  void *_Nonnull context,
                                  void (*_Nonnull release)(void *_Nonnull context));

#ifdef __cplusplus
}
#endif
