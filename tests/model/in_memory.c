/* Models in memory: configurations made of strings, sources with a tensor more or less. */
#include "in_memory.h"

#include "base/buf.h"
#include "format/container.h"
#include "format/json.h"

#include <string.h>

const heft_entry heft_base_release[] = {
    { "model_type", "\"llama\"" }, { "num_hidden_layers", "2" },
    { "hidden_size", "128" },      { "num_attention_heads", "8" },
    { "intermediate_size", "96" }, { "max_position_embeddings", "128" },
    { "vocab_size", "96" },        { NULL, NULL },
};

const heft_entry heft_base_gguf[] = {
    { "general.architecture", "\"llama\"" },
    { "llama.block_count", "2" },
    { "llama.embedding_length", "128" },
    { "llama.attention.head_count", "8" },
    { "llama.feed_forward_length", "96" },
    { "llama.context_length", "128" },
    { "llama.vocab_size", "96" },
    { NULL, NULL },
};

static void collect(void *to, const char *line)
{
    char *text = to;
    const size_t n = strlen(text);
    snprintf(text + n, sizeof((heft_configured *)0)->warned - n, "%s\n", line);
}

heft_log heft_collect(char *text)
{
    text[0] = 0;
    return (heft_log){ collect, text };
}

static bool changes(const heft_entry *change, const char *key)
{
    for (; change && change->key; change++)
        if (strcmp(change->key, key) == 0) return true;
    return false;
}

static void add(heft_buf *b, const heft_entry *e)
{
    if (e->value)
        assert_true(heft_buf_printf(b, "%s\"%s\":%s", b->n > 1 ? "," : "", e->key, e->value));
}

/* The object as text, then as a tree in the arena. */
static const heft_value *tree_of(const heft_entry *base, const heft_entry *change,
                                 heft_arena *arena)
{
    heft_error err = { 0 };
    heft_value *tree = NULL;
    heft_buf b = heft_buf_of(1 << 20);
    assert_true(heft_buf_z(&b, "{"));
    for (; base->key; base++)
        if (!changes(change, base->key)) add(&b, base);
    for (; change && change->key; change++)
        add(&b, change);
    assert_true(heft_buf_z(&b, "}"));
    char *text = heft_arena_strdup(arena, (heft_str){ b.p, b.n });
    assert_non_null(text);
    assert_ok(heft_json_tree(arena, text, b.n, HEFT_JSON_PYTHON, "config.json", &tree, &err), &err);
    heft_buf_free(&b);
    return tree;
}

void heft_configure_text(heft_configured *c, heft_container container, const heft_entry *base,
                         const heft_entry *change, const heft_factors *factors, bool strict)
{
    heft_tensor tensor[4] = { 0 };
    heft_source s = { .container = container, .path = "memory", .tensor = tensor };
    for (; factors && factors->name; factors++) {
        assert_true(s.n_tensors < 4);
        tensor[s.n_tensors++] = (heft_tensor){ .name = heft_str_of(factors->name),
                                               .dtype = HEFT_F32,
                                               .rank = 1,
                                               .shape = { factors->n },
                                               .data = (const uint8_t *)factors->factor,
                                               .bytes = 4 * (uint64_t)factors->n };
    }
    heft_seal_copy(&s);
    const heft_log log = heft_collect(c->warned);
    s.config = tree_of(base, change, &c->arena);
    c->st = heft_configure(&s, strict, &log, &c->arena, c->used, &c->spec, &c->err);
    heft_source_unseal(&s);
}

void heft_configured_clear(heft_configured *c)
{
    heft_arena_clear(&c->arena);
    *c = (heft_configured){ 0 };
}

void heft_seal_copy(heft_source *copy)
{
    heft_error err = { 0 };
    heft_source_unseal(copy);
    assert_ok(heft_source_seal(copy, &err), &err);
}

heft_source heft_copy_source(const heft_source *s)
{
    heft_source copy = *s;
    const size_t n = (size_t)s->n_tensors;
    copy.tensor = heft_alloc(n + 1, sizeof *copy.tensor);
    copy.names = (heft_names){ 0 };
    assert_non_null(copy.tensor);
    memcpy(copy.tensor, s->tensor, n * sizeof *copy.tensor);
    heft_seal_copy(&copy);
    return copy;
}

void heft_free_copy(heft_source *copy)
{
    heft_free(copy->tensor);
    heft_source_unseal(copy);
    *copy = (heft_source){ 0 };
}
