#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "Steps.h"

// Landlock's interface as of ABI 6. The kernel headers of a distribution are often older than the
// kernel that runs, so nothing of <linux/landlock.h> is used.
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum { CREATE_VERSION = 1 };
enum { RULE_PATH = 1, RULE_PORT = 2 };

enum {
  EXECUTE = 1 << 0,
  WRITE_FILE = 1 << 1,
  READ_FILE = 1 << 2,
  READ_DIRECTORY = 1 << 3,
  REMOVE_DIRECTORY = 1 << 4,
  REMOVE_FILE = 1 << 5,
  MAKE_DIRECTORY = 1 << 7,
  MAKE_FILE = 1 << 8,
  MAKE_SYMLINK = 1 << 12,
  ABI_1 = (1 << 13) - 1,     // Everything that the first version knew.
  REFER = 1 << 13,           // ABI 2
  TRUNCATE = 1 << 14,        // ABI 3
  DEVICE_CONTROL = 1 << 15,  // ABI 5
};
enum { TCP_BIND = 1 << 0, TCP_CONNECT = 1 << 1 };                        // ABI 4
enum { SCOPE_ABSTRACT_SOCKETS = 1 << 0, SCOPE_SIGNALS = 1 << 1 };       // ABI 6

struct ruleset_attributes {
  uint64_t handled_files;
  uint64_t handled_ports;
  uint64_t scopes;
};
struct path_rule {
  uint64_t allowed;
  int32_t parent;
} __attribute__((packed));
struct port_rule {
  uint64_t allowed;
  uint64_t port;
};

int ds_landlock_abi(void) {
  long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
  return abi > 0 ? (int)abi : 0;
}

// Every right on files that this version knows: what is handled and not allowed is denied.
static uint64_t known_rights(int abi) {
  uint64_t rights = ABI_1;
  if (abi >= 2) rights |= REFER;
  if (abi >= 3) rights |= TRUNCATE;
  if (abi >= 5) rights |= DEVICE_CONTROL;
  return rights;
}

static const uint64_t reading = READ_FILE | READ_DIRECTORY;
// Not: EXECUTE; devices, sockets and FIFOs, on which the host would hang when it reads a workspace.
static const uint64_t writing = READ_FILE | READ_DIRECTORY | WRITE_FILE | REMOVE_DIRECTORY |
                                REMOVE_FILE | MAKE_DIRECTORY | MAKE_FILE | MAKE_SYMLINK | REFER |
                                TRUNCATE;
static const uint64_t of_files = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | DEVICE_CONTROL;

static int allow_path(int ruleset, const char *path, uint64_t rights) {
  int file = open(path, O_PATH | O_CLOEXEC);
  if (file < 0) return errno;
  struct stat status;
  int error = fstat(file, &status) == 0 ? 0 : errno;
  if (!error) {
    struct path_rule rule = {rights, file};
    if (!S_ISDIR(status.st_mode)) rule.allowed &= of_files;
    if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0) != 0) error = errno;
  }
  close(file);
  return error;
}

static int allow_paths(int ruleset, const struct ds_confinement *policy, uint64_t known) {
  for (size_t i = 0; i < policy->readable_count; i++) {
    int error = allow_path(ruleset, policy->readable_paths[i], reading & known);
    // What is not there, or not for this user, needs no right.
    if (error && error != ENOENT && error != EACCES && error != ENOTDIR) return error;
  }
  for (size_t i = 0; i < policy->writable_count; i++) {
    int error = allow_path(ruleset, policy->writable_paths[i], writing & known);
    if (error) return error;
  }
  return 0;
}

static int allow_proxy(int ruleset, const struct ds_confinement_report *report) {
  if (report->proxy_listener < 0) return 0;
  struct port_rule rule = {TCP_CONNECT, report->proxy_port};
  return syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0) == 0 ? 0 : errno;
}

int ds_restrict_with_landlock(const struct ds_confinement *policy,
                              struct ds_confinement_report *report) {
  const int abi = report->landlock_abi;
  struct ruleset_attributes attributes = {.handled_files = known_rights(abi)};
  size_t size = sizeof attributes.handled_files;
  if (abi >= 4) {
    attributes.handled_ports = TCP_BIND | TCP_CONNECT;
    size = offsetof(struct ruleset_attributes, scopes);
  }
  if (abi >= 6) {
    attributes.scopes = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS;
    size = sizeof attributes;
  }
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
  if (ruleset < 0) return errno;
  int error = allow_paths(ruleset, policy, attributes.handled_files);
  if (!error && abi >= 4) error = allow_proxy(ruleset, report);
  if (!error && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) error = errno;
  close(ruleset);
  if (error) return error;
  report->layers |= DS_LAYER_FILES;
  if (abi >= 4) report->layers |= DS_LAYER_TCP;
  if (abi >= 6) report->layers |= DS_LAYER_SCOPES;
  return 0;
}
