#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "Steps.h"

// The user's number inside the namespace. Nothing is decided by it; it only says "nobody".
#define NOBODY 65534

static int write_text(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return errno;
  ssize_t written = write(file, text, strlen(text));
  int error = written < 0 ? errno : 0;
  close(file);
  return error;
}

static int map_user(uid_t user, gid_t group) {
  char map[64];
  // Without this an unprivileged process may not write gid_map.
  int error = write_text("/proc/self/setgroups", "deny");
  if (error && error != ENOENT) return error;
  snprintf(map, sizeof map, "%d %u 1", NOBODY, (unsigned)user);
  if ((error = write_text("/proc/self/uid_map", map))) return error;
  snprintf(map, sizeof map, "%d %u 1", NOBODY, (unsigned)group);
  return write_text("/proc/self/gid_map", map);
}

// No PID namespace: its first process loses the default action of signals, a second fork for each
// session would be needed, and the filter and Landlock already keep other processes out of reach.
// No mount namespace: Landlock decides on files.
int ds_enter_namespaces(struct ds_confinement_report *report) {
  const int others = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  const uint32_t layers =
      DS_LAYER_NETWORK_NAMESPACE | DS_LAYER_IPC_NAMESPACE | DS_LAYER_UTS_NAMESPACE;
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(CLONE_NEWUSER | others) == 0) {
    report->layers |= DS_LAYER_USER_NAMESPACE | layers;
    int error = map_user(user, group);
    return error ? error : ds_raise_loopback();
  }
  // Where user namespaces are switched off, root may still enter the others.
  if (unshare(others) == 0) {
    report->layers |= layers;
    return ds_raise_loopback();
  }
  return 0;
}

int ds_raise_loopback(void) {
  int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (control < 0) return errno;
  struct ifreq request;
  memset(&request, 0, sizeof request);
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  int error = ioctl(control, SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
  close(control);
  return error;
}

int ds_open_proxy_listener(struct ds_confinement_report *report) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) return errno;
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(listener, 64) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
    int error = errno;
    close(listener);
    return error;
  }
  report->proxy_listener = listener;
  report->proxy_port = ntohs(address.sin_port);
  return 0;
}
