/* Model files, good and bad, for the tests of format/. */
#define _XOPEN_SOURCE 700
#include "model_files.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char warnings[1024];
static char scratch[4096];

int enter_scratch(void **state)
{
    (void)state;
    (void)snprintf(scratch, sizeof scratch, "%s/scratch.XXXXXX", HEFT_BINARY_DIR);
    return mkdtemp(scratch) && chdir(scratch) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s, (void)type, (void)f;
    return remove(path);
}

int leave_scratch(void **state)
{
    (void)state;
    if (chdir(HEFT_BINARY_DIR)) return -1;
    return nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void add_number(heft_buf *b, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        char c = (char)(v >> 8 * i & 0xff);
        assert_true(heft_buf_add(b, &c, 1));
    }
}

static void add_word(heft_buf *b, char how, const char *rest, size_t n)
{
    char text[4096];
    assert_true(n < sizeof text);
    memcpy(text, rest, n);
    text[n] = 0;
    uint64_t v = strtoull(text, NULL, 0);
    float f = strtof(text, NULL);
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    if (how == 's') add_number(b, n, 8);
    switch (how) {
    case 'b': add_number(b, v, 1); break;
    case 'u': add_number(b, v, 2); break;
    case 'd': add_number(b, v, 4); break;
    case 'q': add_number(b, v, 8); break;
    case 'f': add_number(b, bits, 4); break;
    case 's':
    case '\'': assert_true(heft_buf_add(b, text, n)); break;
    case 'x':
        for (size_t i = 0; i < n; i += 2) {
            char two[] = { text[i], text[i + 1], 0 };
            add_number(b, strtoul(two, NULL, 16), 1);
        }
        break;
    case 'z':
        while (v-- > 0)
            add_number(b, 0, 1);
        break;
    case 'p':
        while (b->n % v)
            add_number(b, 0, 1);
        break;
    default: fail_msg("no word begins with %c", how);
    }
}

heft_buf bytes_of(const char *words)
{
    heft_buf b = heft_buf_of(1 << 24);
    while (*words) {
        size_t n = strcspn(words, " ");
        if (n) add_word(&b, *words, words + 1, n - 1);
        words += n + (words[n] == ' ');
    }
    return b;
}

void put_bytes(const char *path, const heft_buf *b)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b->n ? b->p : "", 1, b->n, f), b->n);
    assert_int_equal(fclose(f), 0);
}

void put(const char *path, const char *text)
{
    heft_buf b = heft_buf_of(1 << 24);
    assert_true(heft_buf_z(&b, text));
    put_bytes(path, &b);
    heft_buf_free(&b);
}

void put_safetensors(const char *path, const char *header, size_t n)
{
    heft_buf b = heft_buf_of(1 << 24);
    add_number(&b, strlen(header), 8);
    assert_true(heft_buf_z(&b, header));
    for (size_t i = 0; i < n; i++)
        add_number(&b, i, 1);
    put_bytes(path, &b);
    heft_buf_free(&b);
}

void refused(const char *path, heft_status status, const char *message)
{
    heft_error err = { 0 };
    heft_source *s = NULL;
    heft_status st = heft_source_open(path, NULL, &s, &err);
    if (!st) heft_source_close(s);
    assert_string_equal(st ? err.text : "it was opened", message);
    assert_int_equal(st, status);
    assert_int_equal(err.code, status);
    assert_null(st ? s : NULL);
}

static void note(void *to, const char *line)
{
    (void)to;
    size_t n = strlen(warnings);
    (void)snprintf(warnings + n, sizeof warnings - n, "%s\n", line);
}

heft_source *opened(const char *path)
{
    heft_error err = { 0 };
    heft_source *s = NULL;
    heft_log log = { note, NULL };
    warnings[0] = 0;
    heft_status st = heft_source_open(path, &log, &s, &err);
    assert_string_equal(st ? err.text : "", "");
    return s;
}

heft_status read_safetensors(heft_source *s, heft_error *err)
{
    heft_status st = heft_safetensors_read(s, 0, err);
    return st ? st : heft_source_seal(s, err);
}

heft_status read_gguf(heft_source *s, heft_error *err)
{
    heft_value *metadata;
    heft_status st = heft_gguf_read(s, 0, NULL, &metadata, err);
    return st ? st : heft_source_seal(s, err);
}

heft_status read_memory(const void *data, size_t n, reader *read, heft_error *err)
{
    /* malloc, not heft_alloc, which would leave a margin */
    void *copy = malloc(n);
    assert_true(copy || !n);
    if (n) memcpy(copy, data, n);
    heft_source s = { 0 };
    heft_status st = heft_source_files(&s, 1, err);
    if (!st) {
        s.file[0] = (heft_map){
            .data = copy, .size = n, .slot = -1, .path = heft_strdup(heft_str_of("x"))
        };
        st = read(&s, err);
        heft_free(s.file[0].path);
    }
    heft_free(s.tensor);
    heft_source_unseal(&s);
    heft_arena_clear(&s.arena);
    free(copy);
    return st;
}
