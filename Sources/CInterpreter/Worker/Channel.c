#define _GNU_SOURCE
#include "Channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEADER = 4, READ_AHEAD = 64 * 1024, KEPT_CAPACITY = 1024 * 1024 };

// ---- Channel ---------------------------------------------------------------------------------

void ds_channel_open(struct ds_channel *channel, int socket, size_t limit) {
  memset(channel, 0, sizeof *channel);
  channel->socket = socket;
  channel->limit = limit;
}

void ds_channel_close(struct ds_channel *channel) {
  if (channel->socket >= 0) close(channel->socket);
  channel->socket = -1;
  for (size_t i = 0; i < channel->descriptor_count; i++) close(channel->descriptors[i]);
  channel->descriptor_count = 0;
  channel->consumed = 0;
  ds_buffer_free(&channel->input);
}

static void attach(struct msghdr *message, char *control, const int *descriptors, size_t count) {
  message->msg_control = control;
  message->msg_controllen = CMSG_SPACE(count * sizeof(int));
  struct cmsghdr *header = CMSG_FIRSTHDR(message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(count * sizeof(int));
  memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
}

// The kernel bounds the descriptors of a user that are sent and not yet received, in all programs:
// others receive theirs in a moment.
static int waits_for_others(int *attempts) {
  enum { MOST_ATTEMPTS = 5000 };
  if (errno != ETOOMANYREFS || ++*attempts > MOST_ATTEMPTS) return 0;
  nanosleep(&(struct timespec){0, 1000000}, NULL);
  return 1;
}

int ds_channel_send(struct ds_channel *channel, const void *payload, size_t length,
                    const int *descriptors, size_t count) {
  if (length > UINT32_MAX || count > DS_CHANNEL_DESCRIPTORS) return EMSGSIZE;
  uint8_t header[HEADER];
  for (int i = 0; i < HEADER; i++) header[i] = (uint8_t)(length >> (8 * i));
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * DS_CHANNEL_DESCRIPTORS)] = {0};
  size_t sent = 0;
  int attempts = 0;
  while (sent < HEADER + length) {
    struct iovec parts[2];
    struct msghdr message = {.msg_iov = parts};
    if (sent < HEADER)
      parts[message.msg_iovlen++] = (struct iovec){header + sent, HEADER - sent};
    size_t done = sent > HEADER ? sent - HEADER : 0;
    if (done < length)
      parts[message.msg_iovlen++] = (struct iovec){(uint8_t *)(uintptr_t)payload + done, length - done};
    if (sent == 0 && count > 0) attach(&message, control, descriptors, count);
    ssize_t written = sendmsg(channel->socket, &message, MSG_NOSIGNAL);
    if (written < 0) {
      if (errno == EINTR || waits_for_others(&attempts)) continue;
      return errno == ECONNRESET ? EPIPE : errno;
    }
    sent += (size_t)written;
  }
  return 0;
}

static void collect(struct ds_channel *channel, struct msghdr *message) {
  for (struct cmsghdr *h = CMSG_FIRSTHDR(message); h; h = CMSG_NXTHDR(message, h)) {
    if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int descriptor;
      memcpy(&descriptor, CMSG_DATA(h) + i * sizeof(int), sizeof(int));
      if (channel->descriptor_count < DS_CHANNEL_DESCRIPTORS)
        channel->descriptors[channel->descriptor_count++] = descriptor;
      else
        close(descriptor);
    }
  }
}

// Reads what has arrived, at least one byte, and about `wanted` at most.
static int fill(struct ds_channel *channel, size_t wanted, int flags) {
  if (wanted < READ_AHEAD) wanted = READ_AHEAD;
  // Doubling bounds what an announced length can make us allocate to twice what was sent.
  size_t most = channel->input.count > READ_AHEAD ? channel->input.count : READ_AHEAD;
  if (wanted > most) wanted = most;
  if (ds_buffer_reserve(&channel->input, wanted)) return ENOMEM;
  for (;;) {
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * DS_CHANNEL_DESCRIPTORS)];
    struct iovec part = {channel->input.bytes + channel->input.count, wanted};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof control};
    if (channel->refuses_descriptors) message.msg_controllen = 0;
    ssize_t count = recvmsg(channel->socket, &message, MSG_CMSG_CLOEXEC | flags);
    if (count < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    if (message.msg_controllen > 0) collect(channel, &message);
    if (count == 0) return ECONNRESET;
    channel->input.count += (size_t)count;
    return 0;
  }
}

static size_t available(const struct ds_channel *channel) {
  return channel->input.count - channel->consumed;
}

static size_t announced(const struct ds_channel *channel) {
  const uint8_t *at = channel->input.bytes + channel->consumed;
  return (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

int ds_channel_has_frame(const struct ds_channel *channel) {
  return available(channel) >= HEADER && available(channel) - HEADER >= announced(channel);
}

// Before more is read: moves what is left to the front, and gives a large buffer back once empty.
static void compact(struct ds_channel *channel) {
  size_t left = available(channel);
  if (left == 0 && channel->input.capacity > KEPT_CAPACITY) ds_buffer_free(&channel->input);
  if (left > 0 && channel->consumed > 0)
    memmove(channel->input.bytes, channel->input.bytes + channel->consumed, left);
  channel->input.count = left;
  channel->consumed = 0;
}

static int receive(struct ds_channel *channel, const uint8_t **payload, size_t *length,
                   int flags) {
  *payload = NULL;
  *length = 0;
  if (!ds_channel_has_frame(channel)) compact(channel);
  for (;;) {
    size_t wanted = HEADER;
    if (available(channel) >= HEADER) {
      size_t size = announced(channel);
      if (size > channel->limit) return EMSGSIZE;
      if (available(channel) - HEADER >= size) {
        *payload = channel->input.bytes + channel->consumed + HEADER;
        *length = size;
        channel->consumed += HEADER + size;
        return 0;
      }
      wanted = HEADER + size - available(channel);
    }
    int error = fill(channel, wanted, flags);
    if (error) return error;
  }
}

int ds_channel_receive(struct ds_channel *channel, const uint8_t **payload, size_t *length) {
  return receive(channel, payload, length, 0);
}

int ds_channel_try_receive(struct ds_channel *channel, const uint8_t **payload, size_t *length) {
  return receive(channel, payload, length, MSG_DONTWAIT);
}

int ds_channel_take_descriptor(struct ds_channel *channel) {
  if (channel->descriptor_count == 0) return -1;
  int descriptor = channel->descriptors[0];
  channel->descriptor_count--;
  memmove(channel->descriptors, channel->descriptors + 1,
          channel->descriptor_count * sizeof *channel->descriptors);
  return descriptor;
}
