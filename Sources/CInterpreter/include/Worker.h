// The worker process: a zygote that started Python once forks a confined process for each session.
//
//   host ──control channel──▶ zygote ──fork──▶ session ◀──session channel──▶ host
//
// Control channel: the host sends one start frame, then a fork frame for each session, with the
// session's end of its channel and its output as descriptors. The zygote sends ready (or failed) once,
// and for each session started (with a pidfd) or refused, and exited. It ends when the host does.
// Session channel: the session sends opened (with the proxy's socket under DS_CONFINE_PROXY) or
// failed; every later frame belongs to the engine.
//
// A frame's payload is a kind (one byte) and fields: tag (one byte), length (four bytes, little-
// endian), bytes. Integers are eight bytes, little-endian. Unknown fields are errors.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "Channel.h"
#include "Confinement.h"

#ifdef __cplusplus
extern "C" {
#endif

enum ds_frame_kind {
  DS_FRAME_START = 1,
  DS_FRAME_READY = 2,
  DS_FRAME_FORK = 3,
  DS_FRAME_STARTED = 4,
  DS_FRAME_REFUSED = 5,
  DS_FRAME_EXITED = 6,
  DS_FRAME_OPENED = 7,
  DS_FRAME_FAILED = 8,
  DS_FRAME_ENGINE = 32,  ///< From here on: kinds of the engine.
};

enum ds_field_tag {
  DS_FIELD_SESSION = 1,       ///< Integer: the host's number of the session.
  DS_FIELD_MESSAGE = 2,       ///< Text for a person.
  DS_FIELD_STATUS = 3,        ///< Integer: a ds_confinement_status, or a wait status.
  DS_FIELD_PYTHON = 4,        ///< Text: path of the venv's python.
  DS_FIELD_HOME = 5,          ///< Text: libpython's prefix.
  DS_FIELD_MODULE = 6,        ///< Text, repeated: imported before sessions are forked.
  DS_FIELD_READABLE = 7,      ///< Text, repeated: see ds_confinement.
  DS_FIELD_WRITABLE = 8,      ///< Text, repeated.
  DS_FIELD_DIRECTORY = 9,     ///< Text.
  DS_FIELD_ENVIRONMENT = 10,  ///< Text, repeated: NAME=value. The session has no other variables.
  DS_FIELD_MEMORY = 11,       ///< Integer.
  DS_FIELD_FILE_SIZE = 12,    ///< Integer.
  DS_FIELD_DESCRIPTORS = 13,  ///< Integer.
  DS_FIELD_PROCESSOR_TIME = 14,  ///< Integer.
  DS_FIELD_OPTIONS = 15,      ///< Integer: ds_confinement_option.
  DS_FIELD_ENGINE = 16,       ///< Bytes for the engine.
  DS_FIELD_LAYERS = 17,       ///< Integer: ds_confinement_layer.
  DS_FIELD_LANDLOCK = 18,     ///< Integer: ABI.
  DS_FIELD_PROXY_PORT = 19,   ///< Integer.
  DS_FIELD_PEAK_MEMORY = 20,  ///< Integer: bytes resident at most.
  DS_FIELD_SUPPORT = 21,      ///< Integer: bits of ds_kernel_support in their order.
  DS_FIELD_THREADS = 22,      ///< Integer: threads a session may have; 0 for no bound.
};

/// A walk over the fields of a frame that is not trusted.
struct ds_fields {
  const uint8_t *_Nonnull next;
  size_t left;
};
struct ds_field {
  uint8_t tag;
  const uint8_t *_Nullable bytes;  ///< Borrowed from the frame; not null once filled.
  size_t length;
};
/// 1 and the next field, 0 at the end, -1 where the bytes are not fields. Any thread.
int ds_fields_next(struct ds_fields *_Nonnull fields, struct ds_field *_Nonnull field);
/// The value of an integer field; 0 returned, or EBADMSG.
int ds_field_integer(const struct ds_field *_Nonnull field, uint64_t *_Nonnull value);
/// Append to a frame. Return 0 or ENOMEM.
int ds_put_field(struct ds_buffer *_Nonnull frame, uint8_t tag, const void *_Nullable bytes,
                 size_t length);
int ds_put_integer(struct ds_buffer *_Nonnull frame, uint8_t tag, uint64_t value);
int ds_put_text(struct ds_buffer *_Nonnull frame, uint8_t tag, const char *_Nonnull text);

/// What the zygote starts with. Borrowed for the call.
struct ds_worker_start {
  const char *_Nullable python;
  const char *_Nullable home;
  char *_Nullable const *_Nullable modules;
  size_t module_count;
};

/// What a session starts with. Borrowed for the session's life.
struct ds_worker_session {
  struct ds_channel *_Nonnull channel;
  char *_Nullable const *_Nullable environment;  ///< NAME=value.
  size_t environment_count;
  const uint8_t *_Nullable options;  ///< DS_FIELD_ENGINE.
  size_t options_length;
};

/// What runs Python in the worker. Every function is called on the process's main thread, which
/// holds the GIL from `start` on.
struct ds_worker_engine {
  /// Starts the interpreter and imports the modules. Returns 0, or -1 with a message in `error`.
  int (*_Nonnull start)(const struct ds_worker_start *_Nonnull start, char *_Nonnull error,
                        size_t capacity);
  /// Makes the forked process a session of its own, before it is confined: environment, random
  /// numbers, signal handlers. Returns 0, or -1 with a message in `error`.
  int (*_Nonnull begin)(const struct ds_worker_session *_Nonnull session, char *_Nonnull error,
                        size_t capacity);
  /// Handles one frame of the host (borrowed until it receives another): runs it and sends its
  /// replies. Returns 0 to go on, or the exit status to end with.
  int (*_Nonnull handle)(const struct ds_worker_session *_Nonnull session,
                         const uint8_t *_Nonnull frame, size_t length);
};

/// Runs the zygote on the control channel `control` (owned) until the host is gone. In a forked
/// session it serves that session and never returns: it ends the process.
/// Thread requirements: the main thread of a process with no other. Returns the exit status.
int ds_worker_main(int control, const struct ds_worker_engine *_Nonnull engine);

/// Starts a program as a zygote: the control channel is its descriptor 3, descriptor 0 is empty,
/// 1 and 2 are `output`, everything else is closed; it has its own process group and terminal
/// session, no blocked signals, and exactly the environment given.
/// Any thread, no GIL. Returns 0 and fills `control` (owned by the caller) and `process` (a child to
/// be waited for), or an errno value.
int ds_worker_spawn(const char *_Nonnull program, char *_Nullable const *_Nonnull arguments,
                    char *_Nullable const *_Nonnull environment, int output,
                    int *_Nonnull control, int *_Nonnull process);

/// Interrupts request `request` of the session with this pidfd. Any thread, no GIL. 0 or an errno
/// value: ESRCH where the session has ended.
int ds_session_interrupt(int process, uint32_t request);
/// Ends the session with this pidfd at once. As above.
int ds_session_kill(int process);

/// Interrupts of the current request. The host sends SIGINT with the request's number as its value,
/// so that one that comes late does not hit the next request.
/// Main thread, GIL held. ds_interrupts_install returns 0, or -1 with a Python exception set; the
/// others cannot fail. `exception` is the type raised in the running code.
int ds_interrupts_install(void *_Nonnull exception);
void ds_interrupts_begin(uint32_t request);
void ds_interrupts_end(void);

#ifdef __cplusplus
}
#endif
