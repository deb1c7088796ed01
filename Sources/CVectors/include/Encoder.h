#pragma once

#include <stddef.h>
#include <stdint.h>

// A transformer of BERT's form: token, position and type embeddings, layers of attention and a feed
// forward network with GELU, then the mean over the tokens, scaled to length 1.
typedef struct cv_encoder cv_encoder;

// Its shape. `width` is a multiple of 32 with heads of 32 numbers; `inner` is a multiple of 32.
typedef struct {
  size_t layers, width, inner, vocabulary, positions;
} cv_encoder_shape;

// The weights of a layer, row by row as PyTorch's Linear keeps them (outputs × inputs).
typedef struct {
  const float *query, *query_bias, *key, *key_bias, *value, *value_bias;
  const float *output, *output_bias, *attention_norm, *attention_norm_bias;
  const float *widen, *widen_bias, *narrow, *narrow_bias, *layer_norm, *layer_norm_bias;
} cv_encoder_layer;

// All weights. The embeddings are read where they lie for as long as the encoder lives; the rest is
// copied into the order in which the kernels read it.
typedef struct {
  const float *tokens, *positions, *type, *norm, *norm_bias;
  const cv_encoder_layer *layers;
} cv_encoder_weights;

// Null when memory runs out or the shape is not one that the kernels know. Freed with
// cv_encoder_free, when no call is under way.
cv_encoder *cv_encoder_new(const cv_encoder_shape *shape, const cv_encoder_weights *weights);
void cv_encoder_free(cv_encoder *encoder);

// Encodes `count` texts at once. The tokens of all stand one text after the other; `lengths` says
// how many belong to each, from 1 to `positions`. Writes `count` rows of `width` floats. Returns 0, or
// -1 when memory runs out or a token or a length is out of range. Several threads may use one
// encoder.
int cv_encoder_embed(
    const cv_encoder *encoder, const int32_t *tokens, const size_t *lengths, size_t count,
    float *vectors);
