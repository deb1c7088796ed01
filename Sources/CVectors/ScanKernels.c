#include "Scan.h"

// Inner products of int8 with int16, of whole multiples of 64: exact, since the query leaves room.

static inline __attribute__((always_inline)) int32_t dot_plain(
    const int8_t *row, const int16_t *query, size_t count) {
  int32_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += (int32_t)row[i] * query[i];
  return sum;
}

#define SCAN_NAME cv_scan_plain
#define SCAN_TARGET
#define SCAN_DOT dot_plain
#include "ScanLoop.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")))
#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma")))

AVX2 static inline __attribute__((always_inline)) int32_t dot_avx2(
    const int8_t *row, const int16_t *query, size_t count) {
  __m256i even = _mm256_setzero_si256(), odd = even;
  for (size_t i = 0; i < count; i += 32) {
    __m256i a = _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *)(row + i)));
    __m256i b = _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *)(row + i + 16)));
    even = _mm256_add_epi32(
        even, _mm256_madd_epi16(a, _mm256_load_si256((const __m256i *)(query + i))));
    odd = _mm256_add_epi32(
        odd, _mm256_madd_epi16(b, _mm256_load_si256((const __m256i *)(query + i + 16))));
  }
  even = _mm256_add_epi32(even, odd);
  __m128i half = _mm_add_epi32(_mm256_castsi256_si128(even), _mm256_extracti128_si256(even, 1));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1));
  return _mm_cvtsi128_si32(half);
}

AVX512 static inline __attribute__((always_inline)) int32_t dot_avx512(
    const int8_t *row, const int16_t *query, size_t count) {
  __m512i even = _mm512_setzero_si512(), odd = even;
  for (size_t i = 0; i < count; i += 64) {
    __m512i a = _mm512_cvtepi8_epi16(_mm256_load_si256((const __m256i *)(row + i)));
    __m512i b = _mm512_cvtepi8_epi16(_mm256_load_si256((const __m256i *)(row + i + 32)));
    even = _mm512_add_epi32(even, _mm512_madd_epi16(a, _mm512_load_si512(query + i)));
    odd = _mm512_add_epi32(odd, _mm512_madd_epi16(b, _mm512_load_si512(query + i + 32)));
  }
  return _mm512_reduce_add_epi32(_mm512_add_epi32(even, odd));
}

VNNI static inline __attribute__((always_inline)) int32_t dot_vnni(
    const int8_t *row, const int16_t *query, size_t count) {
  __m512i even = _mm512_setzero_si512(), odd = even;
  for (size_t i = 0; i < count; i += 64) {
    __m512i a = _mm512_cvtepi8_epi16(_mm256_load_si256((const __m256i *)(row + i)));
    __m512i b = _mm512_cvtepi8_epi16(_mm256_load_si256((const __m256i *)(row + i + 32)));
    even = _mm512_dpwssd_epi32(even, a, _mm512_load_si512(query + i));
    odd = _mm512_dpwssd_epi32(odd, b, _mm512_load_si512(query + i + 32));
  }
  return _mm512_reduce_add_epi32(_mm512_add_epi32(even, odd));
}

#define SCAN_NAME cv_scan_avx2
#define SCAN_TARGET AVX2
#define SCAN_DOT dot_avx2
#include "ScanLoop.h"

#define SCAN_NAME cv_scan_avx512
#define SCAN_TARGET AVX512
#define SCAN_DOT dot_avx512
#include "ScanLoop.h"

#define SCAN_NAME cv_scan_vnni
#define SCAN_TARGET VNNI
#define SCAN_DOT dot_vnni
#include "ScanLoop.h"

#elif defined(__aarch64__)
#include <arm_neon.h>

static inline __attribute__((always_inline)) int32_t dot_neon(
    const int8_t *row, const int16_t *query, size_t count) {
  int32x4_t even = vdupq_n_s32(0), odd = even;
  for (size_t i = 0; i < count; i += 16) {
    int8x16_t codes = vld1q_s8(row + i);
    int16x8_t low = vmovl_s8(vget_low_s8(codes)), high = vmovl_high_s8(codes);
    int16x8_t a = vld1q_s16(query + i), b = vld1q_s16(query + i + 8);
    even = vmlal_s16(even, vget_low_s16(low), vget_low_s16(a));
    odd = vmlal_high_s16(odd, low, a);
    even = vmlal_s16(even, vget_low_s16(high), vget_low_s16(b));
    odd = vmlal_high_s16(odd, high, b);
  }
  return vaddvq_s32(vaddq_s32(even, odd));
}

#define SCAN_NAME cv_scan_neon
#define SCAN_TARGET
#define SCAN_DOT dot_neon
#include "ScanLoop.h"
#endif

uint64_t cv_index_read(const cv_index *index) {
  typedef uint64_t words __attribute__((vector_size(64), aligned(8)));
  words sums[4] = {{0}};
  for (size_t block = 0; block < index->block_count; block++) {
    size_t left = index->count - block * BLOCK_ROWS;
    size_t bytes = (left < BLOCK_ROWS ? left : BLOCK_ROWS) * index->stride;
    const int8_t *codes = index->blocks[block].codes;
    for (size_t i = 0; i + 256 <= bytes; i += 256)
      for (int j = 0; j < 4; j++) sums[j] += *(const words *)(codes + i + j * 64);
  }
  words all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  uint64_t sum = 0;
  for (int i = 0; i < 8; i++) sum += all[i];
  return sum;
}
