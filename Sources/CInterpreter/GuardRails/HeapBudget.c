// Bounds what Python allocates for one session. Blocks over 512 bytes and the arenas of smaller ones
// come through here, so that the many small allocations cost nothing. What numpy and other libraries
// allocate by themselves is not seen: only a worker session bounds that.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <malloc.h>
#include <stddef.h>
#include <sys/mman.h>

#include "Rails.h"

enum { RESERVE = 64 << 20 };

static PyMemAllocatorEx system_allocator;
static PyObjectArenaAllocator system_arenas;
// Of all threads: a block may be freed by another session than the one that it was charged to, so a
// session's own figure can drift, and alone never decides.
static atomic_long total;

static int exceeds(size_t more) {
  struct ds_session *session = ds_session_current();
  if (!session || !session->heap_limit) return 0;
  // The runtime, which tells of the error, needs a little that the session's code cannot use up.
  long limit = (long)session->heap_limit + (session->interruptible_depth ? 0 : RESERVE);
  long size = more > PTRDIFF_MAX / 2 ? PTRDIFF_MAX / 2 : (long)more;
  return atomic_load_explicit(&session->heap, memory_order_relaxed) + size > limit &&
         atomic_load_explicit(&total, memory_order_relaxed) + size > limit;
}

static void charge(long bytes) {
  atomic_fetch_add_explicit(&total, bytes, memory_order_relaxed);
  struct ds_session *session = ds_session_current();
  if (session) atomic_fetch_add_explicit(&session->heap, bytes, memory_order_relaxed);
}

static long size_of(void *block) { return block ? (long)malloc_usable_size(block) : 0; }

static void *allocate(void *context, size_t size) {
  if (exceeds(size)) return NULL;
  void *block = system_allocator.malloc(context, size);
  charge(size_of(block));
  return block;
}

static void *allocate_zeroed(void *context, size_t count, size_t size) {
  if (size && exceeds(count > PTRDIFF_MAX / size ? PTRDIFF_MAX : count * size)) return NULL;
  void *block = system_allocator.calloc(context, count, size);
  charge(size_of(block));
  return block;
}

static void *reallocate(void *context, void *old, size_t size) {
  long before = size_of(old);
  if ((long)size > before && exceeds(size - (size_t)before)) return NULL;
  void *block = system_allocator.realloc(context, old, size);
  if (block) charge(size_of(block) - before);
  return block;
}

static void release(void *context, void *block) {
  charge(-size_of(block));
  system_allocator.free(context, block);
}

static void *allocate_arena(void *context, size_t size) {
  if (exceeds(size)) return NULL;
  void *arena = system_arenas.alloc(context, size);
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
