// Start-up of the one interpreter of this process, and the door through which threads enter it.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct _object PyObject;

#ifdef __cplusplus
extern "C" {
#endif

struct ds_configuration {
  /// Path of `<venv>/bin/python`, or NULL for libpython's own installation.
  const char *_Nullable executable;
  /// libpython's prefix (`/usr`), or NULL to derive it from where libpython was loaded from.
  const char *_Nullable home;
  /// Non-zero: Python's main thread is the calling thread, which keeps the GIL (the worker process).
  int on_calling_thread;
  /// Non-zero: the hashes of strings, and with them the order of sets, follow from `hash_seed`
  /// (32 bits) instead of a random number.
  int has_hash_seed;
  unsigned long hash_seed;
};

/// Starts CPython, once a process. By default on a dedicated thread that never ends: Python's main
/// thread must outlive every session, and holds no GIL while idle. Needs no GIL; any thread.
/// Returns 0, or -1 with a message in `error` (truncated to `capacity`, always terminated).
int ds_start(const struct ds_configuration *_Nonnull configuration, char *_Nonnull error,
             size_t capacity);

/// 1 after ds_start succeeded. Needs no GIL; any thread.
int ds_is_started(void);

/// The interpreter's version as in "3.11.2". Needs no GIL. Static storage.
const char *_Nonnull ds_python_version(void);

/// Writes the prefix of the installation libpython belongs to, derived from the path it was loaded
/// from. Needs neither GIL nor a started interpreter. Returns 0, or -1 when no stdlib lies beside it.
int ds_derive_home(char *_Nonnull path, size_t capacity);

/// Enters the interpreter from any thread: takes the GIL with a thread state that belongs to this OS
/// thread and is kept until the thread ends. Returns a token for ds_detach. Nests: entering again on
/// a thread that already holds the GIL costs nothing. Blocks while another thread holds the GIL.
int ds_attach(void);

/// Leaves what the matching ds_attach entered.
void ds_detach(int token);

/// Whether the calling thread entered by ds_attach and did not leave. Needs no GIL.
int ds_holds_gil(void);

/// Releases the GIL around a blocking section of a thread that holds it; give the result back to
/// ds_end_blocking.
void *_Nullable ds_begin_blocking(void);
void ds_end_blocking(void *_Nullable state);

/// Python's identifier of the calling OS thread, as PyThreadState_SetAsyncExc takes it. Needs no GIL.
unsigned long ds_thread_identifier(void);

/// Names the calling thread, for debuggers and `top`, which show 15 bytes of it. Needs no GIL.
void ds_name_thread(const char *_Nonnull name);

/// Gives the calling thread a working directory and umask of its own, inherited by the threads it
/// starts. Needs no GIL. Returns 0 or an errno value.
int ds_unshare_working_directory(void);

#ifdef __cplusplus
}
#endif
