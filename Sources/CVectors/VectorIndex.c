#include "Scan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// Rows lie in blocks, so that an index grows without being copied. Padding with zeros to whole
// vector registers costs nothing: it adds nothing to an inner product.
enum { PADDING = 64, HUGE_PAGE = 2 << 20 };

static size_t code_bytes(const cv_index *index) { return BLOCK_ROWS * index->stride; }

// Room for the codes of a block, on a boundary of large pages, or null. It is zeros, and takes memory
// page by page as it is written.
static int8_t *new_codes(size_t bytes) {
  char *start = mmap(
      NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
      0);
  if (start == MAP_FAILED) return NULL;
  size_t before = (HUGE_PAGE - (uintptr_t)start % HUGE_PAGE) % HUGE_PAGE;
  if (before > 0) munmap(start, before);
  munmap(start + before + bytes, HUGE_PAGE - before);
  return (int8_t *)(start + before);
}

static void free_block(const cv_index *index, cv_block *block) {
  if (block->codes) munmap(block->codes, code_bytes(index));
  free(block->scales);
  free(block->residuals);
  free(block->flags);
}

cv_index *cv_index_new(size_t dimension) {
  cv_index *index = calloc(1, sizeof *index);
  if (!index) return NULL;
  index->dimension = dimension;
  index->stride = (dimension + PADDING - 1) / PADDING * PADDING;
  return index;
}

void cv_index_free(cv_index *index) {
  if (!index) return;
  for (size_t i = 0; i < index->block_count; i++) free_block(index, &index->blocks[i]);
  free(index->blocks);
  free(index);
}

size_t cv_index_count(const cv_index *index) { return index->count; }

size_t cv_index_bytes(const cv_index *index) {
  return index->count * (index->stride + 2 * sizeof(float) + 1);
}

static int add_block(cv_index *index) {
  cv_block *blocks = realloc(index->blocks, (index->block_count + 1) * sizeof *blocks);
  if (!blocks) return -1;
  index->blocks = blocks;
  cv_block block = {
      .codes = new_codes(code_bytes(index)),
      .scales = calloc(BLOCK_ROWS, sizeof(float)),
      .residuals = calloc(BLOCK_ROWS, sizeof(float)),
      .flags = calloc(BLOCK_ROWS, 1),
  };
  if (!block.codes || !block.scales || !block.residuals || !block.flags) {
    free_block(index, &block);
    return -1;
  }
#ifdef MADV_HUGEPAGE
  // A scan of small pages is bound by address translation; and only a second block shows that the
  // index is a large one. The advice may be refused.
  if (index->block_count > 0) madvise(block.codes, code_bytes(index), MADV_HUGEPAGE);
#endif
  index->blocks[index->block_count++] = block;
  return 0;
}

int cv_index_set(
    cv_index *index, size_t slot, const int8_t *codes, float scale, float residual, uint8_t flags) {
  if (slot > index->count || slot >= UINT32_MAX) return -1;
  if (slot == index->count) {
    if (slot / BLOCK_ROWS >= index->block_count && add_block(index) != 0) return -1;
    index->count++;
  }
  cv_block *block = &index->blocks[slot / BLOCK_ROWS];
  size_t row = slot % BLOCK_ROWS;
  int8_t *target = block->codes + row * index->stride;
  size_t length = codes ? index->dimension : 0;
  if (codes) memcpy(target, codes, length);
  memset(target + length, 0, index->stride - length);
  block->scales[row] = codes ? scale : 0;
  block->residuals[row] = codes ? residual : 0;
  block->flags[row] = flags;
  return 0;
}

void cv_index_set_flags(cv_index *index, size_t slot, uint8_t flags) {
  if (slot < index->count) index->blocks[slot / BLOCK_ROWS].flags[slot % BLOCK_ROWS] = flags;
}

uint8_t cv_index_flags(const cv_index *index, size_t slot) {
  return slot < index->count ? index->blocks[slot / BLOCK_ROWS].flags[slot % BLOCK_ROWS] : 0;
}
