#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "GuardRails/Rails.h"
#include "Interpreter.h"
#include "RuntimeModule.h"

static atomic_int started;
static pthread_mutex_t start_mutex = PTHREAD_MUTEX_INITIALIZER;

// ---- Thread states ---------------------------------------------------------------------------

// Each OS thread keeps the thread state that was made on it: a thread state used from another OS
// thread than its own deadlocks ctypes callbacks and pybind11.
static __thread PyThreadState *own_state;
static pthread_key_t state_key;

// Thread states whose OS thread has ended. The ending thread must not wait for the GIL (a session
// that never releases it would keep every thread of the program from ending), so the next thread
// that enters clears them.
struct ended_state {
  PyThreadState *state;
  struct ended_state *next;
};
static _Atomic(struct ended_state *) ended_states;

static void thread_ended(void *state) {
  struct ended_state *entry = malloc(sizeof *entry);
  if (!entry) return;  // Leaks one thread state, which is what is left to do without memory.
  entry->state = state;
  entry->next = atomic_load(&ended_states);
  while (!atomic_compare_exchange_weak(&ended_states, &entry->next, entry)) {
  }
}

static void clear_ended_states(void) {
  struct ended_state *entry = atomic_exchange(&ended_states, NULL);
  while (entry) {
    struct ended_state *next = entry->next;
    PyThreadState_Clear(entry->state);
    PyThreadState_Delete(entry->state);
    free(entry);
    entry = next;
  }
}

static void adopt_state(PyThreadState *state) {
  own_state = state;
  pthread_setspecific(state_key, state);
}

#if PY_VERSION_HEX >= 0x030d0000
#define current_state() PyThreadState_GetUnchecked()
#else
#define current_state() _PyThreadState_UncheckedGet()
#endif

// The GIL's holder is a property of the process in 3.11, so the thread's own record decides.
static __thread int holds_gil;

int ds_attach(void) {
  if (holds_gil) return 0;
  PyThreadState *state = own_state;
  if (__builtin_expect(state == NULL, 0)) {
    // A thread that Python started brings its own state, which is not ours to keep: such a thread
    // holds the GIL at times we do not hear of.
    state = PyGILState_GetThisThreadState();
    if (state && state == current_state()) return 0;
    if (!state) {
      state = PyThreadState_New(PyInterpreterState_Main());
      if (!state) Py_FatalError("out of memory for a thread state");
      adopt_state(state);
    }
  }
  PyEval_RestoreThread(state);
  holds_gil = 1;
  if (__builtin_expect(atomic_load_explicit(&ended_states, memory_order_relaxed) != NULL, 0))
    clear_ended_states();
  return 1;
}

void ds_detach(int token) {
  if (!token) return;
  holds_gil = 0;
  PyEval_SaveThread();
}

int ds_holds_gil(void) { return holds_gil; }

// The record of who holds the GIL rides in the lowest bit of the state's address: threads that Python
// started hold it without having entered by ds_attach.
void *ds_begin_blocking(void) {
  uintptr_t record = (uintptr_t)holds_gil;
  holds_gil = 0;
  return (void *)((uintptr_t)PyEval_SaveThread() | record);
}

void ds_end_blocking(void *state) {
  uintptr_t record = (uintptr_t)state & 1;
  PyEval_RestoreThread((PyThreadState *)((uintptr_t)state ^ record));
  holds_gil = (int)record;
}

unsigned long ds_thread_identifier(void) { return PyThread_get_thread_ident(); }

void ds_name_thread(const char *name) {
  char shortened[16] = {0};  // What the kernel keeps.
  strncpy(shortened, name, sizeof shortened - 1);
  pthread_setname_np(pthread_self(), shortened);
}

int ds_unshare_working_directory(void) { return unshare(CLONE_FS) == 0 ? 0 : errno; }

// ---- Start-up --------------------------------------------------------------------------------

int ds_derive_home(char *path, size_t capacity) {
  Dl_info info;
  if (!dladdr((void *)&Py_InitializeFromConfig, &info) || !info.dli_fname) return -1;
  char candidate[4096];
  if (!realpath(info.dli_fname, candidate)) return -1;
  // /usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0 and PREFIX/lib/libpython3.11.so.1.0 both lie
  // below the prefix that holds lib/python3.11/os.py.
  for (char *slash = strrchr(candidate, '/'); slash; slash = strrchr(candidate, '/')) {
    *slash = 0;
    char landmark[4200];
    snprintf(landmark, sizeof landmark, "%s/lib/python%d.%d/os.py", candidate, PY_MAJOR_VERSION,
             PY_MINOR_VERSION);
    if (access(landmark, R_OK) == 0) {
      if (strlen(candidate) >= capacity) return -1;
      strcpy(path, *candidate ? candidate : "/");
      return 0;
    }
  }
  return -1;
}

static PyStatus configure(PyConfig *config, const struct ds_configuration *from) {
  PyConfig_InitIsolatedConfig(config);
  config->site_import = 1;
  config->install_signal_handlers = 0;
  config->write_bytecode = 0;
  if (from->has_hash_seed) {
    config->use_hash_seed = 1;
    config->hash_seed = from->hash_seed & 0xffffffffUL;
  }
  char derived[4096];
  const char *home = from->home;
  if (!home && ds_derive_home(derived, sizeof derived) == 0) home = derived;
  if (!home)
    return PyStatus_Error("the standard library of libpython was not found; install libpython3-dev");
  // Both, always: with `executable` alone a venv made by another Python (pyenv) loads that Python's
  // standard library into this one.
  PyStatus status = PyConfig_SetBytesString(config, &config->home, home);
  if (!PyStatus_Exception(status) && from->executable)
    status = PyConfig_SetBytesString(config, &config->executable, from->executable);
  return status;
}

struct start_request {
  const struct ds_configuration *configuration;
  char *error;
  size_t capacity;
  int result;
  int done;
  pthread_mutex_t mutex;
  pthread_cond_t condition;
};

static void fail(struct start_request *request, const char *message) {
  snprintf(request->error, request->capacity, "%s", message);
  request->result = -1;
}

// Text of the exception that is set, which is cleared.
static void fail_with_exception(struct start_request *request) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  PyObject *text = value ? PyObject_Str(value) : NULL;
  const char *utf8 = text ? PyUnicode_AsUTF8(text) : NULL;
  snprintf(request->error, request->capacity, "%s: %s",
           type ? ((PyTypeObject *)type)->tp_name : "error", utf8 ? utf8 : "?");
  request->result = -1;
  Py_XDECREF(text);
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(traceback);
  PyErr_Clear();
}

static void initialize(struct start_request *request) {
  PyPreConfig preconfig;
  PyPreConfig_InitIsolatedConfig(&preconfig);
  preconfig.utf8_mode = 1;  // The host's locale must not decide how actions read files.
  PyStatus status = Py_PreInitialize(&preconfig);
  PyConfig config;
  if (!PyStatus_Exception(status)) status = configure(&config, request->configuration);
  if (!PyStatus_Exception(status)) {
    if (ds_runtime_module_register() != 0) {
      fail(request, "out of memory");
      return;
    }
    ds_heap_install();
    status = Py_InitializeFromConfig(&config);
  }
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status)) {
    fail(request, status.err_msg ? status.err_msg : "Python could not start");
    return;
  }
  if (ds_runtime_module_bootstrap() != 0) fail_with_exception(request);
}

static void *python_main_thread(void *argument) {
  struct start_request *request = argument;
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);  // Signals are the host program's business.
  initialize(request);
  if (request->result == 0) PyEval_SaveThread();
  int ok = request->result == 0;
  pthread_mutex_lock(&request->mutex);
  request->done = 1;
  pthread_cond_signal(&request->condition);
  pthread_mutex_unlock(&request->mutex);
  while (ok) pause();
  return NULL;
}

static int start_on_dedicated_thread(struct start_request *request) {
  pthread_mutex_init(&request->mutex, NULL);
  pthread_cond_init(&request->condition, NULL);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 16u << 20);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  int failure = pthread_create(&thread, &attributes, python_main_thread, request);
  pthread_attr_destroy(&attributes);
  if (failure) {
    fail(request, strerror(failure));
    return -1;
  }
  pthread_mutex_lock(&request->mutex);
  while (!request->done) pthread_cond_wait(&request->condition, &request->mutex);
  pthread_mutex_unlock(&request->mutex);
  return request->result;
}

int ds_start(const struct ds_configuration *configuration, char *error, size_t capacity) {
  pthread_mutex_lock(&start_mutex);
  int result = 0;
  if (!atomic_load(&started)) {
    pthread_key_create(&state_key, thread_ended);
    struct start_request request = {
        .configuration = configuration, .error = error, .capacity = capacity};
    if (configuration->on_calling_thread) {
      initialize(&request);
      result = request.result;
      if (result == 0) {
        own_state = PyThreadState_Get();
        holds_gil = 1;
      }
    } else {
      result = start_on_dedicated_thread(&request);
    }
    if (result == 0) atomic_store(&started, 1);
  }
  pthread_mutex_unlock(&start_mutex);
  return result;
}

int ds_is_started(void) { return atomic_load(&started); }

const char *ds_python_version(void) {
  static char version[32];
  if (!version[0]) {
    const char *full = Py_GetVersion();
    size_t length = strcspn(full, " ");
    if (length >= sizeof version) length = sizeof version - 1;
    memcpy(version, full, length);
  }
  return version;
}
