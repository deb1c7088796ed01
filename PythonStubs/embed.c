#include "PythonStubs.h"
