// What a fork frame says of a session, decoded.
#pragma once
#include "Worker.h"

/// Strings of one kind, each terminated. Owned by the plan.
struct ds_texts {
  char **items;
  size_t count, capacity;
};

struct ds_plan {
  uint64_t session;
  uint64_t threads;
  uint64_t hash_seed;
  int has_hash_seed;
  struct ds_texts readable, writable, environment, modules;
  char *directory, *python, *home;
  uint64_t output_limit, reply_limit, segment;
  /// Points into the plan; kept descriptors and supervisor are the caller's to fill.
  struct ds_confinement policy;
};

/// Decodes the fields of a start or fork frame (without its kind). Main thread, no GIL. Returns 0,
/// EBADMSG for bytes that are not such a frame, or ENOMEM; ds_plan_free frees it in every case.
int ds_plan_decode(struct ds_plan *plan, const uint8_t *bytes, size_t length);
void ds_plan_free(struct ds_plan *plan);
