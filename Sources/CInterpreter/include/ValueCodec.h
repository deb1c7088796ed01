// The plain data encoding of Python values: the only form in which values cross from a worker
// process into the host, and the form in which observations reach Swift from every session.
//
// A value is one tag byte and its payload; integers are little endian. Nothing in it can name a
// type to construct, so decoding hostile bytes yields data or an error, never behaviour. The Swift
// side is ValueDecoder.swift and ValueEncoder.swift; the tags are listed here alone.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct _object PyObject;

#ifdef __cplusplus
extern "C" {
#endif

enum ds_tag {
  DS_TAG_NONE = 0,
  DS_TAG_FALSE = 1,
  DS_TAG_TRUE = 2,
  DS_TAG_INT = 3,              // int64
  DS_TAG_BIG_INT = 4,          // u8 negative, u32 count, magnitude bytes (little endian)
  DS_TAG_FLOAT = 5,            // IEEE 754 double
  DS_TAG_COMPLEX = 6,          // two doubles
  DS_TAG_STRING = 7,           // u32 count, UTF-8
  DS_TAG_SURROGATE_STRING = 8, // u32 count, UTF-8 with lone surrogates encoded ("surrogatepass")
  DS_TAG_BYTES = 9,            // u32 count, bytes
  DS_TAG_LIST = 10,            // u32 count, values
  DS_TAG_TUPLE = 11,           // u32 count, values
  DS_TAG_SET = 12,             // u32 count, values
  DS_TAG_FROZEN_SET = 13,      // u32 count, values
  DS_TAG_DICT = 14,            // u32 count, (key, value) pairs in order
  DS_TAG_DATE = 15,            // i32 year, u8 month, u8 day
  DS_TAG_TIME = 16,            // u8 hour, u8 minute, u8 second, u32 microsecond, zone
  DS_TAG_DATETIME = 17,        // a date, then a time
  DS_TAG_DURATION = 18,        // i32 days, i32 seconds, i32 microseconds
  DS_TAG_DECIMAL = 19,         // u32 count, ASCII
  DS_TAG_UUID = 20,            // 16 bytes, big endian
  DS_TAG_ARRAY = 21,           // u8 format count, format, u8 dimensions, u64 shape each, bytes
  DS_TAG_RECORD = 22,          // type name (string), u32 count, (name string, value): a dataclass
  DS_TAG_OBJECT = 23,          // type name (string), repr (string), u64 handle or 0
  DS_TAG_ATTACHED_ARRAY = 24,  // as an array, with a u32 index of Attachments.h instead of the bytes
};
// A zone is u8 present, then i32 seconds east of UTC.

/// Nesting that both sides refuse to exceed: a cyclic value ends here with an error.
enum { DS_MAXIMUM_DEPTH = 200 };

/// Bytes that grow. Zero-initialise; free `bytes` with ds_buffer_free.
struct ds_buffer {
  uint8_t *_Nullable bytes;
  size_t count;
  size_t capacity;
};

/// Needs no GIL.
void ds_buffer_free(struct ds_buffer *_Nonnull buffer);
/// Makes room for `more` bytes after `count`; returns 0, or -1 when memory is short, and then the
/// buffer is as before. Needs no GIL.
int ds_buffer_reserve(struct ds_buffer *_Nonnull buffer, size_t more);
/// Appends bytes; returns 0, or -1 when memory is short. Needs no GIL.
int ds_buffer_append(struct ds_buffer *_Nonnull buffer, const void *_Nullable bytes, size_t count);

/// How to encode an object that is not plain data.
enum ds_opaque_policy {
  DS_OPAQUE_DESCRIBE = 0,  // as DS_TAG_OBJECT: type name and shortened repr
  DS_OPAQUE_REFUSE = 1,    // TypeError that gives the path
};

/// Appends the encoding of `value`. Fails with ValueError when it nests deeper than
/// DS_MAXIMUM_DEPTH or takes more than `limit` bytes (0: 1 GiB).
int ds_encode(PyObject *_Nonnull value, enum ds_opaque_policy policy, size_t limit,
              struct ds_buffer *_Nonnull buffer);

/// Appends a description (DS_TAG_OBJECT) of any value.
int ds_encode_description(PyObject *_Nonnull value, struct ds_buffer *_Nonnull buffer);

struct ds_attachments;

/// As ds_encode; large arrays are attached where there is room.
int ds_encode_attaching(PyObject *_Nonnull value, enum ds_opaque_policy policy, size_t limit,
                        struct ds_buffer *_Nonnull buffer,
                        struct ds_attachments *_Nullable attachments);

/// Decodes one value that fills the bytes exactly; ValueError for anything else.
/// DS_TAG_OBJECT is refused: it has no value to restore. A record becomes a dict.
PyObject *_Nullable ds_decode(const uint8_t *_Nonnull bytes, size_t count);

/// As ds_decode, of a value with attachments, which are copied.
PyObject *_Nullable ds_decode_attached(const uint8_t *_Nonnull bytes, size_t count,
                                       const struct ds_attachments *_Nullable attachments);

#ifdef __cplusplus
}
#endif
