// How a program that only links the library becomes a worker: it is executed again, and this
// constructor runs before main and before Swift's runtime does anything.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "Worker.h"

__attribute__((constructor)) static void take_over(void) {
  const char *value = getenv(DS_WORKER_VARIABLE);
  if (!value) return;
  char *end;
  long channel = strtol(value, &end, 10);
  if (end == value || *end || channel < 3 || channel > INT_MAX) return;
  unsetenv(DS_WORKER_VARIABLE);
  _exit(ds_worker_main((int)channel));
}

int ds_worker_can_take_over(void) {
  Dl_info info;
  char own[PATH_MAX], program[PATH_MAX];
  return dladdr((void *)(uintptr_t)take_over, &info) && info.dli_fname &&
         realpath(info.dli_fname, own) && realpath("/proc/self/exe", program) &&
         strcmp(own, program) == 0;
}
