#pragma once

// Which instructions the kernels use. Results do not depend on it, bit by bit for the index, and
// within rounding for the encoder.
typedef enum {
  CV_PLAIN = 0,
  CV_NEON = 1,
  CV_AVX2 = 2,
  CV_AVX512 = 3,
  CV_AVX512_VNNI = 4,
} cv_instruction_set;

// The best set that this processor has.
cv_instruction_set cv_best_instruction_set(void);

// The set in use: the best one, unless another was chosen.
cv_instruction_set cv_current_instruction_set(void);

// Chooses a set for tests and measurements, for the whole process. Returns 0, or -1 if this
// processor does not have it.
int cv_choose_instruction_set(cv_instruction_set set);

// Its name, such as "AVX2". Static storage.
const char *cv_instruction_set_name(cv_instruction_set set);
