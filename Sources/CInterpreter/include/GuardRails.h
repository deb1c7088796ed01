// Guard rails of in-process sessions: what code that a person trusts should not do by accident. No
// security boundary: code that wants to gets past them.
#pragma once
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ds_session;

/// What the code of a session may do. Paths are absolute and real, of folders (with all below) or
/// files; a path that is not there allows nothing.
struct ds_guard_rails {
  /// Besides Python's own code and packages, which are read, imported and loaded as libraries.
  const char *_Nullable const *_Nullable readable;
  size_t readable_count;
  /// Read and written, where they are not Python's code or packages.
  const char *_Nullable const *_Nullable writable;
  size_t writable_count;
  /// The folder for temporary files: the code may make files there and use what it made.
  const char *_Nullable temporary;
  int allows_network;
  int allows_programs;
  size_t heap_limit;      ///< Bytes that Python allocates for the session; 0 for no limit.
  unsigned thread_limit;  ///< Threads that its code may start; 0 for no limit.
  int recursion_limit;    ///< What sys.setrecursionlimit is held to.
};

/// Puts up the rails of a session, copies of `rails`, for all threads that work for it. The first call
/// installs the audit hook of the process, which concerns no other thread. Needs the GIL. Returns 0, or
/// -1 with a Python exception set.
int ds_session_set_guard_rails(struct ds_session *_Nonnull session,
                               const struct ds_guard_rails *_Nonnull rails);

#ifdef __cplusplus
}
#endif
