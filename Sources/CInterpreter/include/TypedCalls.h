// Calls whose arguments and result are Swift's own numbers until C makes Python objects of them: one
// crossing for a call instead of one for each argument and the result.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct _object PyObject;

#ifdef __cplusplus
extern "C" {
#endif

/// An argument or a result; a `ds_word_kind` says which member is meant.
union ds_word {
  PyObject *_Nullable object;  // owned
  int64_t integer;
  double number;
};

enum ds_word_kind {
  DS_WORD_OBJECT = 0,
  DS_WORD_INTEGER = 1,
  DS_WORD_NUMBER = 2,
  DS_WORD_NOTHING = 3,  // of a result: it is dropped
};

/// Arguments whose kind fits into the `kinds` of ds_call_words; those after them are objects.
enum { DS_WORD_KINDS = 32 };

enum ds_call_status { DS_CALL_FAILED = -1, DS_CALL_DONE = 0, DS_CALL_OTHER = 1 };

/// Calls `callable` with the arguments words[1...count], the last of which go to the parameters that
/// the tuple `names` names; words[0] is scratch space of the callee. `kinds` holds two bits for each
/// of the first DS_WORD_KINDS arguments, those of the first lowest. Objects among the arguments are
/// taken over, whatever happens.
///
/// DS_CALL_DONE: `result` is of `result_kind`. DS_CALL_OTHER: it is an owned object, but not of that
/// kind (a subclass, another type, an integer out of range). DS_CALL_FAILED: an exception is set.
enum ds_call_status ds_call_words(PyObject *_Nonnull callable, PyObject *_Nullable names,
                                  union ds_word *_Nonnull words, size_t count, uint64_t kinds,
                                  enum ds_word_kind result_kind, union ds_word *_Nonnull result);

/// Releases the objects among words[1...count], for a call that is not made.
void ds_discard_words(union ds_word *_Nonnull words, size_t count, uint64_t kinds);

#ifdef __cplusplus
}
#endif
