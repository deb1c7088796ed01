// The kernels besides the tile, for one set of instructions: included once for each, with KERNEL
// (a name for each function), TARGET and LANES defined. Written with the compiler's vector types, so
// that one source serves every processor, and so that debug builds do sixteen numbers a statement.

typedef float KERNEL(floats) __attribute__((vector_size(LANES * 4), aligned(4)));
typedef int32_t KERNEL(ints) __attribute__((vector_size(LANES * 4), aligned(4)));
#define FLOATS KERNEL(floats)
#define AT(pointer) (*(FLOATS *)(pointer))
#define CONST_AT(pointer) (*(const FLOATS *)(pointer))

#define SPLAT(value) ((FLOATS){0} + (value))
#define CLAMP(x, low, high) \
  do { \
    FLOATS least = SPLAT(low), most = SPLAT(high); \
    x = (FLOATS)(((KERNEL(ints))x & (x >= least)) | ((KERNEL(ints))least & (x < least))); \
    x = (FLOATS)(((KERNEL(ints))x & (x <= most)) | ((KERNEL(ints))most & (x > most))); \
  } while (0)

TARGET static void KERNEL(finish)(
    const float *tile, const float *bias, int gelu, float *y, size_t stride) {
  for (size_t row = 0; row < ROW_STEP; row++)
    for (size_t column = 0; column < PANEL; column += LANES) {
      FLOATS x = CONST_AT(tile + row * PANEL + column) + CONST_AT(bias + column);
      if (gelu) {
        // x/2 × (1 + erf(x/√2)), with a rational approximation of erf that is good to 1e-7 (W. J. Cody's
        // form, coefficients as in Eigen).
        FLOATS z = x * 0.70710678118654752f;
        CLAMP(z, -4.0f, 4.0f);
        FLOATS s = z * z;
        FLOATS p = s * -2.72614225801306e-10f + 2.77068142495902e-08f;
        p = p * s + -2.10102402082508e-06f;
        p = p * s + -5.69250639462346e-05f;
        p = p * s + -7.34990630326855e-04f;
        p = p * s + -2.95459980854025e-03f;
        p = p * s + -1.60960333262415e-02f;
        FLOATS q = s * -1.45660718464996e-05f + -2.13374055278905e-04f;
        q = q * s + -1.68282697438203e-03f;
        q = q * s + -7.37332916720468e-03f;
        q = q * s + -1.42647390514189e-02f;
        x = x * 0.5f * (1.0f + p * z / q);
      }
      AT(y + row * stride + column) = x;
    }
}

TARGET static void KERNEL(normalise)(
    const float *x, const float *residual, size_t rows, size_t width, const float *weight,
    const float *bias, float *y) {
  for (size_t row = 0; row < rows; row++, x += width, y += width) {
    FLOATS sums = {0};
    for (size_t i = 0; i < width; i += LANES) {
      FLOATS value = CONST_AT(x + i);
      if (residual) value += CONST_AT(residual + row * width + i);
      AT(y + i) = value;
      sums += value;
    }
    float mean = 0;
    for (int lane = 0; lane < LANES; lane++) mean += sums[lane];
    mean /= (float)width;
    FLOATS squares = {0};
    for (size_t i = 0; i < width; i += LANES) {
      FLOATS value = AT(y + i) - mean;
      squares += value * value;
    }
    float variance = 0;
    for (int lane = 0; lane < LANES; lane++) variance += squares[lane];
    float scale = 1 / sqrtf(variance / (float)width + 1e-12f);
    for (size_t i = 0; i < width; i += LANES)
      AT(y + i) = (AT(y + i) - mean) * scale * CONST_AT(weight + i) + CONST_AT(bias + i);
  }
}

TARGET static void KERNEL(attend)(
    const float *mixed, size_t tokens, size_t width, float *y, float *scratch) {
  const size_t stride = 3 * width, padded = (tokens + 15) / 16 * 16;
  float *keys = scratch, *shares = scratch + HEAD * padded;
  const float scale = 1 / sqrtf((float)HEAD);
  for (size_t head = 0; head < width / HEAD; head++) {
    const float *query = mixed + head * HEAD, *key = query + width, *value = key + width;
    // Keys by dimension, so that the products with one query are computed side by side.
    for (size_t i = 0; i < HEAD; i++)
      for (size_t token = 0; token < padded; token++)
        keys[i * padded + token] = token < tokens ? key[token * stride + i] : 0;
    for (size_t row = 0; row < tokens; row++) {
      const float *q = query + row * stride;
      FLOATS highest = SPLAT(-INFINITY);
      for (size_t token = 0; token < padded; token += LANES) {
        FLOATS sum = {0};
        for (size_t i = 0; i < HEAD; i++) sum += CONST_AT(keys + i * padded + token) * q[i];
        sum *= scale;
        AT(shares + token) = sum;
      }
      for (size_t token = tokens; token < padded; token++) shares[token] = -INFINITY;
      for (size_t token = 0; token < padded; token += LANES) {
        FLOATS share = AT(shares + token);
        highest = (FLOATS)(((KERNEL(ints))share & (share > highest)) |
                           ((KERNEL(ints))highest & ~(share > highest)));
      }
      float most = highest[0];
      for (int lane = 1; lane < LANES; lane++) most = highest[lane] > most ? highest[lane] : most;
      FLOATS sums = {0};
      for (size_t token = 0; token < padded; token += LANES) {
        // exp(x) = 2^n × e^f: n by adding and taking away 1.5 × 2^23, e^f by its series to f^7.
        FLOATS x = AT(shares + token) - most;
        CLAMP(x, -87.0f, 0.0f);
        FLOATS n = x * 1.44269504f + 12582912.0f - 12582912.0f;
        FLOATS f = x - n * 0.693359375f;
        f = f + n * 2.12194440e-4f;
        FLOATS p = f * 1.98412698e-4f + 1.38888889e-3f;
        p = p * f + 8.33333333e-3f;
        p = p * f + 4.16666667e-2f;
        p = p * f + 1.66666667e-1f;
        p = p * f + 0.5f;
        p = p * f + 1.0f;
        p = p * f + 1.0f;
        KERNEL(ints) power = (__builtin_convertvector(n, KERNEL(ints)) + 127) << 23;
        p *= (FLOATS)power;
        AT(shares + token) = p;
        sums += p;
      }
      // Padding counts e^-87 each, which is nothing.
      float sum = 0;
      for (int lane = 0; lane < LANES; lane++) sum += sums[lane];
      FLOATS mean[HEAD / LANES] = {{0}};
      for (size_t token = 0; token < tokens; token++)
        for (size_t i = 0; i < HEAD / LANES; i++)
          mean[i] += CONST_AT(value + token * stride + i * LANES) * shares[token];
      for (size_t i = 0; i < HEAD / LANES; i++)
        AT(y + row * width + head * HEAD + i * LANES) = mean[i] / sum;
    }
  }
}

#undef FLOATS
#undef AT
#undef CONST_AT
#undef SPLAT
#undef CLAMP
