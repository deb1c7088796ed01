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
// ---- Two processes (ProcessBaselines.c). None needs the GIL; 0 or an errno value or -1. ----------

/// Forks a process that sends back what it receives.
int baseline_fork_echo(int *_Nonnull socket, int *_Nonnull process);
/// Sends it a message and waits for it to come back, `count` times.
int baseline_ping(int socket, size_t bytes, size_t count);
void baseline_end(int socket, int process);

/// Forks a process that copies a shared segment into fresh memory, and back.
int baseline_fork_copier(void *_Nonnull segment, size_t size, int *_Nonnull socket,
                         int *_Nonnull process);
/// Copies into the segment, has the other copy in and out, and copies out into fresh memory.
int baseline_copy_there_and_back(int socket, void *_Nonnull segment, const void *_Nonnull source,
                                 size_t size);

/// Bytes that malloc has given out, in all of its arenas.
int64_t baseline_heap_in_use(void);

// Programs of their own, to be run in a process that has started no Python; the exit status.

/// Runs code in an embedded Python that nothing confines.
int baseline_run_python(const char *_Nonnull home, const char *_Nonnull code);
/// For each byte on descriptor 0, forks a process that confines itself as a session does and writes a
/// byte to descriptor 1.
int baseline_zygote(const char *_Nonnull python, const char *_Nonnull home,
                    const char *_Nonnull prepare, const char *_Nonnull folder,
                    const char *_Nullable const *_Nonnull readable, size_t count);

