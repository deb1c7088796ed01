// The Python that ships with the product, embedded in the binary so that it is found wherever the
// binary is installed.
#pragma once

struct dynasaur_stub {
  const char *_Nullable name;    // path below PythonStubs; NULL ends the table
  const char *_Nonnull source;   // UTF-8, terminated
};

/// All embedded files. Static storage.
const struct dynasaur_stub *_Nonnull dynasaur_stubs(void);
