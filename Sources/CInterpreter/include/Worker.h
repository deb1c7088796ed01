// The worker process: a zygote that started Python once forks a confined process for each session.
//
//   host ──control channel──▶ zygote ──fork──▶ session ◀──session channel──▶ host
//
// Control channel: the host sends one start frame, then a fork frame for each session, with the
// session's end of its channel and its output as descriptors. The zygote sends ready (or failed) once,
// and for each session started (with a pidfd) or refused, and exited. It ends when the host does.
// Session channel: the session sends opened (with the proxy's socket under DS_CONFINE_PROXY) or
// failed; then the host sends requests, one at a time, and the session what belongs to each.
//
// Up to here, a frame's payload is a kind (one byte) and fields: tag (one byte), length (four bytes, little-
// endian), bytes. Integers are eight bytes, little-endian. Unknown fields are errors.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "Channel.h"
#include "Confinement.h"
#include "Interruption.h"

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
  // On the session channel, once opened. Numbers take four bytes, little-endian.
  // Requests and replies end with their attachments (Attachments.h).
  DS_FRAME_REQUEST = 32,      ///< Host: number, encoded request (see ds_session_serve).
  DS_FRAME_REPLY = 33,        ///< Session: number, a ds_reply_status, encoded reply or text.
  DS_FRAME_OUTPUT = 34,       ///< Session: stream (1 or 2, one byte), UTF-8.
  DS_FRAME_HOST_CALL = 35,    ///< Session: number of the call, of the function, encoded tuple.
  DS_FRAME_HOST_RESULT = 36,  ///< Host: number of the call, a ds_reply_status, encoded value.
};

/// Requests are numbered from 1 to this.
enum { DS_LAST_REQUEST = 0x3fffffff };

enum ds_reply_status {
  DS_REPLY_DONE = 0,
  /// The request could not be served: the payload is an exception as `describe` of
  /// dynasaur_runtime/exceptions.py tells it. Of a host call: the function threw, and the payload is
  /// an encoded tuple, the arguments of `make_swift_error` there.
  DS_REPLY_RAISED = 1,
  /// A bit besides one of these: the session holds on to so much memory that its process is of no use
  /// any more.
  DS_REPLY_OUT_OF_MEMORY = 2,
};

/// The exit status of a session whose code used up its memory, and what was kept to tell of it.
enum { DS_EXIT_OUT_OF_MEMORY = 71 };

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
  DS_FIELD_OUTPUT_LIMIT = 16, ///< Integer: bytes kept of each stream that a step prints.
  DS_FIELD_LAYERS = 17,       ///< Integer: ds_confinement_layer.
  DS_FIELD_LANDLOCK = 18,     ///< Integer: ABI.
  DS_FIELD_PROXY_PORT = 19,   ///< Integer.
  DS_FIELD_PEAK_MEMORY = 20,  ///< Integer: bytes resident at most.
  DS_FIELD_SUPPORT = 21,      ///< Integer: bits of ds_kernel_support in their order.
  DS_FIELD_THREADS = 22,      ///< Integer: threads a session may have; 0 for no bound.
  DS_FIELD_PROTOCOL = 24,     ///< Integer: DS_WORKER_PROTOCOL.
  DS_FIELD_HASH_SEED = 25,    ///< Integer: see ds_configuration; a random one if it is missing.
  DS_FIELD_REPLY_LIMIT = 23,  ///< Integer: bytes of the longest reply.
  DS_FIELD_SEGMENT = 26,      ///< Integer: bytes of the shared segment, the third descriptor; 0 for none.
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

/// Runs the zygote on the control channel `control` (owned) until the host is gone. In a forked
/// session it serves that session and never returns: it ends the process.
/// Thread requirements: the main thread of a process with no other, before Python starts. Returns the
/// exit status.
int ds_worker_main(int control);

/// The environment variable that makes a program which links this library a worker: the number of the
/// control channel's descriptor. See ds_worker_can_take_over.
#define DS_WORKER_VARIABLE "DYNASAUR_WORKER_CHANNEL"

/// The version of the frames. Host and worker are one build, unless an installation mixed two.
enum { DS_WORKER_PROTOCOL = 2 };

/// 1 if re-executing this program with DS_WORKER_VARIABLE makes it a worker: before main, and before
/// any Swift runs. Not so where this library was loaded into a program of others, which would then
/// run its own main. Any thread, no GIL.
int ds_worker_can_take_over(void);

/// Starts a program as a zygote: the control channel is its descriptor 3, descriptor 0 is empty,
/// 1 and 2 are `output`, everything else is closed; it has its own process group and terminal
/// session, no blocked signals, and exactly the environment given.
/// Any thread, no GIL. Returns 0 and fills `control` (owned by the caller) and `process` (a child to
/// be waited for), or an errno value.
int ds_worker_spawn(const char *_Nonnull program, char *_Nullable const *_Nonnull arguments,
                    char *_Nullable const *_Nonnull environment, int output,
                    int *_Nonnull control, int *_Nonnull process);

/// Interrupts request `request` of the session with this pidfd, as ds_interrupt does in a session of
/// this process; to be repeated while the code goes on. SIGINT carries the request's number, so one
/// that comes late hits nothing. Any thread, no GIL. Returns 0 or an errno value: ESRCH where the
/// session has ended.
int ds_session_signal(int process, uint32_t request, enum ds_interruption kind);
/// Ends the session with this pidfd at once. As above.
int ds_session_kill(int process);

#ifdef __cplusplus
}
#endif
