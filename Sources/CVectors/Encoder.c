#include "Encoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "InstructionSets.h"
#include "Kernels.h"

// What is copied of a layer's weights: the panels of each matrix, and its biases and norms.
typedef struct {
  float *mixed, *output, *widen, *narrow;
  float *mixed_bias, *output_bias, *widen_bias, *narrow_bias;
  float *attention_norm, *attention_norm_bias, *layer_norm, *layer_norm_bias;
} layer;

struct cv_encoder {
  cv_encoder_shape shape;
  const float *tokens, *positions, *type;
  float *norm, *norm_bias;
  layer *layers;
  float *memory;
};

static const cv_kernels *kernels(void) {
#if defined(__x86_64__)
  switch (cv_current_instruction_set()) {
  case CV_AVX512_VNNI:
  case CV_AVX512: return &cv_kernels_avx512;
  case CV_AVX2: return &cv_kernels_avx2;
  default: break;
  }
#endif
  return &cv_kernels_plain;
}

static float *floats(size_t count) {
  return aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
}

// ---- Weights ----------------------------------------------------------------------------------

static float *copy(float **memory, const float *source, size_t count) {
  float *target = *memory;
  memcpy(target, source, count * sizeof(float));
  *memory += count;
  return target;
}

static float *pack(float **memory, const float *weights, size_t outputs, size_t inputs) {
  float *target = *memory, *next = target;
  for (size_t panel = 0; panel < outputs; panel += PANEL)
    for (size_t input = 0; input < inputs; input++)
      for (size_t output = 0; output < PANEL; output++)
        *next++ = weights[(panel + output) * inputs + input];
  *memory = next;
  return target;
}

cv_encoder *cv_encoder_new(const cv_encoder_shape *shape, const cv_encoder_weights *weights) {
  size_t width = shape->width, inner = shape->inner;
  if (width == 0 || width % PANEL != 0 || inner == 0 || inner % PANEL != 0) return NULL;
  size_t per_layer = 4 * width * width + 2 * width * inner + 9 * width + inner;
  cv_encoder *encoder = calloc(1, sizeof *encoder);
  layer *layers = calloc(shape->layers, sizeof *layers);
  float *memory = floats(shape->layers * per_layer + 2 * width);
  if (!encoder || !layers || !memory) {
    free(encoder);
    free(layers);
    free(memory);
    return NULL;
  }
  *encoder = (cv_encoder){
      .shape = *shape,
      .tokens = weights->tokens,
      .positions = weights->positions,
      .type = weights->type,
      .layers = layers,
      .memory = memory,
  };
  float *next = memory;
  for (size_t i = 0; i < shape->layers; i++) {
    const cv_encoder_layer *from = &weights->layers[i];
    layer *to = &layers[i];
    // One matrix for query, key and value.
    to->mixed = pack(&next, from->query, width, width);
    pack(&next, from->key, width, width);
    pack(&next, from->value, width, width);
    to->output = pack(&next, from->output, width, width);
    to->widen = pack(&next, from->widen, inner, width);
    to->narrow = pack(&next, from->narrow, width, inner);
    to->mixed_bias = copy(&next, from->query_bias, width);
    copy(&next, from->key_bias, width);
    copy(&next, from->value_bias, width);
    to->output_bias = copy(&next, from->output_bias, width);
    to->widen_bias = copy(&next, from->widen_bias, inner);
    to->narrow_bias = copy(&next, from->narrow_bias, width);
    to->attention_norm = copy(&next, from->attention_norm, width);
    to->attention_norm_bias = copy(&next, from->attention_norm_bias, width);
    to->layer_norm = copy(&next, from->layer_norm, width);
    to->layer_norm_bias = copy(&next, from->layer_norm_bias, width);
  }
  encoder->norm = copy(&next, weights->norm, width);
  encoder->norm_bias = copy(&next, weights->norm_bias, width);
  return encoder;
}

void cv_encoder_free(cv_encoder *encoder) {
  if (!encoder) return;
  free(encoder->layers);
  free(encoder->memory);
  free(encoder);
}

// ---- Encoding ---------------------------------------------------------------------------------

// y = x × weights + bias, through GELU if asked for. Memory goes on to a multiple of ROW_STEP rows.
static void linear(
    const cv_kernels *use, const float *x, size_t rows, size_t inputs, const float *weights,
    const float *bias, size_t outputs, int gelu, float *y) {
  float tile[ROW_STEP * PANEL] __attribute__((aligned(64))) = {0};
  for (size_t column = 0; column < outputs; column += PANEL) {
    const float *panel = weights + column * inputs;
    for (size_t row = 0; row < rows; row += ROW_STEP) {
      size_t left = rows - row < ROW_STEP ? rows - row : ROW_STEP;
      use->tile(x + row * inputs, inputs, inputs, left, panel, tile);
      use->finish(tile, bias + column, gelu, y + row * outputs + column, outputs);
    }
  }
}

// The mean of rows, scaled to length 1.
static void pool(const float *x, size_t rows, size_t width, float *vector) {
  double squares = 0;
  for (size_t i = 0; i < width; i++) {
    float sum = 0;
    for (size_t row = 0; row < rows; row++) sum += x[row * width + i];
    vector[i] = sum / (float)rows;
    squares += (double)vector[i] * vector[i];
  }
  double scale = squares > 0 ? 1 / sqrt(squares) : 0;
  for (size_t i = 0; i < width; i++) vector[i] = (float)(vector[i] * scale);
}

int cv_encoder_embed(
    const cv_encoder *encoder, const int32_t *tokens, const size_t *lengths, size_t count,
    float *vectors) {
  const cv_encoder_shape *shape = &encoder->shape;
  const size_t width = shape->width, inner = shape->inner;
  size_t total = 0, longest = 0;
  for (size_t i = 0; i < count; i++) {
    if (lengths[i] == 0 || lengths[i] > shape->positions) return -1;
    total += lengths[i];
    longest = lengths[i] > longest ? lengths[i] : longest;
  }
  for (size_t i = 0; i < total; i++)
    if (tokens[i] < 0 || (size_t)tokens[i] >= shape->vocabulary) return -1;
  if (total == 0) return 0;
  const size_t rows = (total + ROW_STEP - 1) / ROW_STEP * ROW_STEP;
  const size_t scratch_size = (HEAD + 1) * ((longest + 15) / 16 * 16);
  float *memory = floats(rows * (6 * width + inner) + scratch_size);
  if (!memory) return -1;
  float *x = memory, *y = x + rows * width, *attended = y + rows * width;
  float *mixed = attended + rows * width, *wide = mixed + rows * 3 * width;
  float *scratch = wide + rows * inner;
  // The padding takes part in products, and must not hold numbers that are none.
  memset(x + total * width, 0, (rows - total) * width * sizeof(float));
  memset(attended + total * width, 0, (rows - total) * width * sizeof(float));

  const cv_kernels *use = kernels();
  for (size_t text = 0, row = 0; text < count; text++)
    for (size_t position = 0; position < lengths[text]; position++, row++) {
      const float *token = encoder->tokens + (size_t)tokens[row] * width;
      const float *place = encoder->positions + position * width;
      for (size_t i = 0; i < width; i++) y[row * width + i] = token[i] + place[i] + encoder->type[i];
    }
  use->normalise(y, NULL, total, width, encoder->norm, encoder->norm_bias, x);
  for (size_t i = 0; i < shape->layers; i++) {
    const layer *now = &encoder->layers[i];
    linear(use, x, total, width, now->mixed, now->mixed_bias, 3 * width, 0, mixed);
    for (size_t text = 0, row = 0; text < count; row += lengths[text++])
      use->attend(mixed + row * 3 * width, lengths[text], width, attended + row * width, scratch);
    linear(use, attended, total, width, now->output, now->output_bias, width, 0, y);
    use->normalise(y, x, total, width, now->attention_norm, now->attention_norm_bias, x);
    linear(use, x, total, width, now->widen, now->widen_bias, inner, 1, wide);
    linear(use, wide, total, inner, now->narrow, now->narrow_bias, width, 0, y);
    use->normalise(y, x, total, width, now->layer_norm, now->layer_norm_bias, x);
  }
  for (size_t text = 0, row = 0; text < count; row += lengths[text++])
    pool(x + row * width, lengths[text], width, vectors + text * width);
  free(memory);
  return 0;
}
