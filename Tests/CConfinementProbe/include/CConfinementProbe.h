// What the tests of confinement need in C: circumstances, a canary, and system calls of a confined
// process. Output is lines of "name: value".
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Who runs, and what the kernel seems to offer.
struct circumstances {
  int nobody;            ///< Run as user 65534 (needs root).
  int no_namespaces;     ///< Creating namespaces fails with EPERM.
  int no_landlock;       ///< Landlock's calls fail with ENOSYS.
  int no_supervision;    ///< Filters cannot have a listener (EINVAL).
  int allow_unconfined;
  int network;
  unsigned deadline;     ///< Milliseconds.
  uint64_t memory;
  unsigned threads;
};

/// Applies the circumstances to this process, for good. Exits on failure.
void enter_circumstances(const struct circumstances *_Nonnull circumstances);

/// Things of the host that a session must not reach.
struct canary;
struct canary *_Nullable canary_create(const char *_Nonnull directory);
/// Prints "canary: intact" or what was touched. `output` is everything the session said.
void canary_check(struct canary *_Nonnull canary, const char *_Nonnull output);
/// Paths and numbers for the snippets, as NAME=value.
size_t canary_environment(const struct canary *_Nonnull canary,
                          char *_Nullable *_Nonnull environment, size_t capacity);

/// `probe attempts`: system calls from C, one line each.
int run_attempts(const struct circumstances *_Nonnull circumstances);
/// rm -rf.
void remove_tree(const char *_Nonnull path);

/// Prints the message with errno's text and exits with status 2.
_Noreturn void give_up(const char *_Nonnull message);
