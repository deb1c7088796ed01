#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <datetime.h>

#include <string.h>

#include "Attachments.h"
#include "RuntimeModule.h"
#include "ValueCodec.h"

struct decoder {
  const uint8_t *at;
  const uint8_t *end;
  const struct ds_attachments *attachments;  // Or NULL.
  int depth;
};

static PyObject *malformed(void) {
  if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "malformed plain data");
  return NULL;
}

static const uint8_t *take(struct decoder *decoder, size_t count) {
  if (count > (size_t)(decoder->end - decoder->at)) return NULL;
  const uint8_t *bytes = decoder->at;
  decoder->at += count;
  return bytes;
}

static int take_into(struct decoder *decoder, void *value, size_t count) {
  const uint8_t *bytes = take(decoder, count);
  if (!bytes) return -1;
  memcpy(value, bytes, count);
  return 0;
}

// A counted run of bytes, such as a string's.
static const uint8_t *take_counted(struct decoder *decoder, uint32_t *count) {
  if (take_into(decoder, count, 4)) return NULL;
  return take(decoder, *count);
}

// The number of elements, which cannot exceed the bytes that are left.
static int take_count(struct decoder *decoder, Py_ssize_t *count) {
  uint32_t length;
  if (take_into(decoder, &length, 4)) return -1;
  if (length > (size_t)(decoder->end - decoder->at)) return -1;
  *count = length;
  return 0;
}

static PyObject *take_value(struct decoder *decoder);

static PyObject *take_big_int(struct decoder *decoder) {
  uint8_t negative;
  uint32_t count;
  if (take_into(decoder, &negative, 1)) return malformed();
  const uint8_t *bytes = take_counted(decoder, &count);
  if (!bytes) return malformed();
  PyObject *magnitude = PyObject_CallMethod((PyObject *)&PyLong_Type, "from_bytes", "y#s", bytes,
                                            (Py_ssize_t)count, "little");
  if (!magnitude || !negative) return magnitude;
  PyObject *value = PyNumber_Negative(magnitude);
  Py_DECREF(magnitude);
  return value;
}

static PyObject *take_list(struct decoder *decoder, int as_tuple) {
  Py_ssize_t count;
  if (take_count(decoder, &count)) return malformed();
  PyObject *list = as_tuple ? PyTuple_New(count) : PyList_New(count);
  if (!list) return NULL;
  for (Py_ssize_t i = 0; i < count; i++) {
    PyObject *item = take_value(decoder);
    if (!item) {
      Py_DECREF(list);
      return NULL;
    }
    if (as_tuple)
      PyTuple_SET_ITEM(list, i, item);
    else
      PyList_SET_ITEM(list, i, item);
  }
  return list;
}

static PyObject *take_set(struct decoder *decoder, int frozen) {
  PyObject *items = take_list(decoder, 0);
  if (!items) return NULL;
  PyObject *set = frozen ? PyFrozenSet_New(items) : PySet_New(items);
  Py_DECREF(items);
  return set;
}

static PyObject *take_dict(struct decoder *decoder) {
  Py_ssize_t count;
  if (take_count(decoder, &count)) return malformed();
  PyObject *dict = PyDict_New();
  for (Py_ssize_t i = 0; dict && i < count; i++) {
    PyObject *key = take_value(decoder);
    PyObject *value = key ? take_value(decoder) : NULL;
    if (!value || PyDict_SetItem(dict, key, value)) Py_CLEAR(dict);
    Py_XDECREF(key);
    Py_XDECREF(value);
  }
  return dict;
}

static PyObject *take_record(struct decoder *decoder) {
  PyObject *type = take_value(decoder);
  Py_XDECREF(type);
  return type ? take_dict(decoder) : NULL;
}

// ---- Dates -----------------------------------------------------------------------------------

struct clock {
  uint8_t hour, minute, second;
  uint32_t microsecond;
  PyObject *zone;  // owned
};

static int take_clock(struct decoder *decoder, struct clock *clock) {
  uint8_t parts[3], present;
  if (take_into(decoder, parts, 3) || take_into(decoder, &clock->microsecond, 4) ||
      take_into(decoder, &present, 1))
    return -1;
  clock->hour = parts[0];
  clock->minute = parts[1];
  clock->second = parts[2];
  clock->zone = Py_NewRef(Py_None);
  if (!present) return 0;
  int32_t seconds;
  if (take_into(decoder, &seconds, 4)) return -1;
  PyObject *offset = PyDelta_FromDSU(0, seconds, 0);
  PyObject *zone = offset ? PyTimeZone_FromOffset(offset) : NULL;
  Py_XDECREF(offset);
  if (!zone) return -1;
  Py_SETREF(clock->zone, zone);
  return 0;
}

static PyObject *take_moment(struct decoder *decoder, uint8_t tag) {
  int32_t year = 1;
  uint8_t day[2] = {1, 1};
  if (tag != DS_TAG_TIME && (take_into(decoder, &year, 4) || take_into(decoder, day, 2)))
    return malformed();
  if (tag == DS_TAG_DATE) return PyDate_FromDate(year, day[0], day[1]);
  struct clock clock = {0};
  PyObject *moment = NULL;
  if (take_clock(decoder, &clock))
    malformed();
  else if (tag == DS_TAG_TIME)
    moment = PyDateTimeAPI->Time_FromTime(clock.hour, clock.minute, clock.second,
                                          (int)clock.microsecond, clock.zone,
                                          PyDateTimeAPI->TimeType);
  else
    moment = PyDateTimeAPI->DateTime_FromDateAndTime(
        year, day[0], day[1], clock.hour, clock.minute, clock.second, (int)clock.microsecond,
        clock.zone, PyDateTimeAPI->DateTimeType);
  Py_XDECREF(clock.zone);
  return moment;
}

// ---- The rest --------------------------------------------------------------------------------

// The bytes of an attached array, or NULL.
static const uint8_t *take_attached(struct decoder *decoder, size_t count) {
  uint32_t index;
  const struct ds_attachments *attachments = decoder->attachments;
  if (take_into(decoder, &index, 4) || !attachments || index >= attachments->count ||
      attachments->items[index].length != count)
    return NULL;
  return attachments->base + attachments->items[index].offset;
}

static PyObject *take_array(struct decoder *decoder, int is_attached) {
  uint8_t format_count, dimensions;
  char format[256];
  if (take_into(decoder, &format_count, 1) || take_into(decoder, format, format_count) ||
      take_into(decoder, &dimensions, 1) || dimensions > 32)
    return malformed();
  format[format_count] = 0;
  PyObject *shape = PyTuple_New(dimensions);
  if (!shape) return NULL;
  size_t count = 1;
  for (int i = 0; i < dimensions; i++) {
    uint64_t extent;
    if (take_into(decoder, &extent, 8) || __builtin_mul_overflow(count, extent, &count)) {
      Py_DECREF(shape);
      return malformed();
    }
    PyTuple_SET_ITEM(shape, i, PyLong_FromUnsignedLongLong(extent));
  }
  PyObject *size = ds_format_size(format);
  size_t item = size ? PyLong_AsSize_t(size) : 0;
  Py_XDECREF(size);
  size_t bytes;
  const uint8_t *data = NULL;
  if (!PyErr_Occurred() && !__builtin_mul_overflow(count, item, &bytes))
    data = is_attached ? take_attached(decoder, bytes) : take(decoder, bytes);
  PyObject *array = NULL;
  if (data)
    array = ds_make_array(format, shape, (const char *)data, (Py_ssize_t)bytes);
  else
    malformed();
  Py_DECREF(shape);
  return array;
}

static PyObject *take_text(struct decoder *decoder, uint8_t tag) {
  uint32_t count;
  const uint8_t *bytes = take_counted(decoder, &count);
  if (!bytes) return malformed();
  if (tag == DS_TAG_BYTES) return PyBytes_FromStringAndSize((const char *)bytes, count);
  if (tag == DS_TAG_DECIMAL) return ds_make_decimal((const char *)bytes, count);
  return PyUnicode_DecodeUTF8((const char *)bytes, count,
                              tag == DS_TAG_STRING ? "strict" : "surrogatepass");
}

static PyObject *take_number(struct decoder *decoder, uint8_t tag) {
  int64_t integer;
  double parts[2];
  switch (tag) {
    case DS_TAG_INT:
      return take_into(decoder, &integer, 8) ? malformed() : PyLong_FromLongLong(integer);
    case DS_TAG_FLOAT:
      return take_into(decoder, parts, 8) ? malformed() : PyFloat_FromDouble(parts[0]);
    default:
      return take_into(decoder, parts, 16) ? malformed() : PyComplex_FromDoubles(parts[0], parts[1]);
  }
}

// An object that the session holds for Swift; a mere description has no value.
static PyObject *take_object(struct decoder *decoder) {
  PyObject *type = take_value(decoder);
  PyObject *repr = type ? take_value(decoder) : NULL;
  Py_XDECREF(type);
  Py_XDECREF(repr);
  uint64_t handle;
  if (!repr || take_into(decoder, &handle, 8)) return malformed();
  if (handle) return ds_held_object(handle);
  PyErr_SetString(PyExc_TypeError,
                  "a described object is not a value: only plain data can be passed to Python");
  return NULL;
}

static PyObject *take_nested(struct decoder *decoder, uint8_t tag) {
  int32_t parts[3];
  const uint8_t *bytes;
  switch (tag) {
    case DS_TAG_LIST: return take_list(decoder, 0);
    case DS_TAG_TUPLE: return take_list(decoder, 1);
    case DS_TAG_SET: return take_set(decoder, 0);
    case DS_TAG_FROZEN_SET: return take_set(decoder, 1);
    case DS_TAG_DICT: return take_dict(decoder);
    case DS_TAG_RECORD: return take_record(decoder);
    case DS_TAG_ARRAY: return take_array(decoder, 0);
    case DS_TAG_ATTACHED_ARRAY: return take_array(decoder, 1);
    case DS_TAG_BIG_INT: return take_big_int(decoder);
    case DS_TAG_DATE:
    case DS_TAG_TIME:
    case DS_TAG_DATETIME: return take_moment(decoder, tag);
    case DS_TAG_DURATION:
      return take_into(decoder, parts, 12) ? malformed()
                                           : PyDelta_FromDSU(parts[0], parts[1], parts[2]);
    case DS_TAG_UUID:
      bytes = take(decoder, 16);
      return bytes ? ds_make_uuid((const char *)bytes) : malformed();
    case DS_TAG_OBJECT: return take_object(decoder);
    default: return malformed();
  }
}

static PyObject *take_value(struct decoder *decoder) {
  const uint8_t *tag = take(decoder, 1);
  if (!tag) return malformed();
  switch (*tag) {
    case DS_TAG_NONE: Py_RETURN_NONE;
    case DS_TAG_FALSE: Py_RETURN_FALSE;
    case DS_TAG_TRUE: Py_RETURN_TRUE;
    case DS_TAG_INT:
    case DS_TAG_FLOAT:
    case DS_TAG_COMPLEX: return take_number(decoder, *tag);
    case DS_TAG_STRING:
    case DS_TAG_SURROGATE_STRING:
    case DS_TAG_BYTES:
    case DS_TAG_DECIMAL: return take_text(decoder, *tag);
  }
  if (++decoder->depth > DS_MAXIMUM_DEPTH) return malformed();
  PyObject *value = take_nested(decoder, *tag);
  decoder->depth--;
  return value;
}

PyObject *ds_decode(const uint8_t *bytes, size_t count) {
  return ds_decode_attached(bytes, count, NULL);
}

PyObject *ds_decode_attached(const uint8_t *bytes, size_t count,
                             const struct ds_attachments *attachments) {
  if (!PyDateTimeAPI) {
    PyDateTime_IMPORT;
    if (!PyDateTimeAPI) return NULL;
  }
  struct decoder decoder = {.at = bytes, .end = bytes + count, .attachments = attachments};
  PyObject *value = take_value(&decoder);
  if (value && decoder.at != decoder.end) {
    Py_DECREF(value);
    return malformed();
  }
  return value;
}
