#define _GNU_SOURCE
#include "Attachments.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ITEM = 16, COUNT = 4, ALIGNMENT = 64 };

int ds_segment_create(size_t size) {
  int memory = memfd_create("dynasaur", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memory < 0) return -1;
  if (ftruncate(memory, (off_t)size) == 0 &&
      fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
    return memory;
  int error = errno;
  close(memory);
  errno = error;
  return -1;
}

void *ds_segment_map(int descriptor, size_t size) {
  void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  return base == MAP_FAILED ? NULL : base;
}

void ds_segment_unmap(void *base, size_t size) { munmap(base, size); }

void ds_attachments_reset(struct ds_attachments *attachments) {
  attachments->count = 0;
  attachments->used = 0;
}

uint8_t *ds_attachments_add(struct ds_attachments *attachments, size_t length, uint32_t *index) {
  if (!attachments->base || length < DS_SMALLEST_ATTACHMENT ||
      attachments->count == DS_MOST_ATTACHMENTS || length > attachments->size - attachments->used)
    return NULL;
  const size_t offset = attachments->used;
  attachments->items[attachments->count] = (struct ds_attachment){offset, length};
  *index = attachments->count++;
  size_t end = offset + length + (ALIGNMENT - 1);
  end -= end % ALIGNMENT;
  attachments->used = end < attachments->size ? end : attachments->size;
  return attachments->base + offset;
}

static void put(uint8_t *at, uint64_t number, int bytes) {
  for (int i = 0; i < bytes; i++) at[i] = (uint8_t)(number >> (8 * i));
}

static uint64_t get(const uint8_t *at, int bytes) {
  uint64_t number = 0;
  for (int i = 0; i < bytes; i++) number |= (uint64_t)at[i] << (8 * i);
  return number;
}

int ds_attachments_put(const struct ds_attachments *attachments, struct ds_buffer *message) {
  uint8_t list[DS_MOST_ATTACHMENTS * ITEM + COUNT];
  uint8_t *at = list;
  for (uint32_t i = 0; i < attachments->count; i++, at += ITEM) {
    put(at, attachments->items[i].offset, 8);
    put(at + 8, attachments->items[i].length, 8);
  }
  put(at, attachments->count, COUNT);
  return ds_buffer_append(message, list, (size_t)(at + COUNT - list)) ? ENOMEM : 0;
}

int ds_attachments_take(struct ds_attachments *attachments, const uint8_t *message,
                        size_t *length) {
  ds_attachments_reset(attachments);
  if (*length < COUNT) return EBADMSG;
  const uint64_t count = get(message + *length - COUNT, COUNT);
  if (count > DS_MOST_ATTACHMENTS || count * ITEM > *length - COUNT) return EBADMSG;
  const size_t before = *length - COUNT - count * ITEM;
  for (uint64_t i = 0; i < count; i++) {
    const uint8_t *at = message + before + i * ITEM;
    const struct ds_attachment item = {get(at, 8), get(at + 8, 8)};
    // In order and apart, so that all together are no larger than the segment.
    if (item.offset < attachments->used || item.offset > attachments->size ||
        item.length > attachments->size - item.offset)
      return EBADMSG;
    attachments->items[attachments->count++] = item;
    attachments->used = item.offset + item.length;
  }
  *length = before;
  return 0;
}
