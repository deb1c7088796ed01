// The kernels of the encoder, for each set of instructions.
#pragma once

#include <stddef.h>

// Weights are packed in panels of PANEL outputs: for each input, the PANEL weights side by side.
// Rows of activations come in multiples of ROW_STEP; what is computed for the padding is not used.
enum { PANEL = 32, ROW_STEP = 12, HEAD = 32 };

typedef struct {
  // tile[rows][PANEL] = the products of rows of x, `stride` floats apart, with one panel. The first
  // `rows` of them are wanted, up to ROW_STEP; the others may be computed or not.
  void (*tile)(
      const float *x, size_t stride, size_t inputs, size_t rows, const float *panel, float *tile);
  // y = tile + bias, through GELU if asked for; rows of y are `stride` floats apart.
  void (*finish)(const float *tile, const float *bias, int gelu, float *y, size_t stride);
  // y = norm(x + residual) × weight + bias over rows of `width`; the residual may be null.
  void (*normalise)(
      const float *x, const float *residual, size_t rows, size_t width, const float *weight,
      const float *bias, float *y);
  // Attention of one text. `mixed` holds query, key and value of each token side by side; `scratch`
  // has room for (HEAD + 1) × (tokens rounded up to 16).
  void (*attend)(const float *mixed, size_t tokens, size_t width, float *y, float *scratch);
} cv_kernels;

extern const cv_kernels cv_kernels_plain;
#if defined(__x86_64__)
extern const cv_kernels cv_kernels_avx2, cv_kernels_avx512;
#endif
