// Bounds what Python allocates for one session. Blocks over 512 bytes and the arenas of smaller ones
// come through here, so that the many small allocations cost nothing. What numpy and other libraries
// allocate by themselves is not seen: only a worker session bounds that.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <malloc.h>
#include <stddef.h>
#include <sys/mman.h>

#include "Rails.h"

enum { RELIEF = 32 << 20, RESERVE = 2 * RELIEF };
// Blocks in which a number fits, but nothing that could keep many of them.
enum { CRUMB = 32, CRUMBS = 16 << 20 };

static PyMemAllocatorEx system_allocator;
static PyObjectArenaAllocator system_arenas;
// Of all threads: a block may be freed by another session than the one that it was charged to, so a
// session's own figure can drift, and alone never decides.
static atomic_long total;

// Memory that runs out leaves a little to unwind with: the code gets it once a request, and the runtime
// what the code cannot use up.
static int exceeds(size_t more) {
  struct ds_session *session = ds_session_current();
  if (!session || !session->heap_limit) return 0;
  long limit = (long)session->heap_limit + (session->interruptible_depth ? session->relief : RESERVE);
  long size = more > PTRDIFF_MAX / 2 ? PTRDIFF_MAX / 2 : (long)more;
  if (atomic_load_explicit(&session->heap, memory_order_relaxed) + size <= limit ||
      atomic_load_explicit(&total, memory_order_relaxed) + size <= limit)
    return 0;
  if (session->relief == 0) session->relief = RELIEF;
  // CPython 3.11 loops for ever in a handler for which it cannot allocate a number.
  if (more <= CRUMB && session->crumbs < CRUMBS) {
    session->crumbs += size;
    return 0;
  }
  return 1;
}

void ds_heap_begin(struct ds_session *session) {
  long over = atomic_load_explicit(&session->heap, memory_order_relaxed) - (long)session->heap_limit;
  session->crumbs = 0;
  session->relief = session->heap_limit && over > -RELIEF / 2 ? over + RELIEF / 2 : 0;
}

static void charge(long bytes) {
  atomic_fetch_add_explicit(&total, bytes, memory_order_relaxed);
  struct ds_session *session = ds_session_current();
  if (session) atomic_fetch_add_explicit(&session->heap, bytes, memory_order_relaxed);
}

static long size_of(void *block) { return block ? (long)malloc_usable_size(block) : 0; }

static void *allocate(void *context, size_t size) {
  if (exceeds(size)) return NULL;
  void *block;
  for (int attempt = 0; !(block = system_allocator.malloc(context, size)); attempt++)
    if (!ds_ballast_release(size, attempt)) return NULL;
  charge(size_of(block));
  return block;
}

static void *allocate_zeroed(void *context, size_t count, size_t size) {
  const size_t total_size = size && count > PTRDIFF_MAX / size ? PTRDIFF_MAX : count * size;
  if (exceeds(total_size)) return NULL;
  void *block;
  for (int attempt = 0; !(block = system_allocator.calloc(context, count, size)); attempt++)
    if (!ds_ballast_release(total_size, attempt)) return NULL;
  charge(size_of(block));
  return block;
}

static void *reallocate(void *context, void *old, size_t size) {
  long before = size_of(old);
  if ((long)size > before && exceeds(size - (size_t)before)) return NULL;
  void *block;
  for (int attempt = 0; !(block = system_allocator.realloc(context, old, size)); attempt++)
    if (!ds_ballast_release(size, attempt)) return NULL;
  charge(size_of(block) - before);
  return block;
}

static void release(void *context, void *block) {
  charge(-size_of(block));
  system_allocator.free(context, block);
}

static void *allocate_arena(void *context, size_t size) {
  if (exceeds(size)) return NULL;
  void *arena = system_arenas.alloc(context, size);
  // Without one, Python goes on with blocks of its own, and memory has run out when they fail.
  if (arena) charge((long)size);
  return arena;
}

static void release_arena(void *context, void *arena, size_t size) {
  charge(-(long)size);
  system_arenas.free(context, arena, size);
}

void ds_heap_install(void) {
  PyMem_GetAllocator(PYMEM_DOMAIN_RAW, &system_allocator);
  PyMemAllocatorEx counting = {system_allocator.ctx, allocate, allocate_zeroed, reallocate, release};
  PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &counting);
  PyObject_GetArenaAllocator(&system_arenas);
  PyObjectArenaAllocator arenas = {system_arenas.ctx, allocate_arena, release_arena};
  PyObject_SetArenaAllocator(&arenas);
}
