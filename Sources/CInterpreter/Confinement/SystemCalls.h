// The system calls of the filter, by what is done with them. Numbers differ between architectures,
// and old headers lack new calls: hence the #ifdefs of SystemCalls.c.
#pragma once
#include <stddef.h>

struct ds_system_calls {
  const int *numbers;
  size_t count;
};

/// Allowed whatever the arguments; the most frequent come first.
extern const struct ds_system_calls ds_allowed_calls;
/// Allowed besides under a policy with TCP.
extern const struct ds_system_calls ds_allowed_tcp_calls;
/// Succeed without effect (see ds_confine).
extern const struct ds_system_calls ds_ineffective_calls;
/// Extended attributes: EOPNOTSUPP, which shutil takes for a file system without them.
extern const struct ds_system_calls ds_unsupported_calls;
/// ENOSYS: their arguments lie in memory, where a filter cannot look, and libc falls back.
extern const struct ds_system_calls ds_missing_calls;
/// Calls above this number are newer than this table: ENOSYS.
extern const int ds_newest_known_call;
