#include "Kernels.h"

#include <math.h>
#include <stdint.h>

// ---- Plain C, and whatever vector registers the compiler assumes --------------------------------

#define KERNEL(name) plain_##name
#define TARGET
#define LANES 4
#include "KernelBodies.h"

static void plain_tile(
    const float *x, size_t stride, size_t inputs, size_t rows, const float *panel, float *tile) {
  // Four rows and eight columns at a time fit sixteen registers.
  for (size_t row = 0; row < rows; row += 4)
    for (size_t column = 0; column < PANEL; column += 8) {
      plain_floats sums[4][2] = {{{0}}};
      for (size_t i = 0; i < inputs; i++) {
        const plain_floats *weights = (const plain_floats *)(panel + i * PANEL + column);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < 4; r++) {
          float value = x[(row + r) * stride + i];
          sums[r][0] += weights[0] * value;
          sums[r][1] += weights[1] * value;
        }
      }
      for (size_t r = 0; r < 4; r++) {
        plain_floats *target = (plain_floats *)(tile + (row + r) * PANEL + column);
        target[0] = sums[r][0];
        target[1] = sums[r][1];
      }
    }
}

const cv_kernels cv_kernels_plain = {plain_tile, plain_finish, plain_normalise, plain_attend};
#undef KERNEL
#undef TARGET
#undef LANES

#if defined(__x86_64__)

// The inner loops are assembler: 95 % of the time is spent in them, and intrinsics that are compiled
// without optimisation, as in debug builds, are ten times as slow.

// ---- AVX2 -------------------------------------------------------------------------------------

#define KERNEL(name) avx2_##name
#define TARGET __attribute__((target("avx2,fma")))
#define LANES 8
#include "KernelBodies.h"

// One input of one row: its value times sixteen weights.
#define ROW(address, first, second) \
  "vbroadcastss " address ", %%ymm14\n\t" \
  "vfmadd231ps %%ymm12, %%ymm14, %%ymm" first "\n\t" \
  "vfmadd231ps %%ymm13, %%ymm14, %%ymm" second "\n\t"
#define CLEAR(number) "vxorps %%ymm" number ", %%ymm" number ", %%ymm" number "\n\t"
#define STORE(number, offset) "vmovups %%ymm" number ", " offset "(%[tile])\n\t"

TARGET static void avx2_tile(
    const float *x, size_t stride, size_t inputs, size_t rows, const float *panel, float *tile) {
  size_t bytes = stride * sizeof(float);
  for (size_t row = 0; row < rows; row += 6)
    for (size_t column = 0; column < PANEL; column += 16) {
      const float *first = x + row * stride, *fourth = first + 3 * stride;
      const float *weights = panel + column;
      size_t left = inputs;
      __asm__ volatile(
          CLEAR("0") CLEAR("1") CLEAR("2") CLEAR("3") CLEAR("4") CLEAR("5")
          CLEAR("6") CLEAR("7") CLEAR("8") CLEAR("9") CLEAR("10") CLEAR("11")
          "1:\n\t"
          "vmovups (%[weights]), %%ymm12\n\t"
          "vmovups 32(%[weights]), %%ymm13\n\t"
          ROW("(%[first])", "0", "1")
          ROW("(%[first],%[bytes])", "2", "3")
          ROW("(%[first],%[bytes],2)", "4", "5")
          ROW("(%[fourth])", "6", "7")
          ROW("(%[fourth],%[bytes])", "8", "9")
          ROW("(%[fourth],%[bytes],2)", "10", "11")
          "add $128, %[weights]\n\t"
          "add $4, %[first]\n\t"
          "add $4, %[fourth]\n\t"
          "dec %[left]\n\t"
          "jnz 1b\n\t"
          STORE("0", "0") STORE("1", "32") STORE("2", "128") STORE("3", "160")
          STORE("4", "256") STORE("5", "288") STORE("6", "384") STORE("7", "416")
          STORE("8", "512") STORE("9", "544") STORE("10", "640") STORE("11", "672")
          : [first] "+r"(first), [fourth] "+r"(fourth), [weights] "+r"(weights), [left] "+r"(left)
          : [bytes] "r"(bytes), [tile] "r"(tile + row * PANEL + column)
          : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
            "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14");
    }
}

const cv_kernels cv_kernels_avx2 = {avx2_tile, avx2_finish, avx2_normalise, avx2_attend};
#undef ROW
#undef CLEAR
#undef STORE
#undef KERNEL
#undef TARGET
#undef LANES

// ---- AVX-512 ----------------------------------------------------------------------------------

#define KERNEL(name) avx512_##name
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define LANES 16
#include "KernelBodies.h"

#define ROW(address, first, second) \
  "vbroadcastss " address ", %%zmm26\n\t" \
  "vfmadd231ps %%zmm24, %%zmm26, %%zmm" first "\n\t" \
  "vfmadd231ps %%zmm25, %%zmm26, %%zmm" second "\n\t"
#define CLEAR(number) "vpxord %%zmm" number ", %%zmm" number ", %%zmm" number "\n\t"
#define STORE(first, second, offset, next) \
  "vmovups %%zmm" first ", " offset "(%[tile])\n\t" \
  "vmovups %%zmm" second ", " next "(%[tile])\n\t"

TARGET static void avx512_tile(
    const float *x, size_t stride, size_t inputs, size_t rows, const float *panel, float *tile) {
  (void)rows;
  size_t bytes = stride * sizeof(float), left = inputs;
  const float *a = x, *b = x + 3 * stride, *c = x + 6 * stride, *d = x + 9 * stride;
  __asm__ volatile(
      CLEAR("0") CLEAR("1") CLEAR("2") CLEAR("3") CLEAR("4") CLEAR("5") CLEAR("6") CLEAR("7")
      CLEAR("8") CLEAR("9") CLEAR("10") CLEAR("11") CLEAR("12") CLEAR("13") CLEAR("14") CLEAR("15")
      CLEAR("16") CLEAR("17") CLEAR("18") CLEAR("19") CLEAR("20") CLEAR("21") CLEAR("22")
      CLEAR("23")
      "1:\n\t"
      "vmovups (%[panel]), %%zmm24\n\t"
      "vmovups 64(%[panel]), %%zmm25\n\t"
      ROW("(%[a])", "0", "1") ROW("(%[a],%[bytes])", "2", "3") ROW("(%[a],%[bytes],2)", "4", "5")
      ROW("(%[b])", "6", "7") ROW("(%[b],%[bytes])", "8", "9") ROW("(%[b],%[bytes],2)", "10", "11")
      ROW("(%[c])", "12", "13") ROW("(%[c],%[bytes])", "14", "15")
      ROW("(%[c],%[bytes],2)", "16", "17")
      ROW("(%[d])", "18", "19") ROW("(%[d],%[bytes])", "20", "21")
      ROW("(%[d],%[bytes],2)", "22", "23")
      "add $128, %[panel]\n\t"
      "add $4, %[a]\n\t"
      "add $4, %[b]\n\t"
      "add $4, %[c]\n\t"
      "add $4, %[d]\n\t"
      "dec %[left]\n\t"
      "jnz 1b\n\t"
      STORE("0", "1", "0", "64") STORE("2", "3", "128", "192") STORE("4", "5", "256", "320")
      STORE("6", "7", "384", "448") STORE("8", "9", "512", "576") STORE("10", "11", "640", "704")
      STORE("12", "13", "768", "832") STORE("14", "15", "896", "960")
      STORE("16", "17", "1024", "1088") STORE("18", "19", "1152", "1216")
      STORE("20", "21", "1280", "1344") STORE("22", "23", "1408", "1472")
      : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [panel] "+r"(panel), [left] "+r"(left)
      : [bytes] "r"(bytes), [tile] "r"(tile)
      : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
        "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18", "xmm19",
        "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26");
}

const cv_kernels cv_kernels_avx512 = {
    avx512_tile, avx512_finish, avx512_normalise, avx512_attend};

#endif
