#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

#include "Worker.h"

// The request that runs code now, or 0; and the one that the host last asked to interrupt.
static _Atomic uint32_t running;
static _Atomic uint32_t interrupted;
static PyObject *raised;  // owned

static void on_signal(int number, siginfo_t *info, void *context) {
  (void)context;
  if (info->si_code == SI_QUEUE) {
    uint32_t request = (uint32_t)info->si_value.sival_int;
    if (request == 0 || request != atomic_load(&running)) return;  // Too late: that request ended.
    atomic_store(&interrupted, request);
  }
  PyErr_SetInterruptEx(number);
}

// What Python calls for SIGINT, between two instructions of the main thread.
static PyObject *interrupt(PyObject *module, PyObject *arguments) {
  (void)module, (void)arguments;
  uint32_t request = atomic_exchange(&interrupted, 0);
  if (request == 0) {
    PyErr_SetNone(PyExc_KeyboardInterrupt);  // The code's own os.kill.
    return NULL;
  }
  if (request != atomic_load(&running)) Py_RETURN_NONE;
  PyErr_SetNone(raised);
  return NULL;
}

static PyMethodDef interrupt_method = {"interrupt", interrupt, METH_VARARGS,
                                       "Raise what the host asked for."};

int ds_interrupts_install(void *exception) {
  PyObject *handler = PyCFunction_New(&interrupt_method, NULL);
  PyObject *module = handler ? PyImport_ImportModule("signal") : NULL;
  PyObject *before =
      module ? PyObject_CallMethod(module, "signal", "iO", SIGINT, handler) : NULL;
  Py_XDECREF(handler);
  Py_XDECREF(module);
  if (!before) return -1;
  Py_DECREF(before);
  Py_INCREF(exception);
  Py_XSETREF(raised, exception);
  // Python has installed its own C handler, which does not look at the value. No SA_RESTART: a
  // blocked call must return so that Python sees the interrupt.
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGINT, &action, NULL) == 0) return 0;
  PyErr_SetFromErrno(PyExc_OSError);
  return -1;
}

void ds_interrupts_begin(uint32_t request) {
  atomic_store(&interrupted, 0);
  atomic_store(&running, request);
}

void ds_interrupts_end(void) { atomic_store(&running, 0); }
