/* Models made of a hash. */
#include "synthetic.h"

#include "dtype/blocks.h"
#include "kernels/kernels.h"

#include <math.h>
#include <string.h>

uint64_t heft_synthetic_hash(uint64_t seed, uint64_t i)
{
    uint64_t z = (seed + 1) * 0x9e3779b97f4a7c15u + i * 0xd1342543de82ef95u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Roughly normal, deviation 1: four uniforms. */
static float normal(uint64_t h)
{
    float sum = 0;
    for (int32_t i = 0; i < 4; i++)
        sum += (float)(h >> 16 * i & 0xffff) * (1.0f / 65536) - 0.5f;
    return sum * 1.7320508f;
}

static void put_half(uint8_t *to, float v)
{
    uint16_t h = heft_to_half(v);
    memcpy(to, &h, 2);
}

/* Random bytes are valid blocks once their scales are: where the half of d lies, by what its step
 * is smaller than the numbers deviate, where the half of the minimum lies (-1: none), and how many
 * steps below 0 the numbers then begin. */
static const struct {
    int16_t d, m;
    float deviation, below;
} scales[HEFT_DTYPES] = {
    [HEFT_Q1_0] = { 0, -1, 1, 0 },
    [HEFT_Q2_0] = { 0, -1, 1.2f, 0 },
    [HEFT_Q4_0] = { 0, -1, 4.6f, 0 },
    [HEFT_Q4_1] = { 0, 2, 4.6f, -7.5f },
    [HEFT_Q5_0] = { 0, -1, 9.2f, 0 },
    [HEFT_Q5_1] = { 0, 2, 9.2f, -15.5f },
    [HEFT_Q8_0] = { 0, -1, 73, 0 },
    [HEFT_Q2_K] = { 80, 82, 8.8f * 1.1f, 1.5f },
    [HEFT_Q3_K] = { 108, -1, 18.5f * 2.3f, 0 },
    [HEFT_Q4_K] = { 0, 2, 36 * 4.6f, 7.5f },
    [HEFT_Q5_K] = { 0, 2, 36 * 9.2f, 15.5f },
    [HEFT_Q6_K] = { 208, -1, 73 * 18, 0 },
    [HEFT_IQ1_S] = { 0, -1, 9 * 0.8f, 0 },
    [HEFT_IQ2_XXS] = { 0, -1, 64, 0 },
    [HEFT_IQ2_XS] = { 0, -1, 64, 0 },
    [HEFT_IQ2_S] = { 0, -1, 64, 0 },
    [HEFT_IQ3_XXS] = { 0, -1, 170, 0 },
    [HEFT_IQ3_S] = { 0, -1, 166, 0 },
    [HEFT_IQ4_NL] = { 0, -1, 70, 0 },
    [HEFT_IQ4_XS] = { 0, -1, 18.5f * 70, 0 },
    [HEFT_TQ1_0] = { 52, -1, 0.8f, 0 },
    [HEFT_TQ2_0] = { 64, -1, 1.2f, 0 },
};

static void fix_scales(uint8_t *block, heft_dtype type, float deviation, uint64_t h)
{
    const float s = deviation * (0.75f + (float)(h & 0xff) * (1.0f / 512));
    uint8_t half[2];
    switch (type) {
    case HEFT_MXFP4: block[0] = (uint8_t)(128 + ilogbf(s / 5.9f)); break;
    case HEFT_NVFP4: /* four E4M3, whose fractions stay random */
        for (int32_t i = 0; i < 4; i++)
            block[i] = (uint8_t)((block[i] & 7) | (8 + ilogbf(s / 5.9f)) << 3);
        break;
    case HEFT_IQ1_M: /* a half in four nibbles */
        put_half(half, s / (9 * 0.8f));
        for (int32_t i = 0; i < 4; i++)
            block[49 + 2 * i] =
                (uint8_t)((block[49 + 2 * i] & 15) | (half[i / 2] >> 4 * (i % 2)) << 4);
        break;
    default:
        put_half(block + scales[type].d, s / scales[type].deviation);
        if (scales[type].m >= 0)
            put_half(block + scales[type].m, s / scales[type].deviation * scales[type].below);
    }
}

static void fill(void *to, heft_dtype type, int64_t n, float deviation, uint64_t seed)
{
    const heft_dtype_info *t = &heft_dtypes[type];
    uint8_t *p = to;
    if (t->block == 1) {
        for (int64_t i = 0; i < n; i++, p += t->bytes) {
            float v = normal(heft_synthetic_hash(seed, (uint64_t)i)) * deviation;
            uint16_t half = type == HEFT_F16 ? heft_to_half(v) : heft_to_bf16(v);
            memcpy(p, type == HEFT_F32 ? (const void *)&v : &half, (size_t)t->bytes);
        }
        return;
    }
    for (int64_t b = 0; b < n / t->block; b++, p += t->bytes) {
        uint64_t h = 0;
        for (int32_t i = 0; i < t->bytes; i += 8) {
            h = heft_synthetic_hash(seed, (uint64_t)(b * 64 + i / 8));
            memcpy(p + i, &h, (size_t)(t->bytes - i < 8 ? t->bytes - i : 8));
        }
        fix_scales(p, type, deviation, h);
    }
}

void heft_synthetic_fill(void *to, heft_dtype type, int64_t n, int32_t cols, uint64_t seed)
{
    fill(to, type, n, 1 / sqrtf((float)cols), seed);
}

enum { MAX_NAME = 48, PER_LAYER = 17 };

typedef struct {
    const heft_synthetic *s;
    heft_write_tensor *t;
    char (*name)[MAX_NAME];
    int64_t n;
    bool failed;
} maker;

static heft_dtype type_of(const maker *m, const char *name, int32_t cols)
{
    const heft_synthetic *s = m->s;
    int32_t i = 0;
    if (cols == 0) return HEFT_F32;
    if (!s->mixed) return s->type;
    if (strcmp(name, "output.weight") == 0) return HEFT_Q6_K;
    if (s->tied && strcmp(name, "token_embd.weight") == 0) return HEFT_Q6_K;
    if (sscanf(name, "blk.%d.", &i) != 1) return s->type;
    if (!strstr(name, "attn_v.w") && !strstr(name, "ffn_down.w")) return s->type;
    const bool ends = i < s->L / 8 || i >= 7 * s->L / 8;
    return ends || (i - s->L / 8) % 3 == 2 ? HEFT_Q6_K : s->type;
}

/* E matrices in one tensor; E 0: one matrix, or, of no columns, a vector. */
static void add(maker *m, const char *name, int32_t E, int32_t rows, int32_t cols)
{
    const heft_synthetic *s = m->s;
    heft_write_tensor *t = &m->t[m->n];
    (void)snprintf(m->name[m->n], MAX_NAME, "%s", name);
    *t = (heft_write_tensor){ .name = m->name[m->n],
                              .dtype = type_of(m, name, cols),
                              .rank = E      ? 3
                                      : cols ? 2
                                             : 1,
                              .shape = { E ? E : rows, E ? rows : cols, cols } };
    uint64_t seed = heft_synthetic_hash(s->seed, (uint64_t)m->n++), bytes;
    int64_t numbers = (int64_t)(E ? E : 1) * rows * (cols ? cols : 1);
    if (s->sparse || !heft_dtype_bytes(t->dtype, numbers, &bytes)) return;
    void *data = heft_alloc(1, bytes);
    if (!data) {
        m->failed = true;
        return;
    }
    heft_synthetic_fill(data, t->dtype, numbers, cols ? cols : 16, seed);
    for (int32_t i = 0; !cols && i < rows && strstr(name, "norm"); i++)
        ((float *)data)[i] += 1;
    if (s->loud && heft_str_ends(heft_str_of(name), s->loud)) {
        uint8_t *row = (uint8_t *)data + bytes / (uint64_t)rows * (uint64_t)s->loud_row;
        fill(row, t->dtype, cols, s->loudness / sqrtf((float)cols), ~seed);
    }
    t->data = data;
}

static void add_experts(maker *m, int32_t i)
{
    const heft_synthetic *s = m->s;
    const struct {
        const char *name;
        int32_t E, rows, cols;
    } rows[] = { { "ffn_gate_inp.weight", 0, s->E, s->D },
                 { "ffn_gate_exps.weight", s->E, s->F_expert, s->D },
                 { "ffn_up_exps.weight", s->E, s->F_expert, s->D },
                 { "ffn_down_exps.weight", s->E, s->D, s->F_expert } };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        char name[MAX_NAME];
        (void)snprintf(name, sizeof name, "blk.%d.%s", i, rows[r].name);
        add(m, name, rows[r].E, rows[r].rows, rows[r].cols);
    }
}

static void add_layer(maker *m, int32_t i)
{
    const heft_synthetic *s = m->s;
    const int32_t q = s->H * s->dk, kv = s->G * s->dk, rank = s->kv_rank,
                  o = rank ? s->H * s->dv : q;
    const struct {
        const char *name;
        int32_t rows, cols;
        const char *only; /* how the architecture's name begins; NULL: all */
    } rows[PER_LAYER] = {
        { "attn_norm.weight", s->D, 0, NULL },
        { "attn_q.weight", q, s->D, NULL },
        { "attn_k.weight", rank ? 0 : kv, s->D, NULL },
        { "attn_v.weight", rank ? 0 : kv, s->D, NULL },
        { "attn_output.weight", s->D, o, NULL },
        { "ffn_norm.weight", s->D, 0, NULL },
        { "ffn_gate.weight", s->F, s->D, NULL },
        { "ffn_up.weight", s->F, s->D, NULL },
        { "ffn_down.weight", s->D, s->F, NULL },
        { "attn_q.bias", q, 0, "qwen2" },
        { "attn_k.bias", kv, 0, "qwen2" },
        { "attn_v.bias", kv, 0, "qwen2" },
        { "attn_q_norm.weight", s->dk, 0, "qwen3" },
        { "attn_k_norm.weight", s->dk, 0, "qwen3" },
        { "attn_kv_a_mqa.weight", rank + s->rotated, s->D, "deepseek2" },
        { "attn_kv_a_norm.weight", rank, 0, "deepseek2" },
        { "attn_kv_b.weight", s->H * (s->dk - s->rotated + s->dv), rank, "deepseek2" },
    };
    for (int32_t r = 0; r < PER_LAYER; r++) {
        char name[MAX_NAME];
        if (rows[r].rows == 0) continue;
        if (rows[r].only && strncmp(rows[r].only, s->arch, strlen(rows[r].only)) != 0) continue;
        if (s->E && strncmp(rows[r].name, "ffn_", 4) == 0 && rows[r].cols) continue;
        (void)snprintf(name, sizeof name, "blk.%d.%s", i, rows[r].name);
        add(m, name, 0, rows[r].rows, rows[r].cols);
    }
    if (s->E) add_experts(m, i);
}

/* A byte-level vocabulary: a character for every byte, then fillers that are not tokens, with names
 * of their own as llama.cpp asks for. */
typedef struct {
    char (*piece)[16]; /* (V) */
    heft_str *token;   /* (V) */
    int32_t *type;     /* (V)  GGUF: 1 normal, 5 unused */
} vocabulary;

/* The GPT-2 alphabet: printable bytes are themselves, the others follow from U+0100 on. */
static void name_tokens(vocabulary *v, int32_t V)
{
    int32_t others = 0;
    for (int32_t t = 0; t < V; t++) {
        const bool printable = (t > 0x20 && t < 0x7f) || (t >= 0xa1 && t != 0xad);
        const size_t n = t < 256 ? heft_utf8_encode(printable ? t : 256 + others++, v->piece[t])
                                 : (size_t)snprintf(v->piece[t], sizeof v->piece[t], "[PAD%d]", t);
        v->token[t] = (heft_str){ v->piece[t], n };
        v->type[t] = t < 256 ? 1 : 5;
    }
}

static heft_status write_it(const maker *m, const char *path, heft_error *err)
{
    const heft_synthetic *s = m->s;
    enum { ALWAYS, EXPERTS, LATENT };
    const bool has[] = { true, s->E > 0, s->kv_rank > 0 };
    char key[18][64];
    const struct {
        const char *name;
        int32_t value, of;
    } ints[] = {
        { "block_count", s->L, ALWAYS },
        { "embedding_length", s->D, ALWAYS },
        { "context_length", s->ctx, ALWAYS },
        { "feed_forward_length", s->F, ALWAYS },
        { "attention.head_count", s->H, ALWAYS },
        { "attention.head_count_kv", s->G, ALWAYS },
        { "attention.key_length", s->dk, ALWAYS },
        { "attention.value_length", s->kv_rank ? s->dv : s->dk, ALWAYS },
        { "vocab_size", s->V, ALWAYS },
        { "expert_count", s->E, EXPERTS },
        { "expert_used_count", s->top, EXPERTS },
        { "expert_feed_forward_length", s->F_expert, EXPERTS },
        { "attention.kv_lora_rank", s->kv_rank, LATENT },
        { "rope.dimension_count", s->rotated, LATENT },
        { "leading_dense_block_count", s->L, LATENT },
        { "expert_count", 1, LATENT }, /* the architecture asks for them, though no layer has any */
        { "expert_used_count", 1, LATENT },
    };
    enum { INTS = sizeof ints / sizeof *ints };
    heft_write_kv kv[INTS + 7] = {
        { .key = "general.architecture", .type = 8, .v = { .str = s->arch } }
    };
    int64_t n = 1;
    for (int32_t i = 0; i < INTS; i++) {
        if (!has[ints[i].of]) continue;
        (void)snprintf(key[i], sizeof key[i], "%s.%s", s->arch, ints[i].name);
        kv[n++] =
            (heft_write_kv){ .key = key[i], .type = 4, .v = { .u = (uint64_t)ints[i].value } };
    }
    (void)snprintf(key[INTS], sizeof key[INTS], "%s.attention.layer_norm_rms_epsilon", s->arch);
    kv[n++] = (heft_write_kv){ .key = key[INTS], .type = 6, .v = { .f = 1e-5f } };
    if (!s->text) return heft_gguf_write(path, 3, 32, kv, n, m->t, m->n, err);

    const size_t V = (size_t)s->V;
    vocabulary v = { .piece = heft_alloc(V, sizeof *v.piece),
                     .token = heft_alloc(V, sizeof *v.token),
                     .type = heft_alloc(V, sizeof *v.type) };
    heft_status st = v.piece && v.token && v.type ? HEFT_OK : heft_nomem(err, "a vocabulary");
    if (!st) {
        name_tokens(&v, s->V);
        const heft_write_kv words[] = {
            { .key = "tokenizer.ggml.model", .type = 8, .v = { .str = "gpt2" } },
            { .key = "tokenizer.ggml.pre", .type = 8, .v = { .str = "gpt-2" } },
            { .key = "tokenizer.ggml.tokens",
              .type = 9,
              .element = 8,
              .n = V,
              .v = { .array = v.token } },
            { .key = "tokenizer.ggml.token_type",
              .type = 9,
              .element = 5,
              .n = V,
              .v = { .array = v.type } },
            { .key = "tokenizer.ggml.merges", .type = 9, .element = 8, .v = { .array = v.token } },
        };
        memcpy(kv + n, words, sizeof words);
        st = heft_gguf_write(path, 3, 32, kv, n + 5, m->t, m->n, err);
    }
    heft_free(v.piece);
    heft_free(v.token);
    heft_free(v.type);
    return st;
}

heft_status heft_synthetic_write(const heft_synthetic *s, const char *path, heft_error *err)
{
    size_t most = 3 + (size_t)s->L * PER_LAYER;
    maker m = { .s = s, .t = heft_alloc(most, sizeof *m.t), .name = heft_alloc(most, MAX_NAME) };
    heft_status st = m.t && m.name ? HEFT_OK : heft_nomem(err, "a model");
    if (!st) {
        add(&m, "token_embd.weight", 0, s->V, s->D);
        add(&m, "output_norm.weight", 0, s->D, 0);
        if (!s->tied) add(&m, "output.weight", 0, s->V, s->D);
        for (int32_t i = 0; i < s->L; i++)
            add_layer(&m, i);
        st = m.failed ? heft_nomem(err, "a model") : write_it(&m, path, err);
    }
    for (int64_t i = 0; i < m.n; i++) {
        void *data;
        memcpy(&data, &m.t[i].data, sizeof data);
        heft_free(data);
    }
    heft_free(m.t);
    heft_free(m.name);
    return st;
}
