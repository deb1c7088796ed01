#pragma once

#include <stddef.h>
#include <stdint.h>

// ---- Quantised rows ---------------------------------------------------------------------------

// Quantises `count` floats to int8 with one scale: x ≈ scale × codes. `residual` becomes an upper
// bound of ‖x − scale × codes‖. Returns 0, or -1 if a number is not finite.
int cv_quantise(const float *vector, size_t count, int8_t *codes, float *scale, float *residual);

// A checksum of 64 bits, to find damage (not to resist a forger). Chains through `seed`.
uint64_t cv_checksum(const void *bytes, size_t count, uint64_t seed);

// The inner product of two rows of floats, accumulated in double precision in an order that is the
// same on every processor. Rows need no alignment.
double cv_dot(const void *first, const void *second, size_t count);

// Scales a row of floats to length 1; a row of zeros stays. Returns 0, or -1 if a number is not
// finite, or the length is beyond a float.
int cv_normalise(float *vector, size_t count);

// ---- The index --------------------------------------------------------------------------------

// Rows of int8, in slots 0 to count-1, each with its scale, its residual, and flags.
typedef struct cv_index cv_index;

// An empty index for vectors of `dimension` (64 to 4096 is what it is made for); null when memory
// runs out. Freed with cv_index_free.
cv_index *cv_index_new(size_t dimension);
void cv_index_free(cv_index *index);

// How many slots there are, and how many bytes the index holds.
size_t cv_index_count(const cv_index *index);
size_t cv_index_bytes(const cv_index *index);

// Fills the slot, which is an old one or the next. Without codes (null) the row is one of zeros.
// Returns 0, or -1 when memory runs out or the slot is neither.
int cv_index_set(
    cv_index *index, size_t slot, const int8_t *codes, float scale, float residual, uint8_t flags);

// The flags of a slot; a slot whose flags are 0 is never found.
void cv_index_set_flags(cv_index *index, size_t slot, uint8_t flags);
uint8_t cv_index_flags(const cv_index *index, size_t slot);

// ---- Search -----------------------------------------------------------------------------------

// What is added to the score of one slot.
typedef struct {
  uint32_t slot;
  float bonus;
} cv_bonus;

// A slot whose score may be among the best, with the bounds between which its score lies.
typedef struct {
  uint32_t slot;
  float lower, upper;
} cv_candidate;

// What to look for. The score of a slot is weight × (vector · query) + its bonus.
typedef struct {
  const float *query;       // as many floats as the index's dimension, finite
  float weight;             // above 0
  size_t limit;             // how many are wanted
  const uint8_t *flags;     // one byte a slot in place of the index's own; or null
  uint8_t wanted;           // slots that have one of these flags take part
  const cv_bonus *bonuses;  // by ascending slot, without repetition, finite
  size_t bonus_count;
} cv_search;

// Finds every slot whose true score, in exact arithmetic, may be among the `limit` best: each row's
// error is bounded by its residual and the query's, so that none is missed. The list is by falling
// bound; the caller computes the scores themselves, and may stop at the first bound below its
// limit-th best. Returns the number of candidates, and the list through `candidates` (freed with
// free()); -1 when memory runs out or a number is not finite.
long cv_index_search(const cv_index *index, const cv_search *search, cv_candidate **candidates);

// Reads all rows once and returns a sum: the memory bandwidth that a scan is measured against.
uint64_t cv_index_read(const cv_index *index);
