// What the parts of the guard rails share. Needs the GIL unless said otherwise.
#pragma once
#include <stdatomic.h>
#include <sys/stat.h>

#include "../SessionState.h"
#include "GuardRails.h"

struct path_list {
  char **items;
  size_t count, capacity;
};

/// A descriptor that the session's code made: the number may mean another file later.
struct own_descriptor {
  int number;
  dev_t device;
  ino_t inode;
};

struct rails {
  struct path_list code, readable, writable;
  struct path_list made;  // In the folder for temporary files, by the session's code.
  char *temporary;
  int allows_network, allows_programs, recursion_limit;
  unsigned thread_limit, threads;
  struct own_descriptor *descriptors;
  size_t descriptor_count, descriptor_capacity;
};

/// The rails of the session that the calling thread works for, or NULL.
struct rails *ds_rails_of_thread(void);
void ds_rails_free(struct rails *rails);

/// PermissionError: "the session's guard rails forbid …". Returns -1.
int ds_rails_refuse(const char *format, ...);

enum path_access { PATH_READ, PATH_WRITE };

/// 0 if code of the session may use the path (a str, bytes, path-like, descriptor or None) like that,
/// -1 with PermissionError. `directory` is what a relative path starts from (-1: the working
/// directory). `follows`: the last part may be a link that is followed. `creates`: a new file or folder
/// may be the session's own.
int ds_rails_check_path(struct rails *rails, PyObject *path, int directory, enum path_access access,
                        int follows, int creates);
/// The same for an open descriptor.
int ds_rails_check_descriptor(struct rails *rails, int descriptor, enum path_access access);
/// Whether a file name lies among the code. Needs no GIL.
int ds_rails_is_code(const struct rails *rails, const char *path);
int ds_path_list_append(struct path_list *list, const char *path);

/// Whether the innermost Python frame belongs to the session's own code rather than to Python's library
/// or a package. Frames of `skipped` (part of a file name, or NULL) are passed over.
int ds_rails_called_by_session(const struct rails *rails, const char *skipped);

/// Adds the type of guarded functions and `guard` to the module _dynasaur.
int ds_guarded_register(PyObject *module);

/// Counts what Python allocates. Once, before Python is initialised; needs no GIL.
void ds_heap_install(void);
/// A request begins: a session that has reached its budget may use a little more, to mend that.
void ds_heap_begin(struct ds_session *session);
