#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <signal.h>
#include <stdatomic.h>

#include "../SessionState.h"
#include "Zygote.h"

// Interruptions of one request before the code is taken to swallow them.
enum { POLITE_ATTEMPTS = 2 };

static _Atomic uint32_t running;  // The request that is served, or 0.
static _Atomic int wanted;        // The kind of the last interruption that came for it, or 0.
static int attempts;
static struct ds_session *served;
static PyObject *exceptions[3];  // By kind, owned.

static void on_signal(int number, siginfo_t *info, void *context) {
  (void)context;
  if (info->si_code == SI_QUEUE) {
    uint32_t value = (uint32_t)info->si_value.sival_int;
    uint32_t request = atomic_load(&running);
    if (request == 0 || value >> DS_KIND_BITS != request) return;
    atomic_store(&wanted, (int)(value & ((1u << DS_KIND_BITS) - 1)));
  }
  PyErr_SetInterruptEx(number);
}

// What Python calls for SIGINT, between two instructions of the main thread.
static PyObject *interrupt(PyObject *module, PyObject *arguments) {
  (void)module, (void)arguments;
  int kind = atomic_exchange(&wanted, 0);
  if (kind != DS_INTERRUPT_DEADLINE && kind != DS_INTERRUPT_CANCEL) {
    PyErr_SetNone(PyExc_KeyboardInterrupt);  // The code's own os.kill.
    return NULL;
  }
  // Between two sections of user code: the host repeats it, and the next one hits.
  if (served->interruptible_depth == 0) Py_RETURN_NONE;
  served->interrupted = kind;
  // Code that swallows what is raised gets it at every further instruction.
  if (++attempts > POLITE_ATTEMPTS) ds_interrupt(served, (enum ds_interruption)kind, 1);
  PyErr_SetNone(exceptions[kind]);
  return NULL;
}

static PyMethodDef interrupt_method = {"interrupt", interrupt, METH_VARARGS,
                                       "Raise what the host asked for."};

static int load_exceptions(void) {
  PyObject *module = PyImport_ImportModule("dynasaur_runtime.exceptions");
  if (!module) return -1;
  exceptions[DS_INTERRUPT_DEADLINE] = PyObject_GetAttrString(module, "DeadlineExceeded");
  exceptions[DS_INTERRUPT_CANCEL] = PyObject_GetAttrString(module, "Cancelled");
  Py_DECREF(module);
  return exceptions[DS_INTERRUPT_DEADLINE] && exceptions[DS_INTERRUPT_CANCEL] ? 0 : -1;
}

int ds_interrupts_install(struct ds_session *session) {
  served = session;
  if (load_exceptions() != 0) return -1;
  PyObject *handler = PyCFunction_New(&interrupt_method, NULL);
  PyObject *module = handler ? PyImport_ImportModule("signal") : NULL;
  PyObject *before = module ? PyObject_CallMethod(module, "signal", "iO", SIGINT, handler) : NULL;
  Py_XDECREF(handler);
  Py_XDECREF(module);
  if (!before) return -1;
  Py_DECREF(before);
  return PyOS_setsig(SIGINT, SIG_IGN) == SIG_ERR ? -1 : 0;  // Until there is a session.
}

int ds_interrupts_catch(void) {
  // Python has installed its own C handler, which does not look at the value. No SA_RESTART: a
  // blocked call must return so that Python sees the interrupt.
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGINT, &action, NULL) == 0) return 0;
  PyErr_SetFromErrno(PyExc_OSError);
  return -1;
}

void ds_interrupts_expect(uint32_t request) {
  attempts = 0;
  atomic_store(&wanted, 0);
  atomic_store(&running, request);
}
