// Stopping Python code that runs too long, in the interpreter of this process.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ds_session;

enum ds_interruption { DS_INTERRUPT_DEADLINE = 1, DS_INTERRUPT_CANCEL = 2 };

/// Raises DeadlineExceeded or Cancelled in the thread that runs interruptible code of `session`; does
/// nothing when none does. To be repeated while the code goes on, because code can swallow it.
/// With `forcefully`, a trace function raises at every further line and instruction, which ends code
/// that catches BaseException in a loop. Never blocks beyond taking effect; needs the GIL.
void ds_interrupt(struct ds_session *_Nonnull session, enum ds_interruption kind, int forcefully);

/// Processor time that the thread which runs interruptible code of `session` has used in its life, in
/// nanoseconds; 0 when none does. Needs the GIL.
int64_t ds_interruptible_time(struct ds_session *_Nonnull session);

/// Marks the calling thread's section of `session` as interruptible; returns the depth before.
int ds_interruptible_begin(struct ds_session *_Nonnull session);
/// Returns to a depth. At 0 an interruption that was not delivered is dropped.
void ds_interruptible_end(struct ds_session *_Nonnull session, long depth);

#ifdef __cplusplus
}
#endif
