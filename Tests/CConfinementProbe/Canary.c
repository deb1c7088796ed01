#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CConfinementProbe.h"

enum { MEMORY = 1 << 20 };
static const char secret[] = "canary-secret-5d1c";
static const char content[] = "the host's file\n";

struct canary {
  char directory[512], file[600], socket_path[600], abstract_name[64];
  struct stat status;
  unsigned char *memory;
  int descriptor;
  ino_t sockets[4];
  int tcp, udp, named, abstract;
  unsigned tcp_port, udp_port;
  pid_t victim;
};

static int count_entries(const char *path) {
  DIR *directory = opendir(path);
  if (!directory) return -1;
  int count = 0;
  while (readdir(directory)) count++;
  closedir(directory);
  return count;
}

static int internet_socket(int type, unsigned *port) {
  int s = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (s < 0 || bind(s, (struct sockaddr *)&address, sizeof address) != 0 ||
      (type == SOCK_STREAM && listen(s, 8) != 0) ||
      getsockname(s, (struct sockaddr *)&address, &length) != 0)
    give_up("opening the canary's socket");
  *port = ntohs(address.sin_port);
  return s;
}

static int unix_socket(const char *name, int is_abstract) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path + is_abstract, name);
  socklen_t length =
      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name) + 1);
  int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (s < 0 || bind(s, (struct sockaddr *)&address, length) != 0 ||
      listen(s, 8) != 0)
    give_up("opening the canary's socket");
  return s;
}

static int descriptor_of(const struct canary *canary, int index) {
  return (const int[]){canary->tcp, canary->udp, canary->named, canary->abstract}[index];
}

static ino_t inode_of(int descriptor) {
  struct stat status;
  return fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

static int descriptors_are_intact(const struct canary *canary) {
  for (int i = 0; i < 4; i++)
    if (inode_of(descriptor_of(canary, i)) != canary->sockets[i]) return 0;
  return inode_of(canary->descriptor) == canary->status.st_ino;
}

struct canary *canary_create(const char *directory) {
  struct canary *canary = calloc(1, sizeof *canary);
  unsigned char *memory = malloc(MEMORY);
  if (!canary || !memory) give_up("allocating");
  memset(memory, 0xA5, MEMORY);
  canary->memory = memory;
  snprintf(canary->directory, sizeof canary->directory, "%s", directory);
  snprintf(canary->file, sizeof canary->file, "%s/canary.txt", directory);
  snprintf(canary->socket_path, sizeof canary->socket_path, "%s/canary.socket", directory);
  snprintf(canary->abstract_name, sizeof canary->abstract_name, "canary-%d", (int)getpid());
  int file = open(canary->file, O_CREAT | O_EXCL | O_RDWR, 0666);
  if (file < 0 || write(file, content, strlen(content)) < 0 || fstat(file, &canary->status) != 0)
    give_up("writing the canary's file");
  canary->descriptor = file;
  setenv("CANARY_SECRET", secret, 1);
  canary->tcp = internet_socket(SOCK_STREAM, &canary->tcp_port);
  canary->udp = internet_socket(SOCK_DGRAM, &canary->udp_port);
  canary->named = unix_socket(canary->socket_path, 0);
  canary->abstract = unix_socket(canary->abstract_name, 1);
  canary->victim = fork();
  if (canary->victim == 0)
    for (;;) pause();
  for (int i = 0; i < 4; i++) canary->sockets[i] = inode_of(descriptor_of(canary, i));
  return canary;
}

size_t canary_environment(const struct canary *canary, char **environment, size_t capacity) {
  size_t count = 0;
  char *text;
#define PUT(...)                                                     \
  if (count < capacity && asprintf(&text, __VA_ARGS__) >= 0) environment[count++] = text
  PUT("OUTSIDE=%s", canary->directory);
  PUT("CANARY=%s", canary->file);
  PUT("CANARY_SOCKET=%s", canary->socket_path);
  PUT("CANARY_ABSTRACT=%s", canary->abstract_name);
  PUT("CANARY_TCP=%u", canary->tcp_port);
  PUT("CANARY_UDP=%u", canary->udp_port);
  PUT("CANARY_PROCESS=%d", (int)canary->victim);
  PUT("HOST_PROCESS=%d", (int)getpid());
#undef PUT
  return count;
}

static int readable(int descriptor) {
  struct pollfd entry = {descriptor, POLLIN, 0};
  return poll(&entry, 1, 0) != 0;
}

static int file_is_intact(const struct canary *canary) {
  char text[sizeof content + 8] = "";
  struct stat now;
  if (stat(canary->file, &now) != 0 || fstat(canary->descriptor, &(struct stat){0}) != 0) return 0;
  if (pread(canary->descriptor, text, sizeof text - 1, 0) < 0) return 0;
  return strcmp(text, content) == 0 && now.st_mode == canary->status.st_mode &&
         now.st_ino == canary->status.st_ino && now.st_uid == canary->status.st_uid &&
         now.st_nlink == canary->status.st_nlink &&
         now.st_mtim.tv_nsec == canary->status.st_mtim.tv_nsec &&
         lseek(canary->descriptor, 0, SEEK_CUR) == (off_t)strlen(content);
}

static int memory_is_intact(const struct canary *canary) {
  for (size_t i = 0; i < MEMORY; i++)
    if (canary->memory[i] != 0xA5) return 0;
  return 1;
}

void canary_check(struct canary *canary, const char *output) {
  char damage[256] = "";
#define LOOK(ok, name) \
  if (!(ok)) strcat(damage, " " name)
  LOOK(file_is_intact(canary), "file");
  // ".", "..", the file, the socket, the workspace.
  LOOK(count_entries(canary->directory) == 5, "directory");
  LOOK(memory_is_intact(canary), "memory");
  LOOK(descriptors_are_intact(canary), "descriptors");
  LOOK(!readable(canary->tcp), "tcp");
  LOOK(!readable(canary->udp), "udp");
  LOOK(!readable(canary->named), "unix-socket");
  LOOK(!readable(canary->abstract), "abstract-socket");
  LOOK(waitpid(canary->victim, NULL, WNOHANG) == 0, "process");
  LOOK(strstr(output, secret) == NULL, "environment");
#undef LOOK
  kill(canary->victim, SIGKILL);
  waitpid(canary->victim, NULL, 0);
  printf("canary: %s\n", *damage ? damage + 1 : "intact");
}
