// Address space that a session's code cannot use up, because it is taken: the runtime lets it go when
// memory has run out, so that there is some to tell of it with.
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../SessionState.h"
#include "Zygote.h"

// A small block is one that Python itself cannot do without, as for a number or a frame of a traceback.
enum { SIZE = 64 << 20, HEADROOM = 8 << 20, LARGEST_SMALL_BLOCK = 512 };

struct ballast {
  void *memory;
  int is_mapped;
};

static _Atomic(struct ballast *) ballast;
static atomic_int is_wanted, ran_out;

static void *map(size_t size) {
  void *memory = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

// Where the free memory lies in the heap, which keeps its address space, it is as good there.
static int take(void) {
  static struct ballast held;
  if (atomic_load(&ballast)) return 1;
  held.memory = map(SIZE);
  held.is_mapped = held.memory != NULL;
  if (!held.memory) held.memory = malloc(SIZE);
  if (!held.memory) return 0;
  atomic_store(&ballast, &held);
  return 1;
}

static int has_headroom(void) {
  void *memory = map(HEADROOM);
  if (memory) return munmap(memory, HEADROOM) == 0;
  // Without `volatile` the pair is optimised away.
  void *volatile block = malloc(HEADROOM);
  free(block);
  return block != NULL;
}

uint64_t ds_ballast_install(void) {
  is_wanted = 1;
  return take() ? SIZE : 0;
}

void ds_ballast_take(void) {
  if (is_wanted) take();
}

int ds_ballast_release(size_t size, int attempt) {
  if (!is_wanted) return 0;
  ran_out = 1;
  if (size > LARGEST_SMALL_BLOCK) return 0;
  struct ballast *held = atomic_exchange(&ballast, NULL);
  if (held) {
    if (held->is_mapped)
      munmap(held->memory, SIZE);
    else
      free(held->memory);
    struct ds_session *session = ds_session_current();
    return !session || session->interruptible_depth == 0;  // The runtime goes on; code is told.
  }
  if (attempt == 0) return 1;  // Another thread may have let it go just now.
  _exit(DS_EXIT_OUT_OF_MEMORY);
}

int ds_ballast_is_needed(void) { return is_wanted && ran_out; }

int ds_ballast_restore(void) {
  if (!take() || !has_headroom()) return 0;
  ran_out = 0;
  return 1;
}
