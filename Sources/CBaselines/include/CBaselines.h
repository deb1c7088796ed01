// What the benchmarks measure the runtime against: the same work by Python's C API alone.
// All functions need the GIL; objects are borrowed.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct _object PyObject;

/// Calls `function(i, 2)` `count` times by vectorcall and adds up the int results.
int64_t baseline_call_ints(PyObject *_Nonnull function, size_t count);

/// Compiles and evaluates `source` in `globals` `count` times. Returns how often that failed.
size_t baseline_compile_and_evaluate(const char *_Nonnull source, PyObject *_Nonnull globals,
                                     size_t count);

/// Reads a list of floats into `values`. Returns how many were read.
size_t baseline_read_floats(PyObject *_Nonnull list, double *_Nonnull values, size_t count);

/// Makes a list of `count` floats, owned.
PyObject *_Nullable baseline_new_float_list(const double *_Nonnull values, size_t count);

void baseline_release(PyObject *_Nullable object);

/// `builtins` of the main interpreter as globals for compiled code: a new dict, owned.
PyObject *_Nullable baseline_new_globals(void);

/// The function `name` that `source` defines, owned.
PyObject *_Nullable baseline_define(const char *_Nonnull source, const char *_Nonnull name);

/// Sets an entry of a dict.
void baseline_set(PyObject *_Nonnull dict, const char *_Nonnull name, PyObject *_Nonnull value);
