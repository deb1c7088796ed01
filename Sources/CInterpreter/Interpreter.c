#include "CInterpreter.h"
