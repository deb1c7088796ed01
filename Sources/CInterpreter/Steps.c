// Steps that a C compiler's call and an evaluation make: most of what an agent's session is asked is
// short, and there what the engine does in Python around the step would cost as much as the step.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "ConversionShims.h"
#include "GuardRails/Rails.h"
#include "Interruption.h"
#include "RuntimeModule.h"
#include "SessionState.h"
#include "Steps.h"

static struct {
  PyObject *cache, *count, *execute, *figures, *finish, *newline, *prefix, *run, *warnings;
  PyObject *linecache;  // The module, whose cache code may replace.
} known;

static int know(void) {
  if (known.linecache) return 0;
  const struct {
    PyObject **name;
    const char *text;
  } names[] = {
      {&known.cache, "cache"},         {&known.count, "_steps"},
      {&known.execute, "execute"},     {&known.figures, "matplotlib._pylab_helpers"},
      {&known.finish, "finish_quiet"}, {&known.newline, "\n"},
      {&known.prefix, "_prefix"},      {&known.run, "run_code"},
      {&known.warnings, "__warningregistry__"},
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (!*names[i].name && !(*names[i].name = PyUnicode_InternFromString(names[i].text))) return -1;
  return (known.linecache = PyImport_ImportModule("linecache")) ? 0 : -1;
}

// ---- What every step begins with ---------------------------------------------------------------

// Counts the step; returns its file name, owned.
static PyObject *next_file_name(PyObject *engine) {
  PyObject *before = PyObject_GetAttr(engine, known.count);
  long number = before ? PyLong_AsLong(before) : -1;
  Py_XDECREF(before);
  if (number == -1 && PyErr_Occurred()) return NULL;
  PyObject *count = PyLong_FromLong(number + 1);
  PyObject *prefix = count ? PyObject_GetAttr(engine, known.prefix) : NULL;
  PyObject *name = NULL;
  if (prefix && PyUnicode_Check(prefix) && PyObject_SetAttr(engine, known.count, count) == 0)
    name = PyUnicode_FromFormat("<%Ustep %ld>", prefix, number + 1);
  Py_XDECREF(prefix);
  Py_XDECREF(count);
  return name;
}

// Lines as the tokenizer takes them (`str.splitlines` knows more ends of a line), each with its end: a
// traceback's carets are displaced without.
static PyObject *lines_of(PyObject *source) {
  Py_ssize_t size;
  const char *at = PyUnicode_AsUTF8AndSize(source, &size);
  if (!at) {  // Lone surrogates, which the compiler will refuse.
    PyErr_Clear();
    return PyUnicode_Splitlines(source, 1);
  }
  PyObject *lines = PyList_New(0);
  for (const char *end = at + size; lines && at < end;) {
    size_t length = 0;
    while (at + length < end && at[length] != '\n' && at[length] != '\r') length++;
    const char *next = at + length;
    if (next < end) next += next[0] == '\r' && next + 1 < end && next[1] == '\n' ? 2 : 1;
    PyObject *text = PyUnicode_DecodeUTF8(at, (Py_ssize_t)length, "strict");
    PyObject *line = text ? PyUnicode_Concat(text, known.newline) : NULL;
    if (!line || PyList_Append(lines, line)) Py_CLEAR(lines);
    Py_XDECREF(line);
    Py_XDECREF(text);
    at = next;
  }
  return lines;
}

// The dict in which tracebacks and `inspect` find sources, borrowed from the module; a new one where code
// has broken it, for all sessions.
static PyObject *source_cache(void) {
  PyObject *cache = PyObject_GetAttr(known.linecache, known.cache);
  if (cache && PyDict_Check(cache)) {
    Py_DECREF(cache);
    return cache;
  }
  Py_XDECREF(cache);
  PyErr_Clear();
  cache = PyDict_New();
  if (cache && PyObject_SetAttr(known.linecache, known.cache, cache)) Py_CLEAR(cache);
  Py_XDECREF(cache);
  return cache;
}

static int keep_source(PyObject *name, PyObject *source) {
  PyObject *cache = source_cache();
  PyObject *lines = cache ? lines_of(source) : NULL;
  PyObject *length = lines ? PyLong_FromSsize_t(PyUnicode_GET_LENGTH(source)) : NULL;
  PyObject *entry = length ? PyTuple_Pack(4, length, Py_None, lines, name) : NULL;
  int failed = !entry || PyDict_SetItem(cache, name, entry);
  Py_XDECREF(entry);
  Py_XDECREF(length);
  Py_XDECREF(lines);
  return failed ? -1 : 0;
}

PyObject *ds_step_begin(struct ds_session *session, PyObject *source) {
  if (know()) return NULL;
  PyObject *name = next_file_name(session->engine);
  if (!name) return NULL;
  // Python shows a warning once a line of a module, and every step begins at line 1 again.
  int warned = PyDict_Contains(session->globals, known.warnings);
  if (warned < 0 || (warned && PyDict_DelItem(session->globals, known.warnings)) ||
      keep_source(name, source))
    Py_CLEAR(name);
  return name;
}

// ---- Quiet steps -------------------------------------------------------------------------------

static const char *after_word(const char *at, const char *end) {
  if (at < end && (isalpha((unsigned char)*at) || *at == '_'))
    while (at < end && (isalnum((unsigned char)*at) || *at == '_')) at++;
  return at;
}

static int is_statement(const char *word, size_t length) {
  static const char *const statements[] = {"import", "from", "pass", "del", "assert"};
  for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
    if (strlen(statements[i]) == length && !memcmp(statements[i], word, length)) return 1;
  return 0;
}

// Whether `at` begins with =, or an operator and =, but not ==.
static int assigns(const char *at, const char *end) {
  static const char *const operators[] = {"",  "-", "+", "*",  "/",  "%",  "&",
                                          "|", "^", "//", "**", ">>", "<<"};
  for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
    size_t length = strlen(operators[i]);
    if ((size_t)(end - at) > length + 1 && !memcmp(at, operators[i], length) &&
        at[length] == '=' && at[length + 1] != '=')
      return 1;
  }
  return 0;
}

// Whether a step is one line that surely has no value to show: an assignment to a name, or one of the
// statements above. dynasaur_runtime/steps.py looks at all others.
static int is_quiet(const char *source, size_t count) {
  const char *end = source + count;
  if (count && end[-1] == '\n') end--;
  const char *word = after_word(source, end), *next = word;
  while (next < end && (*next == ' ' || *next == '\t')) next++;
  size_t length = (size_t)(word - source);
  if (length == 0 || !(is_statement(source, length) || assigns(next, end))) return 0;
  if (word < end && (unsigned char)*word >= 0x80) return 0;  // The name goes on.
  for (; next < end; next++)
    if (*next == ';' || *next == '\\' || *next == '\n' || *next == '\r' || !*next) return 0;
  return 1;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static PyObject *compile(PyObject *source, PyObject *name) {
  // As `compile` does for a str; `await` at the top level, as in a notebook.
  PyCompilerFlags flags = {
      .cf_flags = PyCF_SOURCE_IS_UTF8 | PyCF_IGNORE_COOKIE | PyCF_ALLOW_TOP_LEVEL_AWAIT,
      .cf_feature_version = PY_MINOR_VERSION};
  const char *text = PyUnicode_AsUTF8(source);
  return text ? Py_CompileStringObject(text, name, Py_file_input, &flags, -1) : NULL;
}

static PyObject *evaluate(struct ds_session *session, PyObject *code) {
  if (((PyCodeObject *)code)->co_flags & CO_COROUTINE)
    return PyObject_CallMethodOneArg(session->engine, known.run, code);
  return PyEval_EvalCode(code, session->globals, session->globals);
}

// What the engine's `execute` does, for a quiet step.
static PyObject *run_quiet(struct ds_session *session, PyObject *source, double *seconds) {
  PyObject *name = ds_step_begin(session, source);
  if (!name) return NULL;
  double started = now();
  session->interrupted = 0;
  PyObject *code = compile(source, name);
  Py_DECREF(name);
  int depth = ds_interruptible_begin(session);
  PyObject *value = code ? evaluate(session, code) : NULL;
  // Before the end, which may clear what is set.
  PyObject *failure = value ? Py_NewRef(Py_None) : ds_take_exception();
  ds_interruptible_end(session, depth);
  Py_XDECREF(code);
  Py_XDECREF(value);
  *seconds = now() - started;
  PyObject *modules = PySys_GetObject("modules");
  int has_figures = !modules || PyDict_Contains(modules, known.figures);
  if (has_figures < 0) PyErr_Clear();
  PyObject *report;
  if (value && !session->interrupted && !has_figures && !ds_session_has_output(session)) {
    report = Py_NewRef(Py_None);
  } else {
    PyObject *time = PyFloat_FromDouble(*seconds);
    report = time ? PyObject_CallMethodObjArgs(session->engine, known.finish, failure, time, NULL)
                  : NULL;
    Py_XDECREF(time);
  }
  Py_DECREF(failure);
  return report;
}

int ds_session_execute(struct ds_session *session, const char *source, size_t count,
                       const char *transformer, double *seconds, struct ds_buffer *reply) {
  if (know()) return -1;
  ds_heap_begin(session);
  PyObject *arguments[3] = {session->engine,
                            PyUnicode_DecodeUTF8(source, (Py_ssize_t)count, "strict"), NULL};
  PyObject *result = NULL;
  if (arguments[1] && !*transformer && is_quiet(source, count))
    result = run_quiet(session, arguments[1], seconds);
  else if (arguments[1] && (arguments[2] = PyUnicode_FromString(transformer)))
    result = PyObject_VectorcallMethod(known.execute, arguments, 3, NULL);
  Py_XDECREF(arguments[1]);
  Py_XDECREF(arguments[2]);
  if (!result) return -1;
  int status = 1;
  if (PyFloat_CheckExact(result))
    *seconds = PyFloat_AS_DOUBLE(result);
  else if (result != Py_None)
    status = ds_encode(result, DS_OPAQUE_DESCRIBE, 0, reply);
  Py_DECREF(result);
  return status;
}
