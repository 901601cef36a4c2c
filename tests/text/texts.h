/* What the tests of tokenizers share. */
#ifndef HEFT_TESTS_TEXT_TEXTS_H
#define HEFT_TESTS_TEXT_TEXTS_H

#include "base/str.h"
#include "heft.h"

/* A name of tokenizer.ggml.pre for every row that heft has of them, ended by NULL. */
extern const char *const gguf_names[];

/* The path of a file of the shared test data ($HEFT_TEST_DATA, else <source>/../shared/data). Skips
 * the test, saying so, where it is absent. Static storage. */
const char *shared_data(const char *name);

/* A directory of the build with a tokenizer.json of this content; other files of an earlier call
 * are gone. Static storage. */
const char *release_with(const char *tokenizer_json);
/* One more file in it. */
void release_add(const char *name, const char *content);
/* The directory without any file of an earlier call. Static storage. */
const char *release_empty(void);
/* One more file in it, of any bytes. */
void release_add_bytes(const char *name, heft_str content);

/* Open, or fail the test with the message. */
heft_tokenizer *open_tokenizer(const char *path);
/* The message of a tokenizer that must not open. Static storage. */
const char *refusal(const char *path);

/* Fail the test unless text gives exactly these ids (in decimal, separated by spaces). */
void assert_ids(const heft_tokenizer *t, heft_str text, unsigned flags, const char *ids);
/* Fail the test unless ids give text, at once and byte by byte through a stream. */
void assert_text(const heft_tokenizer *t, const char *ids, bool special, heft_str text);

#endif
