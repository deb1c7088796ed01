// The builtin module `_dynasaur`: what the Python half of the runtime (PythonStubs/dynasaur_runtime)
// needs from C, and what C needs from it.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ValueCodec.h"

typedef struct _object PyObject;

#ifdef __cplusplus
extern "C" {
#endif

// ---- Start-up ----

/// Registers the module; before Python starts, without the GIL. Returns 0 or -1.
int ds_runtime_module_register(void);
/// Makes the embedded Python importable, routes the standard streams and loads the engine.
int ds_runtime_module_bootstrap(void);

// ---- Sessions ----

struct ds_session;

/// Receives what a session prints: stream 1 or 2, UTF-8. Called with the GIL released, on the thread
/// that printed.
typedef void (*ds_output_sink)(void *_Nullable context, int stream, const char *_Nonnull text,
                               size_t count);

/// Makes a session: an engine with a module of its own in sys.modules, named `module_name`.
/// `step_prefix` starts the file names of its steps ("" or "session-2 "). Owned by the caller; ended
/// by ds_session_close.
struct ds_session *_Nullable ds_session_create(const char *_Nonnull module_name,
                                               const char *_Nonnull step_prefix,
                                               size_t output_limit);

/// Ends a session: removes its module, clears its variables. Its code's finalizers run, and may be
/// interrupted.
void ds_session_close(struct ds_session *_Nonnull session);
/// Takes another reference to a session, which is returned. Needs no GIL.
struct ds_session *_Nonnull ds_session_retain(struct ds_session *_Nonnull session);
/// Gives up a reference to a session, such as the owner's after ds_session_close.
void ds_session_release(struct ds_session *_Nonnull session);
/// How many sessions are in memory, closed ones with references among them.
long ds_session_count(void);

/// Sets, once, where output goes as it is printed while streaming is on. `release` gives the context
/// back when the session's last thread is done with it.
void ds_session_set_sink(struct ds_session *_Nonnull session, ds_output_sink _Nonnull sink,
                         void *_Nonnull context, void (*_Nonnull release)(void *_Nonnull context));
/// Switches telling output as it is printed on or off.
void ds_session_set_streaming(struct ds_session *_Nonnull session, int streaming);

/// Makes `session` the one that the calling thread prints to and works for (NULL: none); returns the
/// one before. Needs no GIL.
struct ds_session *_Nullable ds_session_enter(struct ds_session *_Nullable session);

/// Enters Python for a session from any thread: ds_attach, ds_session_enter, and a reference that
/// keeps the session until ds_door_leave. Needs no GIL.
struct ds_door {
  int token;
  struct ds_session *_Nullable before;
};
struct ds_door ds_door_enter(struct ds_session *_Nonnull session);
void ds_door_leave(struct ds_session *_Nonnull session, struct ds_door door);

/// The session's variables, borrowed: a dict.
PyObject *_Nonnull ds_session_globals(struct ds_session *_Nonnull session);

/// The session's engine (dynasaur_runtime.engine.Engine), borrowed.
PyObject *_Nonnull ds_session_engine(struct ds_session *_Nonnull session);

struct ds_attachments;
/// Gives a session the means to attach large arrays; borrowed, and must outlive it. When a request is
/// served they are those that came with it, and afterwards those of the reply.
void ds_session_set_attachments(struct ds_session *_Nonnull session,
                                struct ds_attachments *_Nonnull attachments);

/// Serves one encoded request, a tuple (operation name, arguments…), and appends the encoded reply.
/// Returns 0, or -1 with a Python exception set. The operations are the methods of Engine.
int ds_session_serve(struct ds_session *_Nonnull session, const uint8_t *_Nonnull request,
                     size_t count, struct ds_buffer *_Nonnull reply);

/// Runs one step: the request ("execute", source, transformer) without its encoding. Returns 1 when
/// there is nothing to tell of it but the `seconds` it took, 0 when the encoded reply was appended, and
/// -1 with a Python exception set.
int ds_session_execute(struct ds_session *_Nonnull session, const char *_Nonnull source, size_t count,
                       const char *_Nonnull transformer, double *_Nonnull seconds,
                       struct ds_buffer *_Nonnull reply);

// ---- Host functions ----

/// Implements a host function: borrowed arguments, returns an owned result, or NULL with a Python
/// exception set. Called with the GIL held.
typedef PyObject *_Nullable (*ds_host_call)(void *_Nonnull context,
                                            PyObject *_Nonnull const *_Nonnull arguments,
                                            size_t count);

/// A Python callable that calls `call`. `release` is called once, with the GIL held, when Python drops
/// it; on failure it is not. Attributes (`__signature__`, `__doc__`) can be set on it. With a `file`,
/// exceptions that it raises show it in their traceback, as a frame of that file and line. With a
/// `parameter_count` that is not -1, another number of arguments is bound by `__signature__`.
PyObject *_Nullable ds_new_host_function(const char *_Nonnull name, const char *_Nullable file,
                                         int line, long parameter_count, void *_Nonnull context,
                                         ds_host_call _Nonnull call,
                                         void (*_Nonnull release)(void *_Nonnull context));

// ---- Services of the Python half, used by the codec (internal to this target) ----

PyObject *_Nullable ds_describe_object(PyObject *_Nonnull value);
PyObject *_Nullable ds_convert_to_plain(PyObject *_Nonnull value);
PyObject *_Nullable ds_format_size(const char *_Nonnull format);
PyObject *_Nullable ds_make_array(const char *_Nonnull format, PyObject *_Nonnull shape,
                                  const char *_Nonnull bytes, long count);
PyObject *_Nullable ds_make_decimal(const char *_Nonnull text, size_t count);
PyObject *_Nullable ds_make_uuid(const char *_Nonnull bytes);
/// The object that the calling thread's session holds under a number: LookupError for none.
PyObject *_Nullable ds_held_object(uint64_t handle);
PyObject *_Nonnull ds_name_dataclass_fields(void);

#ifdef __cplusplus
}
#endif
