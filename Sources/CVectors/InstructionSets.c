#include "InstructionSets.h"

#include <stdatomic.h>

static atomic_int chosen = -1;

#if defined(__x86_64__)
static int has(cv_instruction_set set) {
  __builtin_cpu_init();
  int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  switch (set) {
  case CV_PLAIN: return 1;
  case CV_AVX2: return avx2;
  case CV_AVX512: return avx512;
  case CV_AVX512_VNNI: return avx512 && __builtin_cpu_supports("avx512vnni");
  default: return 0;
  }
}
#elif defined(__aarch64__)
static int has(cv_instruction_set set) { return set == CV_PLAIN || set == CV_NEON; }
#else
static int has(cv_instruction_set set) { return set == CV_PLAIN; }
#endif

cv_instruction_set cv_best_instruction_set(void) {
  for (int set = CV_AVX512_VNNI; set > CV_PLAIN; set--)
    if (has(set)) return set;
  return CV_PLAIN;
}

cv_instruction_set cv_current_instruction_set(void) {
  int set = atomic_load_explicit(&chosen, memory_order_relaxed);
  if (set < 0) {
    set = cv_best_instruction_set();
    atomic_store_explicit(&chosen, set, memory_order_relaxed);
  }
  return set;
}

int cv_choose_instruction_set(cv_instruction_set set) {
  if (!has(set)) return -1;
  atomic_store_explicit(&chosen, set, memory_order_relaxed);
  return 0;
}

const char *cv_instruction_set_name(cv_instruction_set set) {
  switch (set) {
  case CV_NEON: return "NEON";
  case CV_AVX2: return "AVX2";
  case CV_AVX512: return "AVX-512";
  case CV_AVX512_VNNI: return "AVX-512 VNNI";
  default: return "plain C";
  }
}
