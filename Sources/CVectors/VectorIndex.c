#include "Scan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// Rows lie in blocks, so that an index grows without being copied. Padding with zeros to whole
// vector registers costs nothing: it adds nothing to an inner product.
enum { PADDING = 64, HUGE_PAGE = 2 << 20 };

cv_index *cv_index_new(size_t dimension) {
  cv_index *index = calloc(1, sizeof *index);
  if (!index) return NULL;
  index->dimension = dimension;
  index->stride = (dimension + PADDING - 1) / PADDING * PADDING;
  return index;
}

void cv_index_free(cv_index *index) {
  if (!index) return;
  for (size_t i = 0; i < index->block_count; i++) {
    free(index->blocks[i].codes);
    free(index->blocks[i].scales);
    free(index->blocks[i].residuals);
    free(index->blocks[i].flags);
  }
  free(index->blocks);
  free(index);
}

size_t cv_index_count(const cv_index *index) { return index->count; }

size_t cv_index_bytes(const cv_index *index) {
  return index->block_count * BLOCK_ROWS * (index->stride + 2 * sizeof(float) + 1);
}

static int add_block(cv_index *index) {
  cv_block *blocks = realloc(index->blocks, (index->block_count + 1) * sizeof *blocks);
  if (!blocks) return -1;
  index->blocks = blocks;
  size_t bytes = BLOCK_ROWS * index->stride;
  size_t alignment = bytes >= HUGE_PAGE ? HUGE_PAGE : 4096;
  bytes = (bytes + alignment - 1) / alignment * alignment;
  cv_block block = {
      .codes = aligned_alloc(alignment, bytes),
      .scales = calloc(BLOCK_ROWS, sizeof(float)),
      .residuals = calloc(BLOCK_ROWS, sizeof(float)),
      .flags = calloc(BLOCK_ROWS, 1),
  };
  if (!block.codes || !block.scales || !block.residuals || !block.flags) {
    free(block.codes);
    free(block.scales);
    free(block.residuals);
    free(block.flags);
    return -1;
  }
#ifdef MADV_HUGEPAGE
  // A scan of small pages is bound by address translation; and only a second block shows that the
  // index is a large one. The advice may be refused.
  if (alignment == HUGE_PAGE && index->block_count > 0) madvise(block.codes, bytes, MADV_HUGEPAGE);
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
