#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "Rails.h"

enum { MOST_MADE = 10000 };

int ds_path_list_append(struct path_list *list, const char *path) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? 2 * list->capacity : 16;
    char **items = realloc(list->items, capacity * sizeof *items);
    if (!items) return -1;
    list->items = items;
    list->capacity = capacity;
  }
  char *copy = strdup(path);
  if (!copy) return -1;
  list->items[list->count++] = copy;
  return 0;
}

static int lies_in(const char *path, const char *folder) {
  size_t length = strlen(folder);
  if (strncmp(path, folder, length) != 0) return 0;
  return path[length] == 0 || path[length] == '/' || (length > 0 && folder[length - 1] == '/');
}

static int is_directly_in(const char *path, const char *folder) {
  return lies_in(path, folder) && path[strlen(folder)] && !strchr(path + strlen(folder) + 1, '/');
}

static int lies_in_any(const char *path, const struct path_list *list) {
  for (size_t i = 0; i < list->count; i++)
    if (lies_in(path, list->items[i])) return 1;
  return 0;
}

int ds_rails_is_code(const struct rails *rails, const char *path) {
  return lies_in_any(path, &rails->code);
}

// ---- Where a path leads ------------------------------------------------------------------------

enum resolution {
  RESOLVED,
  NEW,         // Nothing is there yet, in a folder that is.
  NOWHERE,     // The operation will fail by itself.
  UNPROTECTED  // It leads through a link to what is not there, and making it would follow the link.
};

static int text_of(PyObject *path, int directory, char *text) {
  PyObject *plain = path == Py_None ? PyUnicode_FromString(".") : PyOS_FSPath(path);
  if (!plain) return -1;
  PyObject *bytes = PyUnicode_Check(plain) ? PyUnicode_EncodeFSDefault(plain) : Py_NewRef(plain);
  Py_DECREF(plain);
  if (!bytes) return -1;
  const char *name = PyBytes_AS_STRING(bytes);
  int length = directory >= 0 && name[0] != '/'
                   ? snprintf(text, PATH_MAX, "/proc/self/fd/%d/%s", directory, name)
                   : snprintf(text, PATH_MAX, "%s", name);
  Py_DECREF(bytes);
  return length < PATH_MAX ? 0 : 1;
}

// The folder of `path` made real, with its last part as it is.
static enum resolution resolve_folder(const char *path, char *real) {
  char folder[PATH_MAX];
  snprintf(folder, sizeof folder, "%s", path);
  char *slash = strrchr(folder, '/');
  const char *name = slash ? slash + 1 : path;
  char copy[NAME_MAX + 1];
  if (strlen(name) > NAME_MAX || !*name || !strcmp(name, ".") || !strcmp(name, "..")) return NOWHERE;
  strcpy(copy, name);
  if (slash) slash[slash == folder ? 1 : 0] = 0;
  if (!realpath(slash ? folder : ".", real)) return NOWHERE;
  size_t length = strlen(real);
  if (length + strlen(copy) + 2 > PATH_MAX) return NOWHERE;
  sprintf(real + length, "%s%s", length && real[length - 1] == '/' ? "" : "/", copy);
  struct stat status;
  return lstat(real, &status) == 0 ? RESOLVED : NEW;
}

static enum resolution resolve(const char *path, int follows, char *real) {
  if (follows) {
    if (realpath(path, real)) return RESOLVED;
    if (errno != ENOENT) return NOWHERE;
    enum resolution found = resolve_folder(path, real);
    return found == RESOLVED ? UNPROTECTED : found;
  }
  // "folder/" and "folder/.." name the folder itself.
  enum resolution found = resolve_folder(path, real);
  if (found != NOWHERE) return found;
  return realpath(path, real) ? RESOLVED : NOWHERE;
}

// ---- Decisions ---------------------------------------------------------------------------------

static int ends_with(const char *text, const char *end) {
  size_t length = strlen(text), count = strlen(end);
  return length >= count && !strcmp(text + length - count, end);
}

static int may_use(const struct rails *rails, const char *real, enum path_access access) {
  int is_own = lies_in_any(real, &rails->writable) || lies_in_any(real, &rails->made);
  if (lies_in_any(real, &rails->code)) return access == PATH_READ;
  if (access == PATH_WRITE) return is_own;
  if (lies_in_any(real, &rails->readable)) return 1;
  // Compiled code can be crafted to break the interpreter, and its source is as good.
  return is_own && !ends_with(real, ".pyc");
}

static int is_folder(const char *real) {
  struct stat status;
  return stat(real, &status) == 0 && S_ISDIR(status.st_mode);
}

static int refuse_path(const char *real, enum path_access access) {
  return ds_rails_refuse("%s %s; its workspace and temporary files of its own are open to it",
                         access == PATH_READ ? "reading" : "changing", real);
}

int ds_rails_check_descriptor(struct rails *rails, int descriptor, enum path_access access) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) return 0;  // The operation will say so.
  for (size_t i = 0; i < rails->descriptor_count; i++) {
    const struct own_descriptor *own = &rails->descriptors[i];
    if (own->number == descriptor && own->device == status.st_dev && own->inode == status.st_ino)
      return 0;
  }
  char link[64], real[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, real, sizeof real - 1);
  real[length < 0 ? 0 : length] = 0;
  if (real[0] == '/' && may_use(rails, real, access)) return 0;
  return ds_rails_refuse("using descriptor %d, which the session did not open", descriptor);
}

int ds_rails_check_path(struct rails *rails, PyObject *path, int directory, enum path_access access,
                        int follows, int creates) {
  if (PyLong_Check(path))
    return ds_rails_check_descriptor(rails, (int)PyLong_AsLong(path), access);
  char text[PATH_MAX], real[PATH_MAX];
  int failure = text_of(path, directory, text);
  if (failure) {
    PyErr_Clear();  // The operation itself says what is wrong with it.
    return 0;
  }
  switch (resolve(text, follows, real)) {
    case NOWHERE: return 0;
    case UNPROTECTED:
      if (access == PATH_READ) return 0;
      return refuse_path(real, access);
    case NEW:
      if (creates && rails->temporary && is_directly_in(real, rails->temporary) &&
          !may_use(rails, real, access) && rails->made.count < MOST_MADE)
        return ds_path_list_append(&rails->made, real) ? (PyErr_NoMemory(), -1) : 0;
      if (access == PATH_READ) return 0;
      break;
    case RESOLVED:
      // Opening a folder for writing fails, or goes through an opener, which is asked for itself.
      if (follows && creates && is_folder(real)) return 0;
      break;
  }
  return may_use(rails, real, access) ? 0 : refuse_path(real, access);
}
