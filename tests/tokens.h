/* A tokenizer for models that have none: words t0, t1, ... and nothing else. */
#ifndef HEFT_TESTS_TOKENS_H
#define HEFT_TESTS_TOKENS_H

#include "base/err.h"

/* Write tokenizer.json with n tokens into the directory `at`. Fails: HEFT_E_IO, HEFT_E_NOMEM. */
heft_status heft_tokens_write(const char *at, int32_t n, heft_error *err) HEFT_MUST_CHECK;

#endif
