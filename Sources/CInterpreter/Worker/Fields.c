#include <errno.h>
#include <string.h>

#include "Worker.h"

enum { FIELD_HEADER = 5, INTEGER = 8 };

int ds_fields_next(struct ds_fields *fields, struct ds_field *field) {
  if (fields->left == 0) return 0;
  if (fields->left < FIELD_HEADER) return -1;
  const uint8_t *at = fields->next;
  size_t length = (size_t)at[1] | (size_t)at[2] << 8 | (size_t)at[3] << 16 | (size_t)at[4] << 24;
  if (length > fields->left - FIELD_HEADER) return -1;
  *field = (struct ds_field){at[0], at + FIELD_HEADER, length};
  fields->next += FIELD_HEADER + length;
  fields->left -= FIELD_HEADER + length;
  return 1;
}

int ds_field_integer(const struct ds_field *field, uint64_t *value) {
  if (field->length != INTEGER) return EBADMSG;
  *value = 0;
  for (int i = 0; i < INTEGER; i++) *value |= (uint64_t)field->bytes[i] << (8 * i);
  return 0;
}

int ds_put_field(struct ds_buffer *frame, uint8_t tag, const void *bytes, size_t length) {
  if (length > UINT32_MAX) return EMSGSIZE;
  uint8_t header[FIELD_HEADER] = {tag};
  for (int i = 0; i < 4; i++) header[1 + i] = (uint8_t)(length >> (8 * i));
  size_t before = frame->count;
  if (ds_buffer_append(frame, header, sizeof header) == 0 &&
      ds_buffer_append(frame, bytes, length) == 0)
    return 0;
  frame->count = before;
  return ENOMEM;
}

int ds_put_integer(struct ds_buffer *frame, uint8_t tag, uint64_t value) {
  uint8_t bytes[INTEGER];
  for (int i = 0; i < INTEGER; i++) bytes[i] = (uint8_t)(value >> (8 * i));
  return ds_put_field(frame, tag, bytes, sizeof bytes);
}

int ds_put_text(struct ds_buffer *frame, uint8_t tag, const char *text) {
  return ds_put_field(frame, tag, text, strlen(text));
}
