// What C keeps of a session. Everything here is protected by the GIL.
#pragma once
#include <stdatomic.h>

#include "Interpreter.h"
#include "RuntimeModule.h"

struct ds_attachments;
struct rails;

struct session_stream {
  struct ds_buffer buffer;  // UTF-8 printed since the step began
};

struct ds_session {
  // The owner's, one of who closes it, and one for each thread that the session's code started. Taken by
  // who has one, without the GIL.
  atomic_long references;
  PyObject *engine;
  PyObject *globals;
  struct session_stream streams[2];  // stdout, stderr
  size_t output_limit;               // bytes kept of each stream a step
  size_t output_limit_reached[2];    // bytes that were not kept
  ds_output_sink sink;
  void *sink_context;
  void (*sink_release)(void *context);
  int streaming;  // the sink is told what is printed

  unsigned long interruptible_thread;  // thread whose code may be interrupted, while depth > 0
  int interruptible_depth;
  int interruption;  // enum ds_interruption that is under way, or 0
  int traced;        // a trace function is installed to enforce it
  int interrupted;   // the kind of the last interruption, until it is asked for

  struct ds_attachments *attachments;  // of the message under way; NULL in the host's process

  struct rails *rails;  // guard rails, or NULL; owned
  size_t heap_limit;    // 0 for none
  long relief;          // bytes over the limit that its code may use until the next request
  long crumbs;          // bytes of smallest blocks that it got over even that
  atomic_long heap;     // bytes that Python allocated while threads worked for the session; no GIL
};

/// Memory with which a worker tells that it has none (Worker/Ballast.c). Without effect in the host's
/// process. Neither needs the GIL.
///
/// To be called when a block of `size` bytes could not be had, in a loop that counts its attempts from 0:
/// 1 if it is to be tried again. The first small block that fails lets the memory go, and fails in code
/// of the session; what fails when that is used up too ends the process with DS_EXIT_OUT_OF_MEMORY.
/// CPython 3.11 would loop for ever in a handler for which it cannot allocate a number.
int ds_ballast_release(size_t size, int attempt);
/// Takes it again if it is there, for the next request.
void ds_ballast_take(void);

/// A session with one reference and nothing in it, or NULL without memory.
struct ds_session *ds_session_allocate(void);
struct ds_session *ds_session_current(void);

/// Prints for the calling thread's session, or to the process's own descriptor 1 or 2 when it works
/// for none. Returns 0, or -1 with an exception set.
int ds_session_write(int descriptor, const char *text, size_t count);

/// Whether ds_session_take_output has something to give.
int ds_session_has_output(const struct ds_session *session);

/// (stdout, stderr, bytes of stdout dropped, bytes of stderr dropped), which are forgotten, or None
/// when nothing was printed.
PyObject *ds_session_take_output(struct ds_session *session);

/// Adds the host function type to the module.
int ds_host_function_register(PyObject *module);
