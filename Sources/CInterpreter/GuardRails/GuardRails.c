// The audit hook (PEP 578): what Python tells before it does something that reaches outside.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "Rails.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "RuntimeModule.h"

#ifndef O_TMPFILE
#define O_TMPFILE 020200000
#endif

struct rails *ds_rails_of_thread(void) {
  struct ds_session *session = ds_session_current();
  return session ? session->rails : NULL;
}

int ds_rails_refuse(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  PyObject *what = PyUnicode_FromFormatV(format, arguments);
  va_end(arguments);
  if (what)
    PyErr_Format(PyExc_PermissionError,
                 "the guard rails of this session forbid %U. Code that needs it belongs into a worker "
                 "session, or into a session with other guard rails.", what);
  Py_XDECREF(what);
  return -1;
}

// ---- Whose code ----------------------------------------------------------------------------------

static int is_session_file(const struct rails *rails, const char *file) {
  if (!strncmp(file, "<frozen ", 8) || !strncmp(file, "dynasaur_", 9)) return 0;
  return !ds_rails_is_code(rails, file);
}

int ds_rails_called_by_session(const struct rails *rails, const char *skipped) {
  PyFrameObject *frame = (PyFrameObject *)Py_XNewRef((PyObject *)PyEval_GetFrame());
  int answer = 0;
  while (frame) {
    PyCodeObject *code = PyFrame_GetCode(frame);
    const char *file = PyUnicode_AsUTF8(code->co_filename);
    if (!file) PyErr_Clear();
    int skips = file && skipped && strstr(file, skipped);
    answer = !file || is_session_file(rails, file);
    Py_DECREF(code);
    PyFrameObject *back = skips ? PyFrame_GetBack(frame) : NULL;
    Py_DECREF(frame);
    frame = back;
    if (!skips) break;
  }
  return answer;
}

// ---- What events mean ----------------------------------------------------------------------------

struct event {
  const char *name;
  int (*judge)(struct rails *rails, const struct event *event, PyObject *arguments);
  const char *what;  // For a person, of events that are refused.
  // Of events that change paths: arguments that are paths, and their directory descriptors or -1.
  signed char path, directory, other_path, other_directory;
  unsigned char makes;  // The path is new.
};

static PyObject *argument(PyObject *arguments, int index) {
  return index >= 0 && index < PyTuple_GET_SIZE(arguments) ? PyTuple_GET_ITEM(arguments, index) : NULL;
}

static int number(PyObject *arguments, int index) {
  PyObject *value = argument(arguments, index);
  return value && PyLong_Check(value) ? (int)PyLong_AsLong(value) : -1;
}

static int is_text(PyObject *value, const char *text) {
  return value && PyUnicode_Check(value) && PyUnicode_CompareWithASCIIString(value, text) == 0;
}

static int refuse(struct rails *rails, const struct event *event, PyObject *arguments) {
  return ds_rails_refuse("%s (%s)", event->what, event->name);
}

static int network(struct rails *rails, const struct event *event, PyObject *arguments) {
  return rails->allows_network ? 0 : ds_rails_refuse("using the network (%s)", event->name);
}

static int new_socket(struct rails *rails, const struct event *event, PyObject *arguments) {
  if (rails->allows_network || number(arguments, 1) == AF_UNIX) return 0;  // Pairs, of event loops.
  return ds_rails_refuse("using the network (%s)", event->name);
}

static int programs(struct rails *rails, const struct event *event, PyObject *arguments) {
  return rails->allows_programs ? 0 : ds_rails_refuse("running programs (%s)", event->name);
}

static int change(struct rails *rails, const struct event *event, PyObject *arguments) {
  PyObject *path = argument(arguments, event->path);
  PyObject *other = argument(arguments, event->other_path);
  if (path && ds_rails_check_path(rails, path, number(arguments, event->directory), PATH_WRITE,
                                  PyLong_Check(path) || event->makes == 2, event->makes == 1))
    return -1;
  if (!other) return 0;
  return ds_rails_check_path(rails, other, number(arguments, event->other_directory), PATH_WRITE, 0,
                             1);
}

static int list_folder(struct rails *rails, const struct event *event, PyObject *arguments) {
  PyObject *path = argument(arguments, 0);
  return path ? ds_rails_check_path(rails, path, -1, PATH_READ, 1, 0) : 0;
}

static int open_file(struct rails *rails, const struct event *event, PyObject *arguments) {
  PyObject *path = argument(arguments, 0), *flags = argument(arguments, 2);
  if (!path || !flags || !PyLong_Check(flags)) return 0;
  long bits = PyLong_AsLong(flags);
  if ((bits & O_TMPFILE) == O_TMPFILE) return 0;  // Without a name, it concerns nobody.
  int writes = (bits & O_ACCMODE) != O_RDONLY || bits & (O_CREAT | O_TRUNC);
  return ds_rails_check_path(rails, path, -1, writes ? PATH_WRITE : PATH_READ,
                             !(bits & O_NOFOLLOW), (bits & O_CREAT) != 0);
}

static int connect_database(struct rails *rails, const struct event *event, PyObject *arguments) {
  PyObject *path = argument(arguments, 0);
  if (!path || is_text(path, ":memory:") || is_text(path, "")) return 0;
  PyObject *prefix = PyUnicode_Check(path) ? PyUnicode_FromString("file:") : NULL;
  int is_address = prefix && PyUnicode_Tailmatch(path, prefix, 0, PY_SSIZE_T_MAX, -1) == 1;
  Py_XDECREF(prefix);
  if (is_address)
    return ds_rails_refuse("opening a database by an address (file:…); give its path instead");
  return ds_rails_check_path(rails, path, -1, PATH_WRITE, 1, 1);
}

static int import_module(struct rails *rails, const struct event *event, PyObject *arguments) {
  // A library is given with its file; modules in Python come with None.
  PyObject *file = argument(arguments, 1);
  if (!file || !PyUnicode_Check(file)) {
    static const char *const again[] = {"posix", "_posixsubprocess", "_signal", "faulthandler"};
    for (size_t i = 0; i < sizeof again / sizeof *again; i++)
      if (is_text(argument(arguments, 0), again[i]))
        return ds_rails_refuse("importing %s a second time", again[i]);
    return 0;
  }
  const char *path = PyUnicode_AsUTF8(file);
  if (path && ds_rails_is_code(rails, path)) return 0;
  PyErr_Clear();
  return ds_rails_refuse("loading the library %U, which is not a package's", file);
}

static int craft(struct rails *rails, const struct event *event, PyObject *arguments) {
  if (!ds_rails_called_by_session(rails, NULL)) return 0;
  return ds_rails_refuse("%s (%s)", event->what, event->name);
}

static int set_attribute(struct rails *rails, const struct event *event, PyObject *arguments) {
  if (!is_text(argument(arguments, 1), "__code__")) return 0;
  return craft(rails, event, arguments);
}

// A file name of the library would make the code pass for the library's.
static int compile_source(struct rails *rails, const struct event *event, PyObject *arguments) {
  PyObject *name = argument(arguments, 1);
  const char *file = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
  PyErr_Clear();
  if (!file || is_session_file(rails, file)) return 0;
  return craft(rails, event, arguments);
}

static int map_memory(struct rails *rails, const struct event *event, PyObject *arguments) {
  return number(arguments, 0) < 0 ? 0 : craft(rails, event, arguments);
}

static int load_library(struct rails *rails, const struct event *event, PyObject *arguments) {
  PyObject *name = argument(arguments, 0);
  const char *file = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
  PyErr_Clear();
  if (file && strchr(file, '/') && !ds_rails_is_code(rails, file))
    return ds_rails_refuse("loading the library %s, which is not a package's", file);
  return 0;
}

// What begins with "ctypes.": packages use it, and the session's code does not.
static int foreign_functions(struct rails *rails, const char *name, PyObject *arguments) {
  static const struct event library = {.name = "ctypes.dlopen"};
  if (ds_rails_called_by_session(rails, "/ctypes/"))
    return ds_rails_refuse("using ctypes (%s)", name);
  return strcmp(name, library.name) ? 0 : load_library(rails, &library, arguments);
}

static int descriptor(struct rails *rails, const struct event *event, PyObject *arguments) {
  return ds_rails_check_descriptor(rails, number(arguments, 0), PATH_WRITE);
}

#define CHANGES(name, path, directory) {name, change, NULL, path, directory, -1, -1, 0}
#define FOLLOWS(name, path, directory) {name, change, NULL, path, directory, -1, -1, 2}
#define MAKES(name, path, directory) {name, change, NULL, path, directory, -1, -1, 1}
#define REFUSES(name, what) {name, refuse, what, -1, -1, -1, -1, 0}
#define CRAFTS(name, what) {name, craft, what, -1, -1, -1, -1, 0}
#define JUDGED(name, judge) {name, judge, NULL, -1, -1, -1, -1, 0}

// In the order of strcmp.
static const struct event events[] = {
    CRAFTS("code.__new__", "crafting code objects"),
    {"compile", compile_source, "passing code for the library's", -1, -1, -1, -1, 0},
    JUDGED("fcntl.fcntl", descriptor),
    JUDGED("fcntl.flock", descriptor),
    JUDGED("fcntl.ioctl", descriptor),
    JUDGED("fcntl.lockf", descriptor),
    {"import", import_module, NULL, -1, -1, -1, -1, 0},
    CRAFTS("marshal.load", "loading marshalled code"),
    CRAFTS("marshal.loads", "loading marshalled code"),
    {"mmap.__new__", map_memory, "mapping files into memory", -1, -1, -1, -1, 0},
    {"object.__setattr__", set_attribute, "replacing the code of functions", -1, -1, -1, -1, 0},
    JUDGED("open", open_file),
    FOLLOWS("os.chmod", 0, 2),
    FOLLOWS("os.chown", 0, 3),
    JUDGED("os.exec", programs),
    JUDGED("os.fork", programs),
    JUDGED("os.forkpty", programs),
    REFUSES("os.kill", "signals to processes"),
    REFUSES("os.killpg", "signals to processes"),
    {"os.link", change, NULL, 0, 2, 1, 3, 0},
    JUDGED("os.listdir", list_folder),
    MAKES("os.mkdir", 0, 2),
    JUDGED("os.posix_spawn", programs),
    CHANGES("os.remove", 0, 1),
    FOLLOWS("os.removexattr", 0, -1),
    {"os.rename", change, NULL, 0, 2, 1, 3, 0},
    CHANGES("os.rmdir", 0, 1),
    JUDGED("os.scandir", list_folder),
    FOLLOWS("os.setxattr", 0, -1),
    JUDGED("os.spawn", programs),
    MAKES("os.symlink", 1, 2),
    JUDGED("os.system", programs),
    FOLLOWS("os.truncate", 0, -1),
    FOLLOWS("os.utime", 0, 3),
    JUDGED("pty.spawn", programs),
    REFUSES("resource.prlimit", "changing limits of the process"),
    REFUSES("resource.setrlimit", "changing limits of the process"),
    REFUSES("setopencodehook", "hooks of the whole process"),
    REFUSES("signal.pthread_kill", "signals to threads"),
    JUDGED("socket.__new__", new_socket),
    JUDGED("socket.bind", network),
    JUDGED("socket.connect", network),
    JUDGED("socket.getaddrinfo", network),
    JUDGED("socket.gethostbyaddr", network),
    JUDGED("socket.gethostbyname", network),
    JUDGED("socket.getnameinfo", network),
    JUDGED("socket.sendmsg", network),
    JUDGED("socket.sendto", network),
    REFUSES("socket.sethostname", "changing the host's name"),
    JUDGED("sqlite3.connect", connect_database),
    REFUSES("sqlite3.enable_load_extension", "loading extensions into SQLite"),
    REFUSES("sqlite3.load_extension", "loading extensions into SQLite"),
    JUDGED("subprocess.Popen", programs),
    REFUSES("sys.addaudithook", "hooks of the whole process"),
    REFUSES("syslog.openlog", "writing to the system's log"),
    REFUSES("syslog.syslog", "writing to the system's log"),
    REFUSES("webbrowser.open", "opening a browser"),
};

static int compare(const void *name, const void *event) {
  return strcmp(name, ((const struct event *)event)->name);
}

static int on_event(const char *name, PyObject *arguments, void *context) {
  struct rails *rails = ds_rails_of_thread();
  if (!rails) return 0;
  // What objects do all the time, and means nothing here.
  if (name[0] == 'b' || (name[0] == 'o' && name[1] == 'b' && name[9] == 'g') || name[0] == 'e') return 0;
  if (name[0] == 'c' && !strncmp(name, "ctypes.", 7))
    return foreign_functions(rails, name, arguments);
  const struct event *event =
      bsearch(name, events, sizeof events / sizeof *events, sizeof *events, compare);
  return event ? event->judge(rails, event, arguments) : 0;
}

// ---- Putting them up -----------------------------------------------------------------------------

void ds_rails_free(struct rails *rails) {
  if (!rails) return;
  struct path_list *lists[] = {&rails->code, &rails->readable, &rails->writable, &rails->made};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    for (size_t j = 0; j < lists[i]->count; j++) free(lists[i]->items[j]);
    free(lists[i]->items);
  }
  free(rails->temporary);
  free(rails->descriptors);
  free(rails);
}

static int append_all(struct path_list *list, const char *const *paths, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (ds_path_list_append(list, paths[i])) return -1;
  return 0;
}

static PyObject *code_folders;  // A list of paths.

// Python guards what no event tells of.
static int install(void) {
  if (code_folders) return 0;
  PyObject *module = PyImport_ImportModule("dynasaur_runtime.guard_rails");
  PyObject *folders = module ? PyObject_CallMethod(module, "code_folders", NULL) : NULL;
  PyObject *result = folders ? PyObject_CallMethod(module, "install", NULL) : NULL;
  Py_XDECREF(module);
  Py_XDECREF(result);
  if (!result || PySys_AddAuditHook(on_event, NULL)) {
    Py_XDECREF(folders);
    return -1;
  }
  code_folders = folders;
  return 0;
}

static int append_code(struct rails *rails) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(code_folders); i++) {
    const char *path = PyUnicode_AsUTF8(PyList_GET_ITEM(code_folders, i));
    if (!path || ds_path_list_append(&rails->code, path)) return -1;
  }
  return 0;
}

int ds_session_set_guard_rails(struct ds_session *session, const struct ds_guard_rails *from) {
  if (install()) return -1;
  struct rails *rails = calloc(1, sizeof *rails);
  if (!rails || append_code(rails) ||
      append_all(&rails->readable, from->readable, from->readable_count) ||
      append_all(&rails->writable, from->writable, from->writable_count) ||
      (from->temporary && !(rails->temporary = strdup(from->temporary)))) {
    ds_rails_free(rails);
    if (!PyErr_Occurred()) PyErr_NoMemory();
    return -1;
  }
  rails->allows_network = from->allows_network;
  rails->allows_programs = from->allows_programs;
  rails->thread_limit = from->thread_limit;
  rails->recursion_limit = from->recursion_limit;
  session->heap_limit = from->heap_limit;
  session->rails = rails;
  return 0;
}
