// What the parts of a worker share.
#pragma once
#include "Plan.h"

struct ds_session;

/// The value that SIGINT carries: a request's number and the kind of interruption.
enum { DS_KIND_BITS = 2 };

/// What the host sent for a session.
struct session_descriptors {
  int channel;
  int output;   ///< Becomes descriptors 1 and 2.
  int segment;  ///< Shared memory, or -1.
};

/// Confines this forked process, serves the session and ends the process. The GIL is held.
_Noreturn void ds_worker_serve(struct ds_plan *plan, const struct session_descriptors *descriptors,
                               int supervisor, int zygote);

// ---- Python in the worker: the main thread, which holds the GIL from ds_engine_start on ----------

/// Starts the interpreter and imports the modules that there are. Returns 0, or -1 with a message.
int ds_engine_start(const struct ds_plan *plan, char *error, size_t capacity);

/// Makes the forked process a session of its own, before it is confined: environment, random numbers,
/// signal handlers. Returns the session, or NULL with a message.
struct ds_session *ds_engine_begin(const struct ds_plan *plan, char *error, size_t capacity);

/// Serves requests until the host is gone. Returns the exit status.
int ds_engine_serve(struct ds_session *session, struct ds_channel *channel,
                    const struct ds_plan *plan);

/// Gives SIGINT a meaning for the session. 0, or -1 with a Python exception set.
int ds_interrupts_install(struct ds_session *session);
/// Lets SIGINT in, in the process of the session. As above.
int ds_interrupts_catch(void);
/// The request that may be interrupted from now on; 0 for none.
void ds_interrupts_expect(uint32_t request);

// ---- Memory to tell with that there is none (Ballast.c). Neither needs the GIL. ------------------

/// Takes it, before the process is confined: bytes by which its limit is to be higher.
uint64_t ds_ballast_install(void);
/// Whether memory has run out since it was last there.
int ds_ballast_is_needed(void);
/// Takes it again: 1, or 0 when the session holds on to so much that a next request could not be served.
int ds_ballast_restore(void);

// ---- The channel, shared by the session's threads (Mailbox.c). None of these needs the GIL. ------

void ds_mailbox_open(struct ds_channel *channel);
/// Sends a frame; threads take turns. As ds_channel_send.
int ds_mailbox_send(const void *payload, size_t length);
/// Waits for the next request: a copy of its frame, owned by the caller. As ds_channel_receive.
int ds_mailbox_next_request(struct ds_buffer *frame);
/// Waits for the result of a host call. As above.
int ds_mailbox_next_result(uint32_t call, struct ds_buffer *frame);

/// Adds `call_host` to the module _dynasaur. 0, or -1 with a Python exception set.
int ds_host_calls_install(void);
