#include "VectorIndex.h"

#include <math.h>
#include <string.h>

int cv_quantise(const float *vector, size_t count, int8_t *codes, float *scale, float *residual) {
  float largest = 0;
  for (size_t i = 0; i < count; i++) {
    if (!isfinite(vector[i])) return -1;
    float size = fabsf(vector[i]);
    largest = size > largest ? size : largest;
  }
  float step = largest / 127.0f;
  // Numbers so small that their step underflows are a row of zeros with a residual.
  if (!(step >= 1e-30f)) step = 0;
  double squares = 0;
  for (size_t i = 0; i < count; i++) {
    float code = step > 0 ? rintf(vector[i] / step) : 0;
    codes[i] = (int8_t)(code > 127 ? 127 : code < -127 ? -127 : code);
    double error = (double)vector[i] - (double)codes[i] * step;
    squares += error * error;
  }
  *scale = step;
  // Rounded up: it is a bound.
  *residual = squares > 0 ? nextafterf((float)(sqrt(squares) * (1 + 1e-12)), INFINITY) : 0;
  return 0;
}

static inline uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
  return (hash << 29) | (hash >> 35);
}

uint64_t cv_checksum(const void *bytes, size_t count, uint64_t seed) {
  // Four chains, for the multiplications to overlap.
  uint64_t chains[4] = {seed, ~seed, seed + 1, seed ^ 0xC2B2AE3D27D4EB4Fu};
  const unsigned char *next = bytes;
  size_t left = count;
  for (; left >= 32; left -= 32, next += 32) {
    uint64_t words[4];
    memcpy(words, next, 32);
    chains[0] = mix(chains[0], words[0]);
    chains[1] = mix(chains[1], words[1]);
    chains[2] = mix(chains[2], words[2]);
    chains[3] = mix(chains[3], words[3]);
  }
  for (; left > 0;) {
    uint64_t word = 0;
    size_t part = left < 8 ? left : 8;
    memcpy(&word, next, part);
    chains[0] = mix(chains[0], word);
    next += part;
    left -= part;
  }
  uint64_t hash = mix(chains[0], count);
  for (int i = 1; i < 4; i++) hash = mix(hash, chains[i]);
  return hash ^ (hash >> 32);
}

// Eight sums on every processor, and products that a double holds exactly: the same bits everywhere.
double cv_dot(const void *first, const void *second, size_t count) {
  typedef float floats __attribute__((vector_size(32)));
  typedef double doubles __attribute__((vector_size(64)));
  const char *a = first, *b = second;
  doubles sums = {0};
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    floats x, y;
    memcpy(&x, a + i * 4, 32);
    memcpy(&y, b + i * 4, 32);
    sums += __builtin_convertvector(x, doubles) * __builtin_convertvector(y, doubles);
  }
  double sum = ((sums[0] + sums[4]) + (sums[2] + sums[6])) +
               ((sums[1] + sums[5]) + (sums[3] + sums[7]));
  for (; i < count; i++) {
    float x, y;
    memcpy(&x, a + i * 4, 4);
    memcpy(&y, b + i * 4, 4);
    sum += (double)x * y;
  }
  return sum;
}

int cv_normalise(float *vector, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!isfinite(vector[i])) return -1;
  double length = sqrt(cv_dot(vector, vector, count));
  if (!isfinite(length)) return -1;
  if (length > 0)
    for (size_t i = 0; i < count; i++) vector[i] = (float)(vector[i] / length);
  return 0;
}
