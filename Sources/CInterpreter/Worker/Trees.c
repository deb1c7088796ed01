// Folders that hostile code has filled: looked at and removed by descriptors, so that neither links nor
// the length of a path leads elsewhere or hides anything.
#define _GNU_SOURCE
#include "HostSystem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Each level holds a descriptor and some stack.
enum { DEEPEST = 96 };
// What a file takes besides its content: an empty one is not free either.
enum { SMALLEST = 4096 };

static DIR *open_below(int folder, const char *name) {
  int below = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (below < 0) return NULL;
  DIR *directory = fdopendir(below);
  if (!directory) close(below);
  return directory;
}

static struct dirent *next_entry(DIR *directory) {
  struct dirent *entry;
  while ((entry = readdir(directory)) != NULL)
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) break;
  return entry;
}

// ---- Size ------------------------------------------------------------------------------------

struct count {
  uint64_t total, limit;
  dev_t device;
};

static void count_file(struct count *count, const struct stat *status) {
  const uint64_t size = (uint64_t)status->st_blocks * 512;
  count->total += size > SMALLEST ? size : SMALLEST;
}

static void count_below(struct count *count, DIR *directory, int depth) {
  struct dirent *entry;
  while (count->total <= count->limit && (entry = next_entry(directory)) != NULL) {
    struct stat status;
    if (fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    count_file(count, &status);
    if (!S_ISDIR(status.st_mode) || status.st_dev != count->device) continue;
    DIR *below = depth < DEEPEST ? open_below(dirfd(directory), entry->d_name) : NULL;
    if (below) {
      count_below(count, below, depth + 1);
      closedir(below);
    } else if (depth == DEEPEST) {
      count->total = count->limit + 1;  // So deep that it can only be a hiding place.
    }
  }
}

uint64_t ds_tree_size(const char *path, uint64_t limit) {
  struct count count = {0, limit < UINT64_MAX ? limit : limit - 1, 0};
  DIR *directory = open_below(AT_FDCWD, path);
  struct stat status;
  if (!directory) return 0;
  if (fstat(dirfd(directory), &status) == 0) {
    count.device = status.st_dev;
    count_below(&count, directory, 0);
  }
  closedir(directory);
  return count.total;
}

// The number of a pidfd's process, or 0.
static long process_of(int process) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", process);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return 0;
  text[length] = 0;
  const char *line = strstr(text, "\nPid:");
  const long number = line ? strtol(line + strlen("\nPid:"), NULL, 10) : 0;
  return number > 0 ? number : 0;
}

uint64_t ds_nameless_size(int process, uint64_t limit) {
  struct count count = {0, limit, 0};
  char path[64];
  const long number = process_of(process);
  if (!number) return 0;
  snprintf(path, sizeof path, "/proc/%ld/fd", number);
  DIR *directory = open_below(AT_FDCWD, path);
  if (!directory) return 0;
  struct dirent *entry;
  while (count.total <= limit && (entry = next_entry(directory)) != NULL) {
    struct stat status;
    // Through the link, to the file that is open.
    if (fstatat(dirfd(directory), entry->d_name, &status, 0) != 0) continue;
    if (S_ISREG(status.st_mode) && status.st_nlink == 0) count_file(&count, &status);
  }
  closedir(directory);
  // The number may have become another process's meanwhile.
  return process_of(process) == number ? count.total : 0;
}

// ---- Removal ---------------------------------------------------------------------------------

// Removes what is below; folders that are too deep are moved up to `top` for the next round.
static void remove_below(DIR *directory, int top, int depth, unsigned *moved) {
  const int folder = dirfd(directory);
  struct dirent *entry;
  while ((entry = next_entry(directory)) != NULL) {
    if (unlinkat(folder, entry->d_name, 0) == 0) continue;
    if (unlinkat(folder, entry->d_name, AT_REMOVEDIR) == 0 || errno == ENOTDIR) continue;
    if (depth == DEEPEST) {
      char name[32];
      snprintf(name, sizeof name, ".deep-%u", ++*moved);
      renameat(folder, entry->d_name, top, name);
      continue;
    }
    DIR *below = open_below(folder, entry->d_name);
    if (!below && errno == EACCES && fchmodat(folder, entry->d_name, 0700, 0) == 0)
      below = open_below(folder, entry->d_name);
    if (!below) continue;
    fchmod(dirfd(below), 0700);
    remove_below(below, top, depth + 1, moved);
    closedir(below);
    unlinkat(folder, entry->d_name, AT_REMOVEDIR);
  }
}

int ds_remove_tree(const char *path) {
  unsigned moved = 0, before;
  do {
    before = moved;
    DIR *directory = open_below(AT_FDCWD, path);
    if (!directory) return errno;
    remove_below(directory, dirfd(directory), 0, &moved);
    closedir(directory);
  } while (rmdir(path) != 0 && moved > before);
  return access(path, F_OK) == 0 ? ENOTEMPTY : 0;
}
