// What the parts of the index share among themselves.
#pragma once

#include "InstructionSets.h"
#include "VectorIndex.h"

// So many rows that the codes of a block are a multiple of 2 MiB, whatever their length.
enum { BLOCK_ROWS = 32768 };

typedef struct {
  int8_t *codes;  // BLOCK_ROWS × stride, pages of which take memory once they are written
  float *scales;
  float *residuals;
  uint8_t *flags;
} cv_block;

struct cv_index {
  size_t dimension, stride, count, block_count;
  cv_block *blocks;
};

// A query in int16, padded like the rows: query ≈ scale × codes.
typedef struct {
  int16_t *codes;
  float scale;     // times the weight of the search
  float residual;  // bounds ‖query − scale × codes‖, times the weight
  float norm;      // bounds ‖query‖, times the weight
  float slack;     // bounds the rounding of what the scan itself computes, for a row of length 1
} cv_query;

// The candidates so far, and the `limit` best lower bounds as a heap whose least one is first.
typedef struct {
  float *bounds;
  size_t limit, bound_count;
  float threshold;  // the least of them once there are `limit`; what stays below it is out
  cv_candidate *list;
  size_t count, capacity;
  int failed;
} cv_hits;

// Notes a row whose score lies between the two bounds.
void cv_hits_add(cv_hits *hits, uint32_t slot, float lower, float upper);

// Takes rows from first on, `count` of them, of one block. Its bonuses begin at *bonus and end
// before `end`.
typedef void cv_scan(
    const cv_index *index, size_t block, size_t count, const cv_query *query,
    const cv_search *search, const cv_bonus **bonus, cv_hits *hits);

cv_scan cv_scan_plain;
#if defined(__x86_64__)
cv_scan cv_scan_avx2, cv_scan_avx512, cv_scan_vnni;
#elif defined(__aarch64__)
cv_scan cv_scan_neon;
#endif
