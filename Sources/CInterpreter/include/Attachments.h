// Large arrays that travel beside a message, in memory that host and session share: the host makes the
// segment and seals its size, so that no access can fail, and each side copies out before it looks.
//
// A message lists its attachments at its end: for each an offset and a length (eight bytes each,
// little-endian), then their number (four bytes). A DS_TAG_ATTACHED_ARRAY names one by its index.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ValueCodec.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  DS_MOST_ATTACHMENTS = 64,      ///< Of one message; further arrays travel inside it.
  DS_SMALLEST_ATTACHMENT = 1 << 16,  ///< Bytes. Below, copying is cheaper than the bookkeeping.
};

struct ds_attachment {
  uint64_t offset, length;
};

/// The segment as one side sees it, with the attachments of one message.
struct ds_attachments {
  uint8_t *_Nullable base;  ///< NULL where there is no segment.
  size_t size;
  struct ds_attachment items[DS_MOST_ATTACHMENTS];
  uint32_t count;
  size_t used;  ///< Bytes at the front that are taken.
};

// None of these needs Python or the GIL.

/// Makes a segment of shared memory, whose size nobody can change: a descriptor of the caller's, or -1
/// and errno.
int ds_segment_create(size_t size);
/// Maps one, for reading and writing: NULL and errno on failure.
void *_Nullable ds_segment_map(int descriptor, size_t size);
void ds_segment_unmap(void *_Nonnull base, size_t size);

/// Forgets the attachments, for the next message.
void ds_attachments_reset(struct ds_attachments *_Nonnull attachments);
/// Room for one more: where to write `length` bytes, and its index; NULL where it must travel inside.
uint8_t *_Nullable ds_attachments_add(struct ds_attachments *_Nonnull attachments, size_t length,
                                      uint32_t *_Nonnull index);
/// Appends the list to a message. 0 or ENOMEM.
int ds_attachments_put(const struct ds_attachments *_Nonnull attachments,
                       struct ds_buffer *_Nonnull message);
/// Reads the list at the end of a message that is not trusted, and takes it off: `*length` is then that
/// of what is before. The attachments lie inside the segment, in order and apart. 0 or EBADMSG.
int ds_attachments_take(struct ds_attachments *_Nonnull attachments, const uint8_t *_Nullable message,
                        size_t *_Nonnull length);

#ifdef __cplusplus
}
#endif
