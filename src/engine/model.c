/* A loaded model: files mapped, family resolved, weights bound, tokenizer open. */
#include "engine/engine.h"

#include <string.h>

static heft_status check_tokenizer(const heft_model *m, heft_error *err)
{
    int32_t size = m->tokenizer ? heft_tokenizer_size(m->tokenizer) : 0;
    if (size <= m->net.spec.V) return HEFT_OK;
    return heft_fail(err, HEFT_E_FORMAT, "the tokenizer has %d tokens, the embedding %d rows", size,
                     m->net.spec.V);
}

/* As the release calls itself; NULL: out of memory. */
static const char *name_of(heft_model *m)
{
    const char *key = m->source->container == HEFT_GGUF ? "general.name" : "_name_or_path";
    const heft_value *v = heft_value_get(m->source->config, key);
    return v && v->kind == HEFT_V_STRING ? heft_arena_strdup(&m->net.arena, v->str) : "";
}

static void describe(heft_model *m, const char *name)
{
    const heft_source *src = m->source;
    const heft_spec *s = &m->net.spec;
    const heft_layer_spec *l = &s->layer[0];
    heft_model_facts *f = &m->facts;
    *f = (heft_model_facts){
        .path = src->path,
        .name = name,
        .container = src->container == HEFT_GGUF ? "gguf" : "safetensors",
        .family = s->family->name,
        .source = s->family->source,
        .parameters = m->net.parameters,
        .parameters_active = m->net.parameters_active,
        .tensors = src->n_tensors,
        .copied_bytes = m->net.copied_bytes,
        .unused_tensors = m->net.unused_tensors,
        .unused_bytes = m->net.unused_bytes,
        .context = s->ctx,
        .vocab = s->V,
        .tokens = m->tokenizer ? heft_tokenizer_size(m->tokenizer) : 0,
        .width = s->D,
        .streams = s->streams.n,
        .layers = s->L,
        .heads = l->attn.H,
        .kv_heads = l->attn.G,
        .head_width = l->attn.dk,
        .ffn_width = l->F,
        .formats = m->format,
    };
    for (int32_t i = 0; i < s->L; i++) {
        int32_t w = s->layer[i].attn.window;
        if (w && (!f->window || w < f->window)) f->window = w;
    }
    heft_format_bytes sum[HEFT_DTYPES] = { { 0 } };
    for (int64_t i = 0; i < src->n_tensors; i++) {
        heft_format_bytes *of = &sum[m->net.as[i]];
        of->tensors++;
        of->bytes += (int64_t)src->tensor[i].bytes;
    }
    for (int32_t t = 0; t < HEFT_DTYPES; t++) {
        f->bytes += sum[t].bytes;
        sum[t].name = heft_dtypes[t].name;
        if (sum[t].tensors) m->format[f->n_formats++] = sum[t];
    }
}

heft_status heft_model_open(const char *path, const heft_model_options *options, heft_model **out,
                            heft_error *err)
{
    int64_t before = heft_mem_mine();
    heft_model *m = heft_alloc(1, sizeof *m);
    if (!m) return heft_nomem(err, "a model");
    if (options) m->log = options->log;
    heft_status st = heft_source_open(path, &m->log, &m->source, err);
    if (!st) st = heft_net_open(&m->net, m->source, options && options->strict, &m->log, err);
    if (!st) st = heft_tokenizer_of(m->source, &m->log, &m->tokenizer, err);
    if (!st) st = check_tokenizer(m, err);
    const char *name = st ? NULL : name_of(m);
    if (!st && !name) st = heft_nomem(err, "a name");
    if (st) {
        heft_model_close(m);
        return st;
    }
    describe(m, name);
    m->private_bytes = heft_mem_mine() - before;
    *out = m;
    return HEFT_OK;
}

void heft_model_close(heft_model *m)
{
    if (!m) return;
    heft_tokenizer_close(m->tokenizer);
    heft_net_close(&m->net);
    heft_source_close(m->source);
    heft_free(m);
}

const heft_model_facts *heft_model_describe(const heft_model *m)
{
    return &m->facts;
}

const heft_tokenizer *heft_model_tokenizer(const heft_model *m)
{
    return m->tokenizer;
}

void heft_model_tensor(const heft_model *m, int64_t i, heft_tensor_info *out)
{
    const heft_tensor *t = &m->source->tensor[i];
    *out = (heft_tensor_info){ .name = t->name.p,
                               .format = heft_dtypes[t->dtype].name,
                               .file = m->source->file[t->file].path,
                               .rank = t->rank,
                               .bytes = (int64_t)t->bytes,
                               .used = m->net.used[i] };
    memcpy(out->shape, t->shape, sizeof out->shape);
}

/* FNV-1a over bytes, going on from h. */
static uint64_t mix(uint64_t h, const void *data, size_t n)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

heft_status heft_model_fingerprint(const heft_model *m, uint64_t *out, heft_error *err)
{
    enum { END = 2048 };
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (int64_t i = 0; i < m->source->n_tensors; i++) {
        const heft_tensor *t = &m->source->tensor[i];
        size_t n = t->bytes < END ? (size_t)t->bytes : END;
        h = mix(h, t->name.p, t->name.n);
        h = mix(h, heft_dtypes[t->dtype].name, strlen(heft_dtypes[t->dtype].name));
        h = mix(h, t->shape, (size_t)t->rank * sizeof *t->shape);
        h = mix(h, t->data, n);
        h = mix(h, t->data + t->bytes - n, n);
    }
    h = mix(h, &m->facts.tokens, sizeof m->facts.tokens);
    heft_status st = heft_source_check(m->source, err);
    if (!st) *out = h;
    return st;
}

static bool recommended(const heft_value *g, const char *key, float *to)
{
    const heft_value *v = heft_value_get(g, key);
    if (!v || (v->kind != HEFT_V_INT && v->kind != HEFT_V_REAL)) return false;
    *to = (float)v->real;
    return true;
}

bool heft_model_sampling(const heft_model *m, heft_sampling *s)
{
    const heft_value *g = m->source->generation, *sample = heft_value_get(g, "do_sample");
    float top_k = (float)s->top_k;
    const struct {
        const char *key;
        float *to;
    } field[] = { { "temperature", &s->temperature },
                  { "top_k", &top_k },
                  { "top_p", &s->top_p },
                  { "min_p", &s->min_p },
                  { "repetition_penalty", &s->repeat_penalty } };
    bool any = false;
    for (size_t i = 0; i < sizeof field / sizeof field[0]; i++)
        any = recommended(g, field[i].key, field[i].to) || any;
    if (sample && sample->kind == HEFT_V_BOOL && !sample->n) {
        s->temperature = 0; /* the reference's own meaning of do_sample: false */
        any = true;
    }
    if (top_k >= 0 && top_k < HEFT_MAX_VOCAB) s->top_k = (int32_t)top_k;
    return any;
}
