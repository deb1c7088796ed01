// Address space that a session's code cannot use up, because it is taken: the runtime lets it go when
// memory has run out, so that there is some to tell of it with.
#define _GNU_SOURCE
#include <sys/mman.h>

#include "Zygote.h"

enum { SIZE = 64 << 20 };

static void *ballast;
static int is_wanted;

static void *take(void) {
  void *memory = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

uint64_t ds_ballast_install(void) {
  is_wanted = 1;
  ballast = take();
  return ballast ? SIZE : 0;
}

void ds_ballast_take(void) {
  if (is_wanted && !ballast) ballast = take();
}

void ds_ballast_release(void) {
  if (ballast) munmap(ballast, SIZE);
  ballast = NULL;
}
