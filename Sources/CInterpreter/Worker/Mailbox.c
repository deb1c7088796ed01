// One channel for all threads of a session. Whoever waits for a frame reads; when the frame is for
// another thread, it is kept for that one. So the main thread can run Python while a thread of the
// session's code waits for a host function, and the other way round.
#include "Zygote.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct letter {
  struct ds_buffer frame;
  struct letter *next;
};

static struct ds_channel *channel;
static pthread_mutex_t sending = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;  // Protects what follows.
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct letter *letters;
static int someone_reads;
static int failure;  // The channel is lost.

void ds_mailbox_open(struct ds_channel *of_session) { channel = of_session; }

int ds_mailbox_send(const void *payload, size_t length) {
  pthread_mutex_lock(&sending);
  int error = ds_channel_send(channel, payload, length, NULL, 0);
  pthread_mutex_unlock(&sending);
  return error;
}

static uint32_t number_of(const struct ds_buffer *frame) {
  uint32_t number;
  if (frame->count < 1 + sizeof number) return 0;
  memcpy(&number, frame->bytes + 1, sizeof number);
  return number;
}

static int take(uint8_t kind, uint32_t number, struct ds_buffer *frame) {
  for (struct letter **at = &letters; *at; at = &(*at)->next) {
    struct letter *letter = *at;
    if (letter->frame.bytes[0] != kind) continue;
    if (number && number_of(&letter->frame) != number) continue;
    *frame = letter->frame;
    *at = letter->next;
    free(letter);
    return 1;
  }
  return 0;
}

static int append(const uint8_t *payload, size_t length) {
  if (length == 0) return EBADMSG;
  struct letter *letter = calloc(1, sizeof *letter);
  if (!letter) return ENOMEM;
  if (ds_buffer_append(&letter->frame, payload, length) != 0) {
    free(letter);
    return ENOMEM;
  }
  struct letter **end = &letters;
  while (*end) end = &(*end)->next;
  *end = letter;
  return 0;
}

// The mutex is held, but not while reading.
static void read_one(void) {
  const uint8_t *payload;
  size_t length;
  someone_reads = 1;
  pthread_mutex_unlock(&mutex);
  int error = ds_channel_receive(channel, &payload, &length);
  pthread_mutex_lock(&mutex);
  someone_reads = 0;
  if (!error) error = append(payload, length);
  if (error) failure = error;
  pthread_cond_broadcast(&changed);
}

static int wait_for(uint8_t kind, uint32_t number, struct ds_buffer *frame) {
  pthread_mutex_lock(&mutex);
  int found;
  while (!(found = take(kind, number, frame)) && !failure) {
    if (someone_reads)
      pthread_cond_wait(&changed, &mutex);
    else
      read_one();
  }
  // Another thread must read on for those that still wait.
  pthread_cond_broadcast(&changed);
  int error = found ? 0 : failure;
  pthread_mutex_unlock(&mutex);
  return error;
}

int ds_mailbox_next_request(struct ds_buffer *frame) { return wait_for(DS_FRAME_REQUEST, 0, frame); }

int ds_mailbox_next_result(uint32_t call, struct ds_buffer *frame) {
  return wait_for(DS_FRAME_HOST_RESULT, call, frame);
}
