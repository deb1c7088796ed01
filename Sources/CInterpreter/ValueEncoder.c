#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <datetime.h>

#include <string.h>

#include "Attachments.h"
#include "RuntimeModule.h"
#include "ValueCodec.h"

// ---- Buffer ----------------------------------------------------------------------------------

void ds_buffer_free(struct ds_buffer *buffer) {
  free(buffer->bytes);
  memset(buffer, 0, sizeof *buffer);
}

int ds_buffer_reserve(struct ds_buffer *buffer, size_t more) {
  if (more <= buffer->capacity - buffer->count) return 0;
  size_t capacity = buffer->capacity ? buffer->capacity : 256;
  while (capacity - buffer->count < more) {
    if (capacity > SIZE_MAX / 2) return -1;
    capacity *= 2;
  }
  uint8_t *bytes = realloc(buffer->bytes, capacity);
  if (!bytes) return -1;
  buffer->bytes = bytes;
  buffer->capacity = capacity;
  return 0;
}

int ds_buffer_append(struct ds_buffer *buffer, const void *bytes, size_t count) {
  if (ds_buffer_reserve(buffer, count)) return -1;
  if (count) memcpy(buffer->bytes + buffer->count, bytes, count);
  buffer->count += count;
  return 0;
}

// ---- Encoding --------------------------------------------------------------------------------

struct encoder {
  struct ds_buffer *buffer;
  size_t end;  // Count that the buffer must not exceed.
  enum ds_opaque_policy policy;
  struct ds_attachments *attachments;  // Or NULL.
  int depth;
};

static int put(struct encoder *encoder, const void *bytes, size_t count) {
  struct ds_buffer *buffer = encoder->buffer;
  if (count > encoder->end - buffer->count) {
    PyErr_SetString(PyExc_ValueError, "the value is larger than the limit for plain data");
    return -1;
  }
  if (ds_buffer_append(buffer, bytes, count)) {
    PyErr_NoMemory();
    return -1;
  }
  return 0;
}

static int put_u8(struct encoder *encoder, uint8_t value) { return put(encoder, &value, 1); }
static int put_u32(struct encoder *encoder, uint32_t value) { return put(encoder, &value, 4); }

static int put_tagged(struct encoder *encoder, uint8_t tag, const void *bytes, size_t count) {
  uint8_t head[9] = {tag};
  if (count > 8) return put_u8(encoder, tag) || put(encoder, bytes, count) ? -1 : 0;
  memcpy(head + 1, bytes, count);
  return put(encoder, head, count + 1);
}

static int put_counted(struct encoder *encoder, uint8_t tag, const void *bytes, size_t count) {
  if (count > UINT32_MAX) {
    PyErr_SetString(PyExc_ValueError, "the value is larger than the limit for plain data");
    return -1;
  }
  uint32_t length = (uint32_t)count;
  return put_tagged(encoder, tag, &length, 4) || put(encoder, bytes, count) ? -1 : 0;
}

static int put_string(struct encoder *encoder, PyObject *string) {
  Py_ssize_t count;
  const char *utf8 = PyUnicode_AsUTF8AndSize(string, &count);
  if (utf8) return put_counted(encoder, DS_TAG_STRING, utf8, (size_t)count);
  if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) return -1;
  PyErr_Clear();
  PyObject *bytes = PyUnicode_AsEncodedString(string, "utf-8", "surrogatepass");
  if (!bytes) return -1;
  int result = put_counted(encoder, DS_TAG_SURROGATE_STRING, PyBytes_AS_STRING(bytes),
                           (size_t)PyBytes_GET_SIZE(bytes));
  Py_DECREF(bytes);
  return result;
}

static int put_text(struct encoder *encoder, const char *text) {
  return put_counted(encoder, DS_TAG_STRING, text, strlen(text));
}

static int put_int(struct encoder *encoder, PyObject *value) {
  int overflow;
  long long small = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (!overflow) {
    if (small == -1 && PyErr_Occurred()) return -1;
    int64_t fixed = small;
    return put_tagged(encoder, DS_TAG_INT, &fixed, 8);
  }
  PyObject *absolute = PyNumber_Absolute(value);
  if (!absolute) return -1;
  PyObject *bits = PyObject_CallMethod(absolute, "bit_length", NULL);
  long long count = bits ? (PyLong_AsLongLong(bits) + 7) / 8 : 0;
  PyObject *bytes = bits ? PyObject_CallMethod(absolute, "to_bytes", "Ls", count, "little") : NULL;
  Py_XDECREF(bits);
  Py_DECREF(absolute);
  if (!bytes) return -1;
  uint8_t negative = overflow < 0;
  uint32_t length = (uint32_t)PyBytes_GET_SIZE(bytes);
  int result = put_tagged(encoder, DS_TAG_BIG_INT, &negative, 1) || put_u32(encoder, length) ||
               put(encoder, PyBytes_AS_STRING(bytes), length);
  Py_DECREF(bytes);
  return result ? -1 : 0;
}

static int put_value(struct encoder *encoder, PyObject *value);

static int put_head(struct encoder *encoder, uint8_t tag, Py_ssize_t count) {
  if ((size_t)count > UINT32_MAX) {
    PyErr_SetString(PyExc_ValueError, "the collection is larger than the limit for plain data");
    return -1;
  }
  uint32_t length = (uint32_t)count;
  return put_tagged(encoder, tag, &length, 4);
}

// Encoding an element can run Python code (a property, a repr), which may change the collection:
// sizes are checked again at each element, and elements are held while they are encoded.
static int put_sequence(struct encoder *encoder, PyObject *sequence, uint8_t tag) {
  Py_ssize_t count = PySequence_Fast_GET_SIZE(sequence);
  if (put_head(encoder, tag, count)) return -1;
  for (Py_ssize_t i = 0; i < count; i++) {
    if (i >= PySequence_Fast_GET_SIZE(sequence)) {
      PyErr_SetString(PyExc_RuntimeError, "the list changed size while it was encoded");
      return -1;
    }
    PyObject *item = Py_NewRef(PySequence_Fast_GET_ITEM(sequence, i));
    int failed = put_value(encoder, item);
    Py_DECREF(item);
    if (failed) return -1;
  }
  return 0;
}

static int put_set(struct encoder *encoder, PyObject *set, uint8_t tag) {
  PyObject *items = PySequence_List(set);
  if (!items) return -1;
  int result = put_sequence(encoder, items, tag);
  Py_DECREF(items);
  return result;
}

static int put_dict(struct encoder *encoder, PyObject *dict) {
  Py_ssize_t count = PyDict_GET_SIZE(dict);
  if (put_head(encoder, DS_TAG_DICT, count)) return -1;
  Py_ssize_t position = 0, seen = 0;
  PyObject *key, *value;
  while (PyDict_Next(dict, &position, &key, &value)) {
    Py_INCREF(key);
    Py_INCREF(value);
    int failed = put_value(encoder, key) || put_value(encoder, value);
    Py_DECREF(key);
    Py_DECREF(value);
    if (failed) return -1;
    seen++;
    if (PyDict_GET_SIZE(dict) != count) break;
  }
  if (seen == count && PyDict_GET_SIZE(dict) == count) return 0;
  PyErr_SetString(PyExc_RuntimeError, "the dict changed size while it was encoded");
  return -1;
}

// ---- Dates -----------------------------------------------------------------------------------

static int put_date(struct encoder *encoder, PyObject *date) {
  int32_t year = PyDateTime_GET_YEAR(date);
  uint8_t rest[2] = {PyDateTime_GET_MONTH(date), PyDateTime_GET_DAY(date)};
  return put(encoder, &year, 4) || put(encoder, rest, 2) ? -1 : 0;
}

static int put_zone(struct encoder *encoder, PyObject *value) {
  PyObject *offset = PyObject_CallMethod(value, "utcoffset", NULL);
  if (!offset) return -1;
  uint8_t present = offset != Py_None;
  int32_t seconds = 0;
  if (present && PyDelta_Check(offset))
    seconds = PyDateTime_DELTA_GET_DAYS(offset) * 86400 + PyDateTime_DELTA_GET_SECONDS(offset);
  Py_DECREF(offset);
  if (put_u8(encoder, present)) return -1;
  return present ? put(encoder, &seconds, 4) : 0;
}

static int put_clock(struct encoder *encoder, PyObject *value, uint8_t hour, uint8_t minute,
                     uint8_t second, uint32_t microsecond) {
  uint8_t clock[3] = {hour, minute, second};
  return put(encoder, clock, 3) || put_u32(encoder, microsecond) || put_zone(encoder, value) ? -1
                                                                                             : 0;
}

// Returns 1 when `value` is none of the types of datetime.
static int put_datetime_type(struct encoder *encoder, PyObject *value) {
  if (PyDateTime_Check(value))
    return put_u8(encoder, DS_TAG_DATETIME) || put_date(encoder, value) ||
                   put_clock(encoder, value, PyDateTime_DATE_GET_HOUR(value),
                             PyDateTime_DATE_GET_MINUTE(value), PyDateTime_DATE_GET_SECOND(value),
                             PyDateTime_DATE_GET_MICROSECOND(value))
               ? -1
               : 0;
  if (PyDate_Check(value))
    return put_u8(encoder, DS_TAG_DATE) || put_date(encoder, value) ? -1 : 0;
  if (PyTime_Check(value))
    return put_u8(encoder, DS_TAG_TIME) ||
                   put_clock(encoder, value, PyDateTime_TIME_GET_HOUR(value),
                             PyDateTime_TIME_GET_MINUTE(value), PyDateTime_TIME_GET_SECOND(value),
                             PyDateTime_TIME_GET_MICROSECOND(value))
               ? -1
               : 0;
  if (PyDelta_Check(value)) {
    int32_t parts[3] = {PyDateTime_DELTA_GET_DAYS(value), PyDateTime_DELTA_GET_SECONDS(value),
                        PyDateTime_DELTA_GET_MICROSECONDS(value)};
    return put_tagged(encoder, DS_TAG_DURATION, parts, sizeof parts);
  }
  return 1;
}

// ---- Arrays and other objects ----------------------------------------------------------------

static int put_array_view(struct encoder *encoder, const Py_buffer *view) {
  const char *format = view->format ? view->format : "B";
  size_t format_count = strlen(format);
  if (format_count > 255 || view->ndim > 32) {
    PyErr_SetString(PyExc_ValueError, "the array's format cannot be sent as plain data");
    return -1;
  }
  if ((size_t)view->len > encoder->end - encoder->buffer->count) {
    PyErr_SetString(PyExc_ValueError, "the array is larger than the limit for plain data");
    return -1;
  }
  uint32_t index;
  uint8_t *room = encoder->attachments
                      ? ds_attachments_add(encoder->attachments, (size_t)view->len, &index)
                      : NULL;
  uint8_t tag = room ? DS_TAG_ATTACHED_ARRAY : DS_TAG_ARRAY;
  if (put_u8(encoder, tag) || put_u8(encoder, (uint8_t)format_count) ||
      put(encoder, format, format_count) || put_u8(encoder, (uint8_t)view->ndim))
    return -1;
  for (int i = 0; i < view->ndim; i++) {
    uint64_t extent = (uint64_t)view->shape[i];
    if (put(encoder, &extent, 8)) return -1;
  }
  if (room) {
    if (PyBuffer_ToContiguous(room, view, view->len, 'C')) return -1;
    encoder->end -= (size_t)view->len;  // It counts as what it is.
    return put_u32(encoder, index);
  }
  struct ds_buffer *buffer = encoder->buffer;
  if (ds_buffer_reserve(buffer, (size_t)view->len)) {
    PyErr_NoMemory();
    return -1;
  }
  if (PyBuffer_ToContiguous(buffer->bytes + buffer->count, view, view->len, 'C')) return -1;
  buffer->count += (size_t)view->len;
  return 0;
}

// Items that are pointers (numpy's object arrays, format "O") are not data.
static int is_data_format(const char *format) {
  return !format || !strpbrk(format, "OPptTX&{}");
}

// Returns 1 when `value` is not an array of data.
static int put_array(struct encoder *encoder, PyObject *value) {
  if (!PyObject_CheckBuffer(value)) return 1;
  Py_buffer view;
  if (PyObject_GetBuffer(value, &view, PyBUF_FULL_RO)) {
    PyErr_Clear();
    return 1;
  }
  int result = 1;
  if (view.ndim > 0 && is_data_format(view.format)) result = put_array_view(encoder, &view);
  PyBuffer_Release(&view);
  return result;
}

static int put_object(struct encoder *encoder, PyObject *value) {
  if (encoder->policy == DS_OPAQUE_REFUSE) {
    PyErr_Format(PyExc_TypeError, "%.200s is not plain data", Py_TYPE(value)->tp_name);
    return -1;
  }
  PyObject *description = ds_describe_object(value);
  if (!description) return -1;
  uint64_t handle = 0;
  int result = put_u8(encoder, DS_TAG_OBJECT) ||
               put_string(encoder, PyTuple_GET_ITEM(description, 0)) ||
               put_string(encoder, PyTuple_GET_ITEM(description, 1)) || put(encoder, &handle, 8);
  Py_DECREF(description);
  return result ? -1 : 0;
}

// A dataclass instance, as its fields.
static int put_record(struct encoder *encoder, PyObject *value, PyObject *fields) {
  PyObject *names = PySequence_List(fields);  // The keys of __dataclass_fields__, in order.
  if (!names) return -1;
  int result = put_u8(encoder, DS_TAG_RECORD) || put_text(encoder, Py_TYPE(value)->tp_name) ||
               put_u32(encoder, (uint32_t)PyList_GET_SIZE(names));
  for (Py_ssize_t i = 0; !result && i < PyList_GET_SIZE(names); i++) {
    PyObject *name = PyList_GET_ITEM(names, i);
    PyObject *item = PyObject_GetAttr(value, name);
    result = !item || put_string(encoder, name) || put_value(encoder, item);
    Py_XDECREF(item);
  }
  Py_DECREF(names);
  return result ? -1 : 0;
}

// Types that plain data has no C check for. `conversion` is what dynasaur_runtime.plain_data says of
// the type: None (opaque), or a function that returns (tag, payload).
static int put_by_conversion(struct encoder *encoder, PyObject *value) {
  PyObject *plain = ds_convert_to_plain(value);
  if (!plain) return -1;
  int result;
  if (plain == Py_None) {
    result = put_object(encoder, value);
  } else {
    long tag = PyLong_AsLong(PyTuple_GET_ITEM(plain, 0));
    PyObject *payload = PyTuple_GET_ITEM(plain, 1);
    if (tag == DS_TAG_DECIMAL)
      result = put_counted(encoder, DS_TAG_DECIMAL, PyBytes_AS_STRING(payload),
                           (size_t)PyBytes_GET_SIZE(payload));
    else if (tag == DS_TAG_UUID)
      result = put_u8(encoder, DS_TAG_UUID) || put(encoder, PyBytes_AS_STRING(payload), 16);
    else
      result = put_value(encoder, payload);
  }
  Py_DECREF(plain);
  return result ? -1 : 0;
}

static int put_other(struct encoder *encoder, PyObject *value) {
  int result = PyDateTimeAPI ? put_datetime_type(encoder, value) : 1;
  if (result <= 0) return result;
  if (PyType_Check(value) || PyFunction_Check(value) || PyModule_Check(value))
    return put_object(encoder, value);
  result = put_array(encoder, value);
  if (result <= 0) return result;
  PyObject *fields = _PyType_Lookup(Py_TYPE(value), ds_name_dataclass_fields());
  if (fields && PyDict_Check(fields)) return put_record(encoder, value, fields);
  return put_by_conversion(encoder, value);
}

static int put_nested(struct encoder *encoder, PyObject *value) {
  if (PyList_Check(value)) return put_sequence(encoder, value, DS_TAG_LIST);
  if (PyTuple_Check(value)) return put_sequence(encoder, value, DS_TAG_TUPLE);
  if (PyDict_Check(value)) return put_dict(encoder, value);
  if (PySet_Check(value)) return put_set(encoder, value, DS_TAG_SET);
  if (PyFrozenSet_Check(value)) return put_set(encoder, value, DS_TAG_FROZEN_SET);
  return put_other(encoder, value);
}

static int put_value(struct encoder *encoder, PyObject *value) {
  if (value == Py_None) return put_u8(encoder, DS_TAG_NONE);
  if (value == Py_True) return put_u8(encoder, DS_TAG_TRUE);
  if (value == Py_False) return put_u8(encoder, DS_TAG_FALSE);
  if (PyUnicode_Check(value)) return put_string(encoder, value);
  if (PyLong_Check(value)) return put_int(encoder, value);
  if (PyFloat_Check(value)) {
    double number = PyFloat_AS_DOUBLE(value);
    return put_tagged(encoder, DS_TAG_FLOAT, &number, 8);
  }
  if (PyBytes_Check(value))
    return put_counted(encoder, DS_TAG_BYTES, PyBytes_AS_STRING(value),
                       (size_t)PyBytes_GET_SIZE(value));
  if (PyByteArray_Check(value))
    return put_counted(encoder, DS_TAG_BYTES, PyByteArray_AS_STRING(value),
                       (size_t)PyByteArray_GET_SIZE(value));
  if (PyComplex_Check(value)) {
    double parts[2] = {PyComplex_RealAsDouble(value), PyComplex_ImagAsDouble(value)};
    return put_tagged(encoder, DS_TAG_COMPLEX, parts, 16);
  }
  if (++encoder->depth > DS_MAXIMUM_DEPTH) {
    PyErr_Format(PyExc_ValueError,
                 "the value nests deeper than %d levels, or contains itself", DS_MAXIMUM_DEPTH);
    return -1;
  }
  int result = put_nested(encoder, value);
  encoder->depth--;
  return result;
}

int ds_encode(PyObject *value, enum ds_opaque_policy policy, size_t limit,
              struct ds_buffer *buffer) {
  return ds_encode_attaching(value, policy, limit, buffer, NULL);
}

int ds_encode_attaching(PyObject *value, enum ds_opaque_policy policy, size_t limit,
                        struct ds_buffer *buffer, struct ds_attachments *attachments) {
  if (!PyDateTimeAPI) {
    PyDateTime_IMPORT;
    if (!PyDateTimeAPI) return -1;
  }
  struct encoder encoder = {
      .buffer = buffer, .end = buffer->count + (limit ? limit : (size_t)1 << 30), .policy = policy,
      .attachments = attachments};
  const uint32_t count = attachments ? attachments->count : 0;
  const size_t used = attachments ? attachments->used : 0;
  int failed = put_value(&encoder, value);
  if (failed && attachments) {
    attachments->count = count;
    attachments->used = used;
  }
  return failed;
}

int ds_encode_description(PyObject *value, struct ds_buffer *buffer) {
  struct encoder encoder = {.buffer = buffer, .end = SIZE_MAX, .policy = DS_OPAQUE_DESCRIBE};
  return put_object(&encoder, value);
}
