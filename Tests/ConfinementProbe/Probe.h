// A small host in C for the tests of confinement: it starts a worker, runs one snippet in a session,
// and looks at what the snippet did to the host. Its output is lines of "name: value".
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "CInterpreter.h"

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
void enter_circumstances(const struct circumstances *circumstances);

/// Things of the host that a session must not reach.
struct canary;
struct canary *canary_create(const char *directory);
/// Prints "canary: intact" or what was touched. `output` is everything the session said.
void canary_check(struct canary *canary, const char *output);
/// Paths and numbers for the snippets, as NAME=value.
size_t canary_environment(const struct canary *canary, char **environment, size_t capacity);

/// `probe run`: snippet on standard input.
int run_snippet(const struct circumstances *circumstances, const char *program);
/// `probe attempts`: system calls from C, one line each.
int run_attempts(const struct circumstances *circumstances);
/// `probe crowd N`: N sessions, all killed at random moments.
int run_crowd(const struct circumstances *circumstances, const char *program, unsigned count);

extern const struct ds_worker_engine probe_engine;

/// rm -rf.
void remove_tree(const char *path);

/// Prints the message with errno's text and exits with status 2.
_Noreturn void give_up(const char *message);
