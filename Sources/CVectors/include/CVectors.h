// Vectors: an exact index of int8 rows, and the transformer that turns texts into vectors.
//
// Nothing here knows Python: every function may be called without the GIL, on any thread. An object
// is used by one thread at a time unless its comment says otherwise.
#pragma once

#include "InstructionSets.h"
#include "VectorIndex.h"
#include "Encoder.h"
