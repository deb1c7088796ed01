// The C boundary of the runtime. Python.h is included only by this target's .c files: importing it
// into Swift fails as soon as Foundation is imported too, and costs ten times a call in debug builds.
//
// Unless a comment says otherwise a function here needs the GIL (see ds_attach), reports failure by
// returning NULL or -1 with the Python exception set, and returns new references ("owned") that the
// caller gives back with ds_release. Parameters are borrowed.
#pragma once
#include "Attachments.h"
#include "Channel.h"
#include "Confinement.h"
#include "ConversionShims.h"
#include "GuardRails.h"
#include "HostSystem.h"
#include "Interpreter.h"
#include "Interruption.h"
#include "RuntimeModule.h"
#include "TypedCalls.h"
#include "ValueCodec.h"
#include "Worker.h"
