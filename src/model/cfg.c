/* Reading a configuration: config.json or GGUF metadata behind one set of typed getters, and the
 * accounts of law 2: what nobody asked for is known to be harmless, must have its usual value, or
 * is named. */
#include "model/cfg.h"
#include "model/run.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

void heft_cfg_refuse(struct heft_cfg *c, heft_status code, const char *fmt, ...)
{
    if (c->failed) return;
    va_list ap;
    va_start(ap, fmt);
    c->failed = true;
    c->error.code = code;
    (void)vsnprintf(c->error.text, sizeof c->error.text, fmt, ap);
    va_end(ap);
}

bool heft_cfg_is_gguf(const struct heft_cfg *c)
{
    return c->gguf;
}

bool heft_cfg_has_tensor(const struct heft_cfg *c, const char *name)
{
    return heft_source_find(c->src, heft_str_of(name)) != NULL;
}

bool heft_cfg_has_either(const struct heft_cfg *c, const char *a, const char *b)
{
    return heft_cfg_has_tensor(c, a) || heft_cfg_has_tensor(c, b);
}

/* The first of the names "a|b|c" that the object has; the others count as read too. */
static const heft_value *lookup(struct heft_cfg *c, const char *names)
{
    char key[160];
    const heft_value *first = NULL;
    while (names && *names) {
        size_t n = strcspn(names, "|");
        if (c->gguf)
            (void)snprintf(key, sizeof key, "%.*s.%.*s", (int)c->arch.n, c->arch.p, (int)n, names);
        else
            (void)snprintf(key, sizeof key, "%.*s", (int)n, names);
        const heft_value *v = heft_value_get(c->root, key);
        if (!first) first = v;
        names += n + (names[n] == '|');
    }
    return first;
}

const heft_value *heft_cfg_find(struct heft_cfg *c, const char *hf, const char *gguf)
{
    return lookup(c, c->gguf ? gguf : hf);
}

/* A key as messages name it: with the object it lies in. */
static heft_shown shown(const struct heft_cfg *c, heft_str key)
{
    heft_shown s;
    (void)snprintf(s.text, sizeof s.text, "%s%.96s", c->inside ? c->inside : "",
                   heft_show(key).text);
    return s;
}

heft_shown heft_cfg_text(const heft_value *v)
{
    heft_shown s = { "missing" };
    if (!v) return s;
    switch (v->kind) {
    case HEFT_V_BOOL: return heft_show_z(v->n ? "true" : "false");
    case HEFT_V_STRING:
        (void)snprintf(s.text, sizeof s.text, "\"%.100s\"", heft_show(v->str).text);
        return s;
    case HEFT_V_INT:
    case HEFT_V_REAL: (void)snprintf(s.text, sizeof s.text, "%g", v->real); return s;
    case HEFT_V_NULL:
    case HEFT_V_ARRAY:
    case HEFT_V_OBJECT:
    case HEFT_V_LONG_ARRAY: break;
    }
    return heft_show_z(heft_value_kind_name(v->kind));
}

/* The key's value if it is there, not null, and of the kind; else NULL, with the error noted where
 * the kind is wrong or a required key is absent. */
static const heft_value *typed(struct heft_cfg *c, const char *hf, const char *gguf, unsigned kinds,
                               const char *expected, bool required)
{
    const char *name = c->gguf ? gguf : hf;
    const heft_value *v = name ? lookup(c, name) : NULL;
    if (!v || v->kind == HEFT_V_NULL) {
        if (required && name)
            heft_cfg_refuse(c, HEFT_E_FORMAT, "%s%s%s is %s, expected %s",
                            c->gguf ? heft_show(c->arch).text : "", c->gguf ? "." : "", name,
                            v ? "null" : "missing", expected);
        return NULL;
    }
    if (kinds >> v->kind & 1) return v;
    heft_cfg_refuse(c, HEFT_E_FORMAT, "%s is %s, expected %s", shown(c, v->key).text,
                    heft_value_kind_name(v->kind), expected);
    return NULL;
}

static const unsigned integer = 1u << HEFT_V_INT | 1u << HEFT_V_REAL,
                      real = 1u << HEFT_V_INT | 1u << HEFT_V_REAL;

int32_t heft_cfg_int(struct heft_cfg *c, const char *hf, const char *gguf, int32_t absent)
{
    const heft_value *v = typed(c, hf, gguf, integer, "an integer", absent == HEFT_REQUIRED);
    if (!v) return absent == HEFT_REQUIRED ? 1 : absent;
    double d = v->kind == HEFT_V_INT ? (double)v->n : v->real;
    if (d == floor(d) && d >= INT32_MIN + 1.0 && d <= INT32_MAX) return (int32_t)d;
    heft_cfg_refuse(c, HEFT_E_FORMAT, "%s is %.17g, expected an integer of %d to %d",
                    shown(c, v->key).text, d, -INT32_MAX, INT32_MAX);
    return 1;
}

int32_t heft_cfg_int_or_null(struct heft_cfg *c, const char *hf, const char *gguf, int32_t absent,
                             int32_t null)
{
    const heft_value *v = heft_cfg_find(c, hf, gguf);
    return v && v->kind == HEFT_V_NULL && null != HEFT_REQUIRED ? null
                                                                : heft_cfg_int(c, hf, gguf, absent);
}

float heft_cfg_real(struct heft_cfg *c, const char *hf, const char *gguf, double absent)
{
    const heft_value *v = typed(c, hf, gguf, real, "a number", false);
    if (!v) return (float)absent;
    float f = (float)v->real;
    if (isfinite(f)) return f;
    heft_cfg_refuse(c, HEFT_E_FORMAT, "%s is %g, expected a finite number", shown(c, v->key).text,
                    v->real);
    return (float)absent;
}

bool heft_cfg_bool(struct heft_cfg *c, const char *hf, const char *gguf, bool absent)
{
    const heft_value *v = typed(c, hf, gguf, 1u << HEFT_V_BOOL, "true or false", false);
    return v ? v->n != 0 : absent;
}

bool heft_cfg_enter(struct heft_cfg *c, const char *key)
{
    const heft_value *v = typed(c, key, NULL, 1u << HEFT_V_OBJECT, "an object", false);
    if (!v) return false;
    c->root = v;
    c->inside = key;
    return true;
}

void heft_cfg_leave(struct heft_cfg *c)
{
    c->root = c->src->config;
    c->inside = NULL;
}

heft_str heft_cfg_str(struct heft_cfg *c, const char *hf, const char *gguf, const char *absent)
{
    const heft_value *v = typed(c, hf, gguf, 1u << HEFT_V_STRING, "a string", false);
    return v ? v->str : heft_str_of(absent);
}

bool heft_cfg_has(struct heft_cfg *c, const char *hf, const char *gguf)
{
    return heft_cfg_find(c, hf, gguf) != NULL;
}

int32_t heft_cfg_int_at(struct heft_cfg *c, const char *hf, const char *gguf, int32_t i,
                        int32_t absent)
{
    const heft_value *v = heft_cfg_find(c, hf, gguf);
    if (!v || v->kind == HEFT_V_NULL) return absent;
    if (v->kind != HEFT_V_ARRAY) return heft_cfg_int(c, hf, gguf, absent);
    const heft_value *e = heft_value_at(v, i);
    if (e && (e->kind == HEFT_V_INT || e->kind == HEFT_V_BOOL) && e->n >= -INT32_MAX
        && e->n <= INT32_MAX)
        return (int32_t)e->n;
    heft_cfg_refuse(c, HEFT_E_FORMAT, "%s[%d] is %s, expected an integer of %d to %d",
                    shown(c, v->key).text, i, heft_cfg_text(e).text, -INT32_MAX, INT32_MAX);
    return absent;
}

/* "a, b or c" */
static heft_shown one_of(const char *const *words)
{
    heft_shown s = { "" };
    size_t n = 0;
    for (int32_t k = 0; words[k] && n < sizeof s.text; k++)
        n += (size_t)snprintf(s.text + n, sizeof s.text - n, "%s%s",
                              k == 0         ? ""
                              : words[k + 1] ? ", "
                                             : " or ",
                              words[k]);
    return s;
}

int32_t heft_cfg_which(struct heft_cfg *c, const char *hf, int32_t i, const char *const *words,
                       int32_t absent)
{
    const heft_value *list = typed(c, hf, NULL, 1u << HEFT_V_ARRAY, "an array", false);
    if (!list) return absent;
    const heft_value *e = heft_value_at(list, i);
    for (int32_t k = 0; e && e->kind == HEFT_V_STRING && words[k]; k++)
        if (heft_str_is(e->str, words[k])) return k;
    heft_cfg_refuse(c, HEFT_E_UNSUPPORTED, "%s[%d] is %s, expected %s", hf, i,
                    heft_cfg_text(e).text, one_of(words).text);
    return absent;
}

int32_t heft_cfg_layer_type(struct heft_cfg *c, int32_t layer, const char *const *words,
                            int32_t absent)
{
    const heft_value *types = heft_cfg_find(c, "layer_types", NULL);
    if (types && types->kind == HEFT_V_ARRAY && types->n != c->layers)
        heft_cfg_refuse(c, HEFT_E_FORMAT, "layer_types has %lld entries, expected %d",
                        (long long)types->n, c->layers);
    return heft_cfg_which(c, "layer_types", layer, words, absent);
}

float heft_cfg_real_at(struct heft_cfg *c, const char *hf, const char *gguf, int32_t i,
                       double absent)
{
    const heft_value *v = heft_cfg_find(c, hf, gguf);
    if (!v || v->kind != HEFT_V_ARRAY) return heft_cfg_real(c, hf, gguf, absent);
    const heft_value *e = heft_value_at(v, i);
    if (e && (real >> e->kind & 1) && isfinite((float)e->real)) return (float)e->real;
    heft_cfg_refuse(c, HEFT_E_FORMAT, "%s[%d] is %s, expected a finite number",
                    shown(c, v->key).text, i, heft_cfg_text(e).text);
    return (float)absent;
}

bool heft_cfg_full_has(struct heft_cfg *c, const heft_spec *s, const char *weight)
{
    char name[96];
    for (int32_t i = 0; i < s->L; i++) {
        (void)snprintf(name, sizeof name, "blk.%d.%s.weight", i, weight);
        if (heft_cfg_has_tensor(c, name) && heft_cfg_full(c, i, true)) return true;
    }
    return false;
}

int32_t heft_cfg_every(struct heft_cfg *c, const char *hf, const char *gguf, int32_t absent)
{
    int32_t n = heft_cfg_int(c, hf, gguf, absent);
    if (n >= 1) return n;
    heft_cfg_refuse(c, HEFT_E_FORMAT, "%s is %d, expected a period of at least 1",
                    c->gguf ? gguf : hf, n);
    return absent;
}

/* The layers of a GGUF file that see everything. */
static bool full_of_gguf(struct heft_cfg *c, int32_t layer, bool absent)
{
    static const char key[] = "attention.sliding_window_pattern";
    const heft_value *v = heft_cfg_find(c, NULL, key);
    if (!v) return absent;
    if (v->kind == HEFT_V_ARRAY) return heft_cfg_int_at(c, NULL, key, layer, 0) == 0;
    int32_t every = heft_cfg_int(c, NULL, key, 1);
    return every > 0 && (layer + 1) % every == 0;
}

bool heft_cfg_full(struct heft_cfg *c, int32_t layer, bool absent)
{
    static const char *const words[] = { "full_attention", "sliding_attention", "chunked_attention",
                                         NULL };
    if (c->gguf) return full_of_gguf(c, layer, absent);
    return heft_cfg_layer_type(c, layer, words, !absent) == 0;
}

void heft_cfg_upper_windows(struct heft_cfg *c, heft_spec *s, int32_t rope)
{
    bool slides = heft_cfg_bool(c, "use_sliding_window", NULL, false);
    int32_t window = heft_cfg_int_or_null(c, "sliding_window", NULL, 4096, 0);
    int32_t first = heft_cfg_int(c, "max_window_layers", NULL, 28);
    for (int32_t i = 0; s->layer && i < s->L; i++) {
        bool full = heft_cfg_full(c, i, i < first);
        s->layer[i].attn.rope = rope;
        s->layer[i].attn.window = slides && !full ? window : 0;
    }
}

heft_act_kind heft_cfg_act(struct heft_cfg *c, const char *hf, heft_act_kind absent)
{
    static const struct {
        const char *name;
        heft_act_kind kind;
    } names[] = {
        { "silu", HEFT_ACT_SILU },
        { "swish", HEFT_ACT_SILU },
        { "gelu", HEFT_ACT_GELU_ERF },
        { "gelu_python", HEFT_ACT_GELU_ERF },
        { "gelu_new", HEFT_ACT_GELU_TANH },
        { "gelu_pytorch_tanh", HEFT_ACT_GELU_TANH },
        { "gelu_fast", HEFT_ACT_GELU_TANH },
        { "gelu_accurate", HEFT_ACT_GELU_TANH },
        { "gelu_python_tanh", HEFT_ACT_GELU_TANH },
        { "relu", HEFT_ACT_RELU },
        { "relu2", HEFT_ACT_RELU_SQUARED },
        { "quick_gelu", HEFT_ACT_SIGMOID_1702 },
    };
    heft_str name = heft_cfg_str(c, hf, NULL, "");
    if (name.n == 0) return absent;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (heft_str_is(name, names[i].name)) return names[i].kind;
    heft_cfg_refuse(c, HEFT_E_UNSUPPORTED, "%s is \"%s\", which heft does not know", hf,
                    heft_show(name).text);
    return absent;
}

/* A number of things that later sizes are computed from. */
static int32_t count(struct heft_cfg *c, const char *what, int32_t n, int32_t most)
{
    if (n < 1 || n > most)
        heft_cfg_refuse(c, HEFT_E_FORMAT, "the %s is %d, expected 1 to %d", what, n, most);
    return c->failed ? 1 : n;
}

/* The family's own name of a key, or the usual one. */
static const char *named(const char *own, const char *usual)
{
    return own ? own : usual;
}

/* What the class of the reference says where config.json says nothing; GGUF files are not silent.
 */
static int32_t silent_means(const struct heft_cfg *c, int32_t of_family, int32_t otherwise)
{
    return of_family && !c->gguf ? of_family : otherwise;
}

/* Is there a number for every layer under the key of either container? */
static bool by_layer(struct heft_cfg *c, const char *const key[2])
{
    const heft_value *v = heft_cfg_find(c, key[0], key[1]);
    return v && v->kind == HEFT_V_ARRAY;
}

/* Is the embedding the head? The text part of a model of several says so, or else the whole. */
static bool tied(struct heft_cfg *c)
{
    const heft_value *whole = heft_value_get(c->src->config, "tie_word_embeddings");
    const bool absent = whole && whole->kind == HEFT_V_BOOL ? whole->n != 0 : c->family->tied;
    return heft_cfg_bool(c, "tie_word_embeddings", NULL, absent);
}

void heft_cfg_llama(struct heft_cfg *c, heft_spec *s)
{
    const heft_family *f = c->family;
    const heft_keys *k = &f->keys;
    s->L = heft_cfg_int(c, named(k->layers, "num_hidden_layers"), "block_count", HEFT_REQUIRED);
    s->L = count(c, "number of layers", s->L, HEFT_MAX_LAYERS);
    c->layers = s->L;
    s->D = heft_cfg_int(c, named(k->width, "hidden_size"), "embedding_length", HEFT_REQUIRED);
    s->D = s->D_embed = count(c, "hidden width", s->D, HEFT_MAX_WIDTH);
    s->ctx = heft_cfg_int(c, named(k->context, "max_position_embeddings"), "context_length",
                          silent_means(c, f->context, HEFT_REQUIRED));
    s->V = heft_cfg_int(c, "vocab_size", "vocab_size",
                        c->gguf ? 0 : silent_means(c, f->vocab, HEFT_REQUIRED));
    s->eps = heft_cfg_real(c, named(k->eps, "rms_norm_eps"),
                           "attention.layer_norm_rms_epsilon|attention.layer_norm_epsilon",
                           f->eps > 0 ? (double)f->eps : 1e-6);
    s->tied = c->gguf ? HEFT_MAYBE : tied(c) ? HEFT_YES : HEFT_NO;
    int32_t H = heft_cfg_int(c, named(k->heads, "num_attention_heads"), "attention.head_count",
                             silent_means(c, f->heads, HEFT_REQUIRED));
    H = count(c, "number of heads", H, HEFT_MAX_HEADS);
    const char *const g_keys[] = { named(k->kv_heads, "num_key_value_heads"),
                                   "attention.head_count_kv" },
                      *const f_keys[] = { named(k->ff, "intermediate_size"),
                                          "feed_forward_length|expert_feed_forward_length" };
    const bool many_G = by_layer(c, g_keys), many_F = by_layer(c, f_keys);
    int32_t G =
        many_G ? 0
               : heft_cfg_int_or_null(c, g_keys[0], g_keys[1], silent_means(c, f->kv_heads, H), H);
    int32_t wide = f->widen ? f->widen * s->D : HEFT_REQUIRED;
    int32_t F = many_F ? 0 : heft_cfg_int_or_null(c, f_keys[0], f_keys[1], wide, wide);
    int32_t even = s->D / H;
    int32_t dk = heft_cfg_int_or_null(c, "head_dim", "attention.key_length",
                                      f->head_width ? f->head_width : even, even);
    dk = count(c, "head width", dk, HEFT_MAX_HEAD_WIDTH);
    int32_t dv = heft_cfg_int(c, NULL, "attention.value_length", dk);
    heft_act_kind act = heft_cfg_act(c, named(k->act, "hidden_act"), f->act);
    if (c->failed) return;
    s->layer = heft_arena_alloc(c->arena, (size_t)s->L, sizeof *s->layer);
    if (!s->layer) {
        heft_cfg_refuse(c, HEFT_E_NOMEM, "out of memory for %d layers", s->L);
        return;
    }
    for (int32_t i = 0; i < s->L; i++) {
        heft_layer_spec *l = &s->layer[i];
        heft_layer_default(l);
        l->F = many_F ? heft_cfg_int_at(c, f_keys[0], f_keys[1], i, 0) : F;
        l->act.fn = act;
        l->attn.H = H;
        l->attn.G = many_G ? heft_cfg_int_at(c, g_keys[0], g_keys[1], i, 0) : G;
        l->attn.dk = dk;
        l->attn.dv = dv;
        l->attn.q = (heft_heads){ 0, H, 0, dk };
        l->attn.k = (heft_heads){ 0, l->attn.G, 0, dk };
        l->attn.v = (heft_heads){ 0, l->attn.G, 0, dv };
        l->attn.kv_from = i;
        l->attn.scale = (float)(1 / sqrt((double)dk));
    }
}

void heft_cfg_classic(struct heft_cfg *c, heft_spec *s)
{
    heft_cfg_llama(c, s);
    s->norm = HEFT_NORM_LAYER;
    for (int32_t i = 0; s->layer && i < s->L; i++)
        s->layer[i].act.gated = false;
}

heft_router heft_cfg_router(struct heft_cfg *c, heft_score score, const char *hf_experts,
                            int32_t experts, const char *hf_top, int32_t top)
{
    heft_layer_spec plain;
    heft_layer_default(&plain);
    heft_router r = plain.route;
    r.score = score;
    r.E = heft_cfg_int(c, hf_experts, "expert_count", c->gguf ? HEFT_REQUIRED : experts);
    r.top = heft_cfg_int(c, hf_top, "expert_used_count", c->gguf ? HEFT_REQUIRED : top);
    return r;
}

bool heft_cfg_truth(struct heft_cfg *c, const char *hf, bool absent)
{
    const heft_value *v = typed(c, hf, NULL, 1u << HEFT_V_BOOL | integer, "true or false", false);
    return !v ? absent : v->kind == HEFT_V_REAL ? v->real != 0 : v->n != 0;
}

bool heft_cfg_lists(struct heft_cfg *c, const char *hf, int32_t n, bool absent)
{
    const heft_value *list = typed(c, hf, NULL, 1u << HEFT_V_ARRAY, "an array", false);
    if (!list) return absent;
    heft_value_mark(list);
    for (const heft_value *v = list->child; v; v = v->next)
        if (v->kind == HEFT_V_INT && v->n == n) return true;
    return false;
}

bool heft_cfg_flag(struct heft_cfg *c, const char *hf, int32_t i, const char *interval,
                   int32_t absent)
{
    const heft_value *list = heft_cfg_find(c, hf, NULL);
    const int32_t every = heft_cfg_every(c, interval, NULL, absent);
    if (list && list->kind == HEFT_V_ARRAY && list->n > 0)
        return heft_cfg_int_at(c, hf, NULL, i, 1) != 0;
    return (i + 1) % every != 0;
}

int32_t heft_cfg_times(struct heft_cfg *c, int32_t a, int32_t b)
{
    const int64_t product = (int64_t)a * b;
    if (product >= 0 && product <= HEFT_MAX_WIDTH) return (int32_t)product;
    heft_cfg_refuse(c, HEFT_E_FORMAT, "%d experts of width %d are shared, expected at most %d", b,
                    a, HEFT_MAX_WIDTH);
    return 0;
}

void heft_cfg_qwen_experts(struct heft_cfg *c, heft_spec *s, int32_t experts, int32_t top,
                           int32_t F_expert, bool normalise, int32_t shared)
{
    heft_router r =
        heft_cfg_router(c, HEFT_BY_SOFTMAX, "num_experts", experts, "num_experts_per_tok", top);
    r.normalise = heft_cfg_bool(c, "norm_topk_prob", NULL, c->gguf && normalise);
    F_expert = heft_cfg_int(c, "moe_intermediate_size", "expert_feed_forward_length", F_expert);
    const int32_t step = heft_cfg_every(c, "decoder_sparse_step", NULL, 1);
    for (int32_t i = 0; s->layer && i < s->L && r.E > 0; i++)
        if ((i + 1) % step == 0 && !heft_cfg_lists(c, "mlp_only_layers", i, false))
            heft_cfg_mixture(&s->layer[i], &r, F_expert, shared);
}

void heft_cfg_mixture(heft_layer_spec *l, const heft_router *r, int32_t F_expert, int32_t F)
{
    l->ffn = &heft_ffn_moe;
    l->route = *r;
    l->F_expert = F_expert;
    l->F = F;
    l->expert_act.fn = l->act.fn;
}

/* ---- finding the family, and closing the accounts ---------------------- */

/* Keys of config.json that change nothing in a forward pass, for every family. */
static const char *const harmless[] = {
    "_name_or_path",
    "architectures",
    "auto_map",
    "attention_dropout",
    "attn_pdrop",
    "bos_token_id",
    "dtype",
    "embd_pdrop",
    "eos_token_id",
    "hidden_dropout",
    "initializer_range",
    "model_type",
    "output_attentions",
    "output_hidden_states",
    "pad_token_id",
    "pretraining_tp",
    "resid_pdrop",
    "return_dict",
    "torch_dtype",
    "transformers_version",
    "unk_token_id",
    "use_cache",
    "_attn_implementation",
    "_attn_implementation_autoset",
    "transformers.js_config",
    "unsloth_fixed",
    "unsloth_version",
    "task_specific_params",
    "id2label",
    "label2id",
    "keys_to_ignore_at_inference",
    "use_flash_attn",
    "trust_remote_code",
    "chunk_size_feed_forward",
    "problem_type",
    "tokenizer_class",
    "prefix",
    "finetuning_task",
    "torchscript",
    "gradient_checkpointing",
    NULL,
};

static bool listed(const char *const *list, heft_str key)
{
    for (; list && *list; list++)
        if (heft_str_is(key, *list)) return true;
    return false;
}

/* Is an unread key silent? GGUF metadata is about more than the model: there, only the keys of the
 * architecture count. */
static bool silent(const struct heft_cfg *c, const heft_family *f, heft_str key)
{
    if (!c->gguf) return listed(harmless, key) || listed(f->harmless, key);
    const size_t n = c->arch.n;
    bool own = key.n > n && memcmp(key.p, c->arch.p, n) == 0 && key.p[n] == '.';
    return !own || listed(f->harmless, (heft_str){ key.p + n + 1, key.n - n - 1 });
}

/* Keys that nobody read (law 2), in the configuration and in the objects it was read from. */
static heft_status unread(const struct heft_cfg *c, const heft_value *object, bool strict,
                          const heft_log *log, heft_error *err)
{
    const heft_family *f = c->family;
    heft_status st = HEFT_OK;
    for (const heft_value *v = object->child; v && !st; v = v->next) {
        const heft_shown key = shown(c, v->key);
        if (v->read && v->kind == HEFT_V_OBJECT) {
            struct heft_cfg below = *c;
            char inside[sizeof key.text + 1];
            (void)snprintf(inside, sizeof inside, "%s.", key.text);
            below.inside = inside;
            st = unread(&below, v, strict, log, err);
        }
        if (v->read || v->kind == HEFT_V_NULL || silent(c, f, v->key)) continue;
        if (strict)
            st = heft_fail(err, HEFT_E_UNSUPPORTED, "config key %s is not known to the family %s",
                           key.text, f->name);
        else
            heft_warn(log, "config key %s is not known to the family %s and was ignored", key.text,
                      f->name);
    }
    return st;
}

/* Asked before anything is read: no other complaint should hide that a key has one value only. */
static heft_status check_only(const struct heft_cfg *c, heft_error *err)
{
    for (const heft_must_be *m = c->family->must_be; m && m->key; m++) {
        const heft_value *v = c->gguf ? NULL : heft_value_get(c->root, m->key);
        if (!v || v->kind == HEFT_V_NULL) continue;
        const heft_shown found = heft_cfg_text(v);
        if (strcmp(found.text, m->only) != 0)
            return heft_fail(err, HEFT_E_UNSUPPORTED,
                             "config.json: %s is %s; heft runs %s with %s only", m->key, found.text,
                             c->family->name, m->only);
    }
    return HEFT_OK;
}

/* Tokens that begin and end a text are rows of the embedding: an id, or several, or none. */
static heft_status check_ids(const heft_value *config, const char *file, int32_t V, heft_error *err)
{
    static const char *const keys[] = { "bos_token_id", "eos_token_id" };
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const heft_value *v = heft_value_get(config, keys[k]);
        const bool list = v && v->kind == HEFT_V_ARRAY;
        for (v = list ? v->child : v; v; v = list ? v->next : NULL) {
            if (v->kind == HEFT_V_NULL || (v->kind == HEFT_V_INT && v->n >= 0 && v->n < V))
                continue;
            if (v->kind != HEFT_V_INT)
                return heft_fail(err, HEFT_E_FORMAT, "%s: %s is %s, expected an integer", file,
                                 keys[k], heft_value_kind_name(v->kind));
            return heft_fail(err, HEFT_E_FORMAT, "%s: %s is %lld, expected 0 to %d", file, keys[k],
                             (long long)v->n, V - 1);
        }
    }
    return HEFT_OK;
}

static const heft_family *find_family(struct heft_cfg *c, heft_str name)
{
    for (const heft_family *const *f = heft_families; *f; f++)
        if (listed(c->gguf ? (*f)->gguf_arch : (*f)->model_type, name)
            && (!(*f)->claims || (*f)->claims(c)))
            return *f;
    return NULL;
}

static heft_status begin(struct heft_cfg *c, const heft_log *log, heft_str *name, heft_error *err)
{
    const char *key = c->gguf ? "general.architecture" : "model_type";
    const heft_value *v = heft_value_get(c->root, key);
    if (!v || v->kind != HEFT_V_STRING)
        return heft_fail(err, HEFT_E_FORMAT, "%s: %s is %s, expected a string",
                         c->gguf ? "metadata" : "config.json", key,
                         v ? heft_value_kind_name(v->kind) : "missing");
    *name = c->arch = v->str;
    if (c->gguf) return HEFT_OK;
    const heft_value *code = heft_value_get(c->root, "auto_map");
    if (code && code->kind != HEFT_V_NULL)
        heft_warn(log, "config.json names code of its own (auto_map); heft runs none of it");
    heft_value_mark(code);
    /* A model of several parts: the one that writes text is configured by itself. */
    const heft_value *text = heft_value_get(c->root, "text_config");
    if (text && text->kind == HEFT_V_OBJECT) {
        c->root = text;
        c->inside = "text_config.";
    }
    return HEFT_OK;
}

heft_status heft_configure(const heft_source *src, bool strict, const heft_log *log,
                           heft_arena *arena, bool *used, heft_spec *s, heft_error *err)
{
    struct heft_cfg c = { .src = src,
                          .root = src->config,
                          .gguf = src->container == HEFT_GGUF,
                          .log = log,
                          .arena = arena,
                          .used = used };
    heft_str name;
    heft_status st = begin(&c, log, &name, err);
    if (st) return st;
    const heft_family *f = find_family(&c, name);
    if (!f)
        return heft_fail(err, HEFT_E_UNSUPPORTED, "heft does not know the model type \"%s\"",
                         heft_show(name).text);
    heft_spec_default(s);
    st = heft_quant_read(&s->quant, src, err);
    if (st) return st;
    s->family = c.family = f;
    st = check_only(&c, err);
    if (st) return st;
    f->configure(&c, s);
    if (c.failed) {
        if (err) *err = c.error;
        return heft_context(err, c.error.code, "%s", c.gguf ? "metadata" : "config.json");
    }
    st = check_ids(c.gguf ? NULL : src->config, "config.json", s->V, err);
    if (!st) st = check_ids(src->generation, "generation_config.json", s->V, err);
    c.inside = NULL;
    return st ? st : unread(&c, src->config, strict, log, err);
}
