#include "Scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- Hits -------------------------------------------------------------------------------------

static void push_bound(cv_hits *hits, float bound) {
  float *heap = hits->bounds;
  size_t i;
  if (hits->bound_count < hits->limit) {
    for (i = hits->bound_count++; i > 0 && heap[(i - 1) / 2] > bound; i = (i - 1) / 2)
      heap[i] = heap[(i - 1) / 2];
  } else {
    size_t child;
    for (i = 0; (child = 2 * i + 1) < hits->limit; i = child) {
      if (child + 1 < hits->limit && heap[child + 1] < heap[child]) child++;
      if (heap[child] >= bound) break;
      heap[i] = heap[child];
    }
  }
  heap[i] = bound;
  if (hits->bound_count == hits->limit) hits->threshold = heap[0];
}

// Drops what has fallen below the threshold since it was noted.
static void prune(cv_hits *hits) {
  size_t kept = 0;
  for (size_t i = 0; i < hits->count; i++)
    if (hits->list[i].upper >= hits->threshold) hits->list[kept++] = hits->list[i];
  hits->count = kept;
}

void cv_hits_add(cv_hits *hits, uint32_t slot, float lower, float upper) {
  if (hits->count == hits->capacity) {
    prune(hits);
    if (hits->count > hits->capacity / 2) {
      size_t capacity = hits->capacity * 2;
      cv_candidate *list = realloc(hits->list, capacity * sizeof *list);
      if (!list) {
        hits->failed = 1;
        return;
      }
      hits->list = list;
      hits->capacity = capacity;
    }
  }
  hits->list[hits->count++] = (cv_candidate){slot, lower, upper};
  if (lower > hits->threshold) push_bound(hits, lower);
}

static int by_bound(const void *first, const void *second) {
  const cv_candidate *a = first, *b = second;
  if (a->upper != b->upper) return a->upper < b->upper ? 1 : -1;
  return a->slot < b->slot ? -1 : a->slot > b->slot;
}

// ---- The query --------------------------------------------------------------------------------

// Quantises to as many of 16 bits as a sum of int32 over the whole row can bear.
static int make_query(cv_query *query, const cv_search *search, size_t dimension, size_t stride) {
  const float *vector = search->query;
  float largest = 0;
  double squares = 0;
  for (size_t i = 0; i < dimension; i++) {
    if (!isfinite(vector[i])) return -1;
    float size = fabsf(vector[i]);
    largest = size > largest ? size : largest;
    squares += (double)vector[i] * vector[i];
  }
  query->codes = aligned_alloc(64, stride * sizeof(int16_t));
  if (!query->codes) return -1;
  memset(query->codes, 0, stride * sizeof(int16_t));
  double range = floor(2147483647.0 / 127 / (double)stride);
  if (range > 32767) range = 32767;
  double step = largest / range, errors = 0;
  for (size_t i = 0; i < dimension; i++) {
    double code = step > 0 ? rint(vector[i] / step) : 0;
    code = code > range ? range : code < -range ? -range : code;
    query->codes[i] = (int16_t)code;
    errors += (vector[i] - code * step) * (vector[i] - code * step);
  }
  double weight = search->weight, norm = sqrt(squares);
  query->scale = (float)(step * weight);
  // The scale was rounded: as if the query were longer by 6e-8 of itself.
  query->residual = (float)((sqrt(errors) + norm * 1e-7) * weight * 1.000001);
  query->norm = (float)(norm * weight * 1.000001);
  query->slack = (float)(norm * weight * 1e-6);
  return isfinite(query->norm) && isfinite(query->scale) ? 0 : -1;
}

// ---- Search -----------------------------------------------------------------------------------

static cv_scan *chosen_scan(void) {
  switch (cv_current_instruction_set()) {
#if defined(__x86_64__)
  case CV_AVX512_VNNI: return cv_scan_vnni;
  case CV_AVX512: return cv_scan_avx512;
  case CV_AVX2: return cv_scan_avx2;
#elif defined(__aarch64__)
  case CV_NEON: return cv_scan_neon;
#endif
  default: return cv_scan_plain;
  }
}

long cv_index_search(const cv_index *index, const cv_search *search, cv_candidate **candidates) {
  *candidates = NULL;
  if (!(search->weight > 0)) return -1;
  cv_query query = {0};
  cv_hits hits = {
      .limit = search->limit,
      .threshold = -INFINITY,
      .capacity = 1024,
      .bounds = malloc((search->limit ? search->limit : 1) * sizeof(float)),
      .list = malloc(1024 * sizeof(cv_candidate)),
  };
  long result = -1;
  if (hits.bounds && hits.list &&
      make_query(&query, search, index->dimension, index->stride) == 0) {
    cv_scan *scan = chosen_scan();
    const cv_bonus *bonus = search->bonuses;
    for (size_t block = 0; search->limit > 0 && block < index->block_count; block++) {
      size_t first = block * BLOCK_ROWS, left = index->count - first;
      scan(index, block, left < BLOCK_ROWS ? left : BLOCK_ROWS, &query, search, &bonus, &hits);
    }
    if (!hits.failed) {
      prune(&hits);
      qsort(hits.list, hits.count, sizeof *hits.list, by_bound);
      *candidates = hits.list;
      hits.list = NULL;
      result = (long)hits.count;
    }
  }
  free(query.codes);
  free(hits.bounds);
  free(hits.list);
  return result;
}
