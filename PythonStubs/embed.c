#include "PythonStubs.h"

#include <stddef.h>

// clang takes #embed, which is C23, in every C mode.
#pragma clang diagnostic ignored "-Wc23-extensions"

#define BEGIN(name) static const unsigned char name[] = {
#define END , 0};

BEGIN(runtime_init)
#embed "dynasaur_runtime/__init__.py" if_empty('\n')
END
BEGIN(runtime_bootstrap)
#embed "dynasaur_runtime/bootstrap.py"
END
BEGIN(runtime_engine)
#embed "dynasaur_runtime/engine.py"
END
BEGIN(runtime_exceptions)
#embed "dynasaur_runtime/exceptions.py"
END
BEGIN(runtime_plain_data)
#embed "dynasaur_runtime/plain_data.py"
END
BEGIN(runtime_streams)
#embed "dynasaur_runtime/streams.py"
END
BEGIN(runtime_steps)
#embed "dynasaur_runtime/steps.py"
END
BEGIN(runtime_display)
#embed "dynasaur_runtime/display.py"
END
BEGIN(runtime_host_functions)
#embed "dynasaur_runtime/host_functions.py"
END
BEGIN(runtime_operations)
#embed "dynasaur_runtime/operations.py"
END
BEGIN(runtime_signatures)
#embed "dynasaur_runtime/signatures.py"
END
BEGIN(runtime_main_module)
#embed "dynasaur_runtime/main_module.py"
END
BEGIN(library_init)
#embed "dynasaur_library/__init__.py" if_empty('\n')
END
BEGIN(actions_init)
#embed "dynasaur_actions/__init__.py" if_empty('\n')
END

static const struct dynasaur_stub stubs[] = {
    {"dynasaur_runtime/__init__.py", (const char *)runtime_init},
    {"dynasaur_runtime/bootstrap.py", (const char *)runtime_bootstrap},
    {"dynasaur_runtime/engine.py", (const char *)runtime_engine},
    {"dynasaur_runtime/exceptions.py", (const char *)runtime_exceptions},
    {"dynasaur_runtime/plain_data.py", (const char *)runtime_plain_data},
    {"dynasaur_runtime/streams.py", (const char *)runtime_streams},
    {"dynasaur_runtime/steps.py", (const char *)runtime_steps},
    {"dynasaur_runtime/display.py", (const char *)runtime_display},
    {"dynasaur_runtime/host_functions.py", (const char *)runtime_host_functions},
    {"dynasaur_runtime/operations.py", (const char *)runtime_operations},
    {"dynasaur_runtime/signatures.py", (const char *)runtime_signatures},
    {"dynasaur_runtime/main_module.py", (const char *)runtime_main_module},
    {"dynasaur_library/__init__.py", (const char *)library_init},
    {"dynasaur_actions/__init__.py", (const char *)actions_init},
    {NULL, ""},
};

const struct dynasaur_stub *dynasaur_stubs(void) { return stubs; }
