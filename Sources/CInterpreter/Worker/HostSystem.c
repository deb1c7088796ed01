#define _GNU_SOURCE
#include "HostSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int ds_wake_create(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void ds_wake(int descriptor) { eventfd_write(descriptor, 1); }

void ds_wake_take(int descriptor) {
  eventfd_t count;
  eventfd_read(descriptor, &count);
}

int ds_pipe_create(int *reading, int *writing) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
    int error = errno;
    close(ends[0]);
    close(ends[1]);
    return error;
  }
  *reading = ends[0];
  *writing = ends[1];
  return 0;
}

long ds_send_now(int socket, const void *bytes, size_t count) {
  for (;;) {
    ssize_t sent = send(socket, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return sent;
    if (errno == EINTR) continue;
    return errno == EAGAIN ? 0 : -1;
  }
}

int ds_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC); }

static int write_all(int file, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(file, bytes, count);
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) {
      bytes += written;
      count -= (size_t)written;
    }
  }
  return 0;
}

// The name of a file is on disk when its folder is.
static int sync_folder_of(const char *path) {
  char copy[PATH_MAX];
  snprintf(copy, sizeof copy, "%s", path);
  int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return errno;
  int error = fsync(folder) == 0 ? 0 : errno;
  close(folder);
  // File systems that cannot do it for folders say EINVAL.
  return error == EINVAL ? 0 : error;
}

int ds_replace_file(const char *path, const void *bytes, size_t count) {
  char temporary[PATH_MAX];
  if ((size_t)snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= sizeof temporary)
    return ENAMETOOLONG;
  int file = mkostemp(temporary, O_CLOEXEC);
  if (file < 0) return errno;
  int error = write_all(file, bytes, count);
  if (!error && fsync(file) != 0) error = errno;
  if (close(file) != 0 && !error) error = errno;
  if (!error && rename(temporary, path) != 0) error = errno;
  if (error) {
    unlink(temporary);
    return error;
  }
  return sync_folder_of(path);
}

uint64_t ds_checksum(const void *bytes, size_t count) {
  const uint8_t *at = bytes;
  uint64_t sum = 0xcbf29ce484222325;
  for (size_t i = 0; i < count; i++) sum = (sum ^ at[i]) * 0x100000001b3;
  return sum;
}
