// The least that runs snippets: PyRun_String behind the worker's function pointers.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "Probe.h"

#include <string.h>

static const char support[] =
    "import ast, sys, os, random, tempfile, uuid\n"
    "class DeadlineExceeded(BaseException): pass\n"
    "names = {'__name__': 'session'}\n"
    "def reseed(environment):\n"
    "    os.environ.clear(); os.environ.update(environment)\n"
    "    tempfile._name_sequence = None; tempfile.tempdir = None\n"
    "    uuid._node = None; uuid._last_timestamp = None\n"
    "    numpy = sys.modules.get('numpy')\n"
    "    if numpy: numpy.random.seed()\n"
    "def run(code, begin, end):\n"
    "    value = None\n"
    "    try:\n"
    "        tree = ast.parse(code)\n"
    "        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None\n"
    "        begin()\n"
    "        exec(compile(tree, '<step>', 'exec'), names)\n"
    "        if last: value = eval(compile(ast.Expression(last.value), '<step>', 'eval'), names)\n"
    "        end()\n"
    "        return 'value ' + repr(value)\n"
    "    except BaseException as error:\n"
    "        end()\n"
    "        return f'exception {type(error).__name__}: {error}'\n";

static PyObject *run_function, *reseed_function;
static uint32_t current;

static PyObject *begin_window(PyObject *self, PyObject *nothing) {
  (void)self, (void)nothing;
  ds_interrupts_begin(current);
  Py_RETURN_NONE;
}
static PyObject *end_window(PyObject *self, PyObject *nothing) {
  (void)self, (void)nothing;
  ds_interrupts_end();
  Py_RETURN_NONE;
}
static PyMethodDef begin_method = {"begin", begin_window, METH_NOARGS, NULL};
static PyMethodDef end_method = {"end", end_window, METH_NOARGS, NULL};

static int fail(char *error, size_t capacity, const char *what) {
  PyErr_Print();
  snprintf(error, capacity, "%s", what);
  return -1;
}

static int engine_start(const struct ds_worker_start *start, char *error, size_t capacity) {
  PyConfig config;
  PyConfig_InitIsolatedConfig(&config);
  config.install_signal_handlers = 0;
  config.write_bytecode = 0;
  PyConfig_SetBytesString(&config, &config.home, start->home ? start->home : "/usr");
  if (start->python) PyConfig_SetBytesString(&config, &config.executable, start->python);
  PyStatus status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status)) return fail(error, capacity, "Python did not start");
  for (size_t i = 0; i < start->module_count; i++) {
    PyObject *module = PyImport_ImportModule(start->modules[i]);
    if (!module) return fail(error, capacity, "an import failed");
    Py_DECREF(module);
  }
  if (PyRun_SimpleString(support) != 0) return fail(error, capacity, "the support code failed");
  PyObject *names = PyModule_GetDict(PyImport_AddModule("__main__"));
  run_function = PyDict_GetItemString(names, "run");
  reseed_function = PyDict_GetItemString(names, "reseed");
  PyRun_SimpleString("import gc; gc.collect(); gc.freeze()");
  return 0;
}

static int engine_begin(const struct ds_worker_session *session, char *error, size_t capacity) {
  PyObject *environment = PyDict_New();
  for (size_t i = 0; i < session->environment_count; i++) {
    char *text = session->environment[i], *value = strchr(text, '=');
    PyObject *name = PyUnicode_FromStringAndSize(text, value - text);
    PyDict_SetItem(environment, name, PyUnicode_FromString(value + 1));
  }
  PyObject *names = PyModule_GetDict(PyImport_AddModule("__main__"));
  if (!PyObject_CallOneArg(reseed_function, environment) ||
      ds_interrupts_install(PyDict_GetItemString(names, "DeadlineExceeded")) != 0)
    return fail(error, capacity, "the session could not be prepared");
  return 0;
}

// Request: number (4 bytes), code. Reply: text.
static int engine_handle(const struct ds_worker_session *session, const uint8_t *frame,
                         size_t length) {
  memcpy(&current, frame, 4);
  PyObject *code = PyUnicode_DecodeUTF8((const char *)frame + 4, (Py_ssize_t)length - 4, "replace");
  PyObject *begin = PyCFunction_New(&begin_method, NULL);
  PyObject *end = PyCFunction_New(&end_method, NULL);
  PyObject *reply = PyObject_CallFunctionObjArgs(run_function, code, begin, end, NULL);
  Py_XDECREF(code);
  Py_XDECREF(begin);
  Py_XDECREF(end);
  Py_ssize_t size = 0;
  const char *text = reply ? PyUnicode_AsUTF8AndSize(reply, &size) : NULL;
  if (!text) {
    PyErr_Clear();
    text = "exception UnprintableReply: ?";
    size = (Py_ssize_t)strlen(text);
  }
  int error = ds_channel_send(session->channel, text, (size_t)size, NULL, 0);
  Py_XDECREF(reply);
  return error ? 3 : 0;
}

const struct ds_worker_engine probe_engine = {engine_start, engine_begin, engine_handle};
