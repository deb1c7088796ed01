// Frames over a connected stream socket: four bytes of length (little-endian), then the payload.
// Descriptors may travel with a frame. Used by both ends; nothing here uses Python.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ValueCodec.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DS_CHANNEL_DESCRIPTORS = 8 };

/// One end. A channel is used by one thread at a time for receiving, and by one for sending.
struct ds_channel {
  int socket;           ///< Owned.
  size_t limit;         ///< Longest payload accepted; a longer one is EMSGSIZE, and the channel is lost.
  struct ds_buffer input;
  size_t consumed;      ///< Bytes at the front of `input` that were handed out.
  int refuses_descriptors;  ///< Descriptors that come with frames are dropped by the kernel.
  /// Received with the frames so far and not yet taken; more than fit are closed.
  int descriptors[DS_CHANNEL_DESCRIPTORS];
  size_t descriptor_count;
};

/// Makes a channel of a connected stream socket, which it owns from now on.
void ds_channel_open(struct ds_channel *_Nonnull channel, int socket, size_t limit);

/// Closes the socket and the descriptors not taken, and frees the buffer.
void ds_channel_close(struct ds_channel *_Nonnull channel);

/// Sends a frame whole, with up to DS_CHANNEL_DESCRIPTORS borrowed descriptors. Blocks; goes on after
/// a signal, since half a frame would lose the channel. Needs no GIL, and should not hold it.
/// Returns 0 or an errno value: EPIPE where the other end is gone (never SIGPIPE), EMSGSIZE where the
/// payload exceeds the format.
int ds_channel_send(struct ds_channel *_Nonnull channel, const void *_Nullable payload,
                    size_t length, const int *_Nullable descriptors, size_t count);

/// Receives a frame. Blocks; goes on after a signal. Needs no GIL, and should not hold it.
/// `*payload` points into the channel until the next call. Returns 0; ECONNRESET where the other end
/// is gone, in the middle of a frame or between two; EMSGSIZE where the length exceeds the limit;
/// or another errno value. Memory grows with the bytes that arrive, not with the length announced.
int ds_channel_receive(struct ds_channel *_Nonnull channel,
                       const uint8_t *_Nullable *_Nonnull payload, size_t *_Nonnull length);

/// As ds_channel_receive, but does not wait: EAGAIN where no whole frame has arrived yet. For an end
/// that must stay responsive whatever the other does.
int ds_channel_try_receive(struct ds_channel *_Nonnull channel,
                           const uint8_t *_Nullable *_Nonnull payload, size_t *_Nonnull length);

/// 1 if a whole frame has arrived already, so that ds_channel_receive will not block.
int ds_channel_has_frame(const struct ds_channel *_Nonnull channel);

/// Takes the oldest descriptor received; the caller closes it. -1 where there is none.
int ds_channel_take_descriptor(struct ds_channel *_Nonnull channel);

#ifdef __cplusplus
}
#endif
