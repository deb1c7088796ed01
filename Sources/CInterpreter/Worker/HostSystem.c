#define _GNU_SOURCE
#include "HostSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
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

uint64_t ds_tree_size(const char *path, uint64_t limit) {
  char *const roots[] = {(char *)(uintptr_t)path, NULL};
  FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
  if (!walk) return 0;
  uint64_t total = 0;
  for (FTSENT *entry; total <= limit && (entry = fts_read(walk));)
    if (entry->fts_info != FTS_DP && entry->fts_info != FTS_NS && entry->fts_info != FTS_ERR)
      total += (uint64_t)entry->fts_statp->st_blocks * 512;
  fts_close(walk);
  return total;
}
