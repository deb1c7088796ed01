// Steps of a session. Everything here needs the GIL.
#pragma once
#include "SessionState.h"

/// Counts a step and registers its source (a str). Returns its file name, owned, or NULL with an
/// exception set.
PyObject *ds_step_begin(struct ds_session *session, PyObject *source);
