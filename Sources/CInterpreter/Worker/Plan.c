#define _GNU_SOURCE
#include "Plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// A terminated copy; text with a zero in it is refused, since C would see another text.
static int copy_text(const struct ds_field *field, char **text) {
  if (memchr(field->bytes, 0, field->length)) return EBADMSG;
  char *copy = strndup((const char *)field->bytes, field->length);
  if (!copy) return ENOMEM;
  free(*text);
  *text = copy;
  return 0;
}

static int append_text(const struct ds_field *field, struct ds_texts *texts) {
  if (texts->count == texts->capacity) {
    size_t capacity = texts->capacity ? 2 * texts->capacity : 16;
    char **items = realloc(texts->items, capacity * sizeof *items);
    if (!items) return ENOMEM;
    texts->items = items;
    texts->capacity = capacity;
  }
  char *text = NULL;
  int error = copy_text(field, &text);
  if (!error) texts->items[texts->count++] = text;
  return error;
}

static int take(struct ds_plan *plan, const struct ds_field *field) {
  uint64_t number = 0;
  int error;
  switch (field->tag) {
    case DS_FIELD_PYTHON: return copy_text(field, &plan->python);
    case DS_FIELD_HOME: return copy_text(field, &plan->home);
    case DS_FIELD_DIRECTORY: return copy_text(field, &plan->directory);
    case DS_FIELD_MODULE: return append_text(field, &plan->modules);
    case DS_FIELD_READABLE: return append_text(field, &plan->readable);
    case DS_FIELD_WRITABLE: return append_text(field, &plan->writable);
    case DS_FIELD_ENVIRONMENT: return append_text(field, &plan->environment);
    case DS_FIELD_SESSION: return ds_field_integer(field, &plan->session);
    case DS_FIELD_OUTPUT_LIMIT: return ds_field_integer(field, &plan->output_limit);
    case DS_FIELD_REPLY_LIMIT: return ds_field_integer(field, &plan->reply_limit);
    case DS_FIELD_SEGMENT: return ds_field_integer(field, &plan->segment);
    case DS_FIELD_THREADS: return ds_field_integer(field, &plan->threads);
    case DS_FIELD_HASH_SEED:
      plan->has_hash_seed = 1;
      return ds_field_integer(field, &plan->hash_seed);
    case DS_FIELD_MEMORY: return ds_field_integer(field, &plan->policy.memory_limit);
    case DS_FIELD_FILE_SIZE: return ds_field_integer(field, &plan->policy.file_size_limit);
    case DS_FIELD_DESCRIPTORS: return ds_field_integer(field, &plan->policy.descriptor_limit);
    case DS_FIELD_PROCESSOR_TIME: return ds_field_integer(field, &plan->policy.cpu_limit);
    case DS_FIELD_OPTIONS:
      error = ds_field_integer(field, &number);
      plan->policy.options = (uint32_t)number;
      return error;
    default: return EBADMSG;
  }
}

int ds_plan_decode(struct ds_plan *plan, const uint8_t *bytes, size_t length) {
  memset(plan, 0, sizeof *plan);
  struct ds_fields fields = {bytes, length};
  struct ds_field field;
  int found, error = 0;
  while (!error && (found = ds_fields_next(&fields, &field)) != 0)
    error = found < 0 ? EBADMSG : take(plan, &field);
  plan->policy.readable_paths = (const char *const *)plan->readable.items;
  plan->policy.readable_count = plan->readable.count;
  plan->policy.writable_paths = (const char *const *)plan->writable.items;
  plan->policy.writable_count = plan->writable.count;
  plan->policy.working_directory = plan->directory;
  return error;
}

// Freed memory of the zygote is inherited by the next session, which could read what was there:
// a variable of this session's environment may be a secret.
static void free_texts(struct ds_texts *texts) {
  for (size_t i = 0; i < texts->count; i++) {
    explicit_bzero(texts->items[i], strlen(texts->items[i]));
    free(texts->items[i]);
  }
  free(texts->items);
}

void ds_plan_free(struct ds_plan *plan) {
  free_texts(&plan->readable);
  free_texts(&plan->writable);
  free_texts(&plan->environment);
  free_texts(&plan->modules);
  free(plan->directory);
  free(plan->python);
  free(plan->home);
  memset(plan, 0, sizeof *plan);
}
