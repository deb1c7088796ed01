// What the zygote and the sessions forked from it share.
#pragma once
#include "Plan.h"

/// Confines this forked process, serves the session on `channel` and ends the process.
/// `output` becomes descriptors 1 and 2. The GIL is held.
_Noreturn void ds_worker_serve(const struct ds_worker_engine *engine, struct ds_plan *plan,
                               int channel, int output, int supervisor, int zygote);
