/* Rotary tables: every scaling kind comes down to inverse frequencies and a magnitude.
 *
 *     inv_m = theta^(-2m/R),  m < R/2
 *
 * linear (arXiv:2306.15595), dynamic NTK, llama3 (Llama 3.1's report, section 3.4.2), yarn
 * (arXiv:2309.00071), longrope (arXiv:2402.13753). Computed as the reference does, in float, so
 * that positions of a million still get its angles. */
#include "model/cfg.h"

#include <math.h>

/* theta^(2m/R) as float arithmetic gives it: the exponent is rounded first. */
static float power(double theta, int32_t m, int32_t R)
{
    float exponent = (float)(2 * m) / (float)R;
    return (float)pow((double)(float)theta, (double)exponent);
}

static void plain(float *inv, double theta, int32_t R)
{
    for (int32_t m = 0; m < R / 2; m++)
        inv[m] = 1.0f / power(theta, m, R);
}

const float *heft_rope_inv(const heft_rope *r, int32_t length, float *own)
{
    switch (r->kind) {
    case HEFT_ROPE_FIXED: return r->inv;
    case HEFT_ROPE_LONG: return length > r->original ? r->inv_long : r->inv;
    case HEFT_ROPE_DYNAMIC: break;
    }
    int32_t R = r->r.width;
    double n = length > r->original ? length : r->original;
    plain(own, r->theta * pow(r->factor * n / r->original - (r->factor - 1), (double)R / (R - 2)),
          R);
    return own;
}

/* Everything the keys of a scaling say, from either container. */
typedef struct {
    heft_str kind;
    double theta;
    float factor, low, high, beta_fast, beta_slow, attention_factor, mscale, mscale_all;
    int32_t original, positions; /* positions: the model's context */
    float part;                  /* of a head that rotates; 0: not said here */
    bool truncate;
    const heft_value *shorts, *longs;
} scaling;

static void scale_llama3(const scaling *s, heft_rope *r)
{
    const float two_pi = 6.28318530717958647692f, O = (float)s->original;
    for (int32_t m = 0; m < r->r.width / 2; m++) {
        float inv = r->inv[m], wave = two_pi / inv;
        float smooth = (O / wave - s->low) / (s->high - s->low);
        if (wave > O / s->low)
            r->inv[m] = inv / s->factor;
        else if (wave >= O / s->high)
            r->inv[m] = (1 - smooth) * inv / s->factor + smooth * inv;
    }
}

static float yarn_magnitude(float factor, float k)
{
    return factor <= 1 ? 1.0f : (float)(0.1 * (double)k * log((double)factor) + 1);
}

static void scale_yarn(const scaling *s, heft_rope *r)
{
    const int32_t R = r->r.width;
    const double O = s->original, two_pi = 6.28318530717958647692;
    double lo = R * log(O / ((double)s->beta_fast * two_pi)) / (2 * log(s->theta));
    double hi = R * log(O / ((double)s->beta_slow * two_pi)) / (2 * log(s->theta));
    if (s->truncate) {
        lo = floor(lo);
        hi = ceil(hi);
    }
    if (lo < 0) lo = 0;
    if (hi > R - 1) hi = R - 1;
    if (hi == lo) hi += 0.001;
    for (int32_t m = 0; m < R / 2; m++) {
        float ramp = (float)(((double)m - lo) / (hi - lo));
        ramp = ramp < 0 ? 0 : ramp > 1 ? 1 : ramp;
        r->inv[m] = r->inv[m] / s->factor * ramp + r->inv[m] * (1 - ramp);
    }
    if (s->attention_factor > 0)
        r->r.magnitude = s->attention_factor;
    else if (s->mscale > 0 && s->mscale_all > 0)
        r->r.magnitude =
            yarn_magnitude(s->factor, s->mscale) / yarn_magnitude(s->factor, s->mscale_all);
    else
        r->r.magnitude = yarn_magnitude(s->factor, 1);
}

static void divide(struct heft_cfg *c, float *inv, const heft_value *factors, const char *key,
                   int32_t n)
{
    if (!factors || factors->kind != HEFT_V_ARRAY || factors->n != n) {
        heft_cfg_refuse(c, HEFT_E_FORMAT, "rope %s has %lld entries, expected %d", key,
                        (long long)(factors ? factors->n : 0), n);
        return;
    }
    int64_t i = 0;
    for (const heft_value *v = factors->child; v; v = v->next, i++) {
        if (v->kind != HEFT_V_INT && v->kind != HEFT_V_REAL) {
            heft_cfg_refuse(c, HEFT_E_FORMAT, "rope %s[%lld] is %s, expected a number", key,
                            (long long)i, heft_value_kind_name(v->kind));
            return;
        }
        inv[i] = 1.0f / ((float)v->real * (1.0f / inv[i]));
    }
}

static void scale_long(struct heft_cfg *c, const scaling *s, heft_rope *r)
{
    int32_t n = r->r.width / 2;
    r->kind = HEFT_ROPE_LONG;
    r->original = s->original;
    r->inv_long = heft_arena_alloc(c->arena, (size_t)n, sizeof(float));
    if (!r->inv_long) {
        heft_cfg_refuse(c, HEFT_E_NOMEM, "out of memory for rope tables");
        return;
    }
    plain(r->inv_long, s->theta, r->r.width);
    divide(c, r->inv, s->shorts, "short_factor", n);
    divide(c, r->inv_long, s->longs, "long_factor", n);
    float f = s->factor;
    r->r.magnitude = s->attention_factor > 0 ? s->attention_factor
                     : f <= 1                ? 1.0f
                              : (float)sqrt(1 + log((double)f) / log((double)s->original));
}

/* What the formulas divide by and take logarithms of. The attention factor is 0 where not given. */
static bool sensible(struct heft_cfg *c, const scaling *s)
{
    const heft_shown kind = heft_show(s->kind);
    if (!(s->factor > 0) || !isfinite(s->factor) || s->original < 1)
        heft_cfg_refuse(c, HEFT_E_FORMAT,
                        "rope scaling %s has factor %g over %d positions, expected both above 0",
                        kind.text, (double)s->factor, s->original);
    else if (heft_str_is(s->kind, "llama3") && !(s->low > 0 && s->high > s->low))
        heft_cfg_refuse(
            c, HEFT_E_FORMAT,
            "rope scaling llama3 has frequency factors %g and %g, expected 0 < low < high",
            (double)s->low, (double)s->high);
    else if (heft_str_is(s->kind, "yarn") && !(s->beta_slow > 0 && s->beta_fast >= s->beta_slow))
        heft_cfg_refuse(c, HEFT_E_FORMAT,
                        "rope scaling yarn has betas %g and %g, expected 0 < slow <= fast",
                        (double)s->beta_slow, (double)s->beta_fast);
    else if (s->attention_factor < 0 || s->mscale < 0 || s->mscale_all < 0)
        heft_cfg_refuse(c, HEFT_E_FORMAT, "rope scaling %s has an attention factor below 0",
                        kind.text);
    return !c->failed;
}

static void apply(struct heft_cfg *c, const scaling *s, heft_rope *r)
{
    if (s->kind.n == 0 || heft_str_is(s->kind, "default") || heft_str_is(s->kind, "none")
        || !sensible(c, s))
        return;
    if (heft_str_is(s->kind, "linear")) {
        for (int32_t m = 0; m < r->r.width / 2; m++)
            r->inv[m] /= s->factor;
    } else if (heft_str_is(s->kind, "proportional")) {
        /* Part of the whole head's frequencies; the others stand still. */
        for (int32_t m = 0; m < r->r.width / 2; m++)
            r->inv[m] = m < (int32_t)((double)s->part * r->r.width / 2) ? r->inv[m] / s->factor : 0;
    } else if (heft_str_is(s->kind, "dynamic")) {
        r->kind = HEFT_ROPE_DYNAMIC;
        r->original = s->positions;
        r->theta = s->theta;
        r->factor = (double)s->factor;
    } else if (heft_str_is(s->kind, "llama3")) {
        scale_llama3(s, r);
    } else if (heft_str_is(s->kind, "yarn")) {
        scale_yarn(s, r);
    } else if (heft_str_is(s->kind, "longrope") || heft_str_is(s->kind, "su")) {
        scale_long(c, s, r);
    } else {
        heft_cfg_refuse(c, HEFT_E_UNSUPPORTED,
                        "rope scaling \"%s\" is not known; heft knows default, linear, "
                        "dynamic, llama3, yarn, longrope and proportional",
                        heft_show(s->kind).text);
    }
}

/* rope_parameters without what flat ones begin with are by layer type, and not by the one wanted.
 */
static void check_flat(struct heft_cfg *c, const heft_value *params, const char *layer_type)
{
    static const char *const flat[] = { "rope_type", "type", "rope_theta" };
    for (size_t i = 0; i < sizeof flat / sizeof *flat; i++)
        if (heft_value_get(params, flat[i])) return;
    if (params->child)
        heft_cfg_refuse(c, HEFT_E_UNSUPPORTED, "rope_parameters has %s, expected rope_type%s%s",
                        heft_show(params->child->key).text, layer_type ? " or " : "",
                        layer_type ? layer_type : "");
}

/* config.json: rope_theta and rope_scaling, or rope_parameters of transformers 5, flat or nested
 * by layer type. */
static scaling from_json(struct heft_cfg *c, const char *layer_type, const char *base, int32_t ctx,
                         double theta)
{
    const heft_value *root = c->root, *params = heft_value_get(root, "rope_parameters");
    const heft_value *old = heft_value_get(root, "rope_scaling");
    const bool by_type = params && layer_type && heft_value_get(params, layer_type);
    if (by_type) params = heft_value_get(params, layer_type);
    if (!params || params->kind == HEFT_V_NULL) params = old;
    scaling s = { .theta = (double)heft_cfg_real(c, base, NULL, theta), .truncate = true };
    const bool nested = params && params != old;
    s.positions = heft_cfg_int(c, "max_position_embeddings", NULL, ctx);
    s.original = heft_cfg_int(c, "original_max_position_embeddings", NULL, c->family->original);
    if (!params || params->kind == HEFT_V_NULL) return s;
    if (params->kind != HEFT_V_OBJECT) {
        heft_cfg_refuse(c, HEFT_E_FORMAT, "%s is %s, expected an object",
                        nested ? "rope_parameters" : "rope_scaling",
                        heft_value_kind_name(params->kind));
        return s;
    }
    if (nested && !by_type) check_flat(c, params, layer_type);
    const char *outside = c->inside;
    c->root = params; /* the getters below read there, and messages name it */
    c->inside = nested ? "rope_parameters." : "rope_scaling.";
    const double inside = (double)heft_cfg_real(c, "rope_theta", NULL, s.theta);
    if (by_type || strcmp(base, "rope_theta") == 0) s.theta = inside; /* else it is another's */
    s.kind = heft_cfg_str(c, "rope_type|type", NULL, "");
    const int32_t again = heft_cfg_int(c, "original_max_position_embeddings", NULL,
                                       s.original ? s.original : s.positions);
    if (s.original && again != s.original) /* the reference's families differ in which they read */
        heft_cfg_refuse(c, HEFT_E_UNSUPPORTED,
                        "%soriginal_max_position_embeddings is %d, expected %d as outside of it",
                        c->inside, again, s.original);
    s.original = again;
    s.shorts = heft_value_get(params, "short_factor");
    s.longs = heft_value_get(params, "long_factor");
    heft_value_mark(s.shorts);
    heft_value_mark(s.longs);
    if (s.longs && heft_str_is(s.kind, "yarn")) /* as the first Phi-3 called it */
        s.kind = heft_str_of("longrope");
    bool plain_kind = s.kind.n == 0 || heft_str_is(s.kind, "default")
                      || heft_str_is(s.kind, "proportional") || heft_str_is(s.kind, "longrope")
                      || heft_str_is(s.kind, "su");
    s.factor =
        heft_cfg_real(c, "factor", NULL, plain_kind ? 1 : (double)s.positions / (double)s.original);
    if ((heft_str_is(s.kind, "longrope") || heft_str_is(s.kind, "su")) && s.original > 0
        && (s.original != s.positions || !heft_cfg_has(c, "factor", NULL)))
        s.factor = (float)((double)s.positions / (double)s.original);
    s.low = heft_cfg_real(c, "low_freq_factor", NULL, 1);
    s.high = heft_cfg_real(c, "high_freq_factor", NULL, 4);
    s.beta_fast = heft_cfg_real(c, "beta_fast", NULL, 32);
    s.beta_slow = heft_cfg_real(c, "beta_slow", NULL, 1);
    s.attention_factor = heft_cfg_real(c, "attention_factor", NULL, 0);
    s.mscale = heft_cfg_real(c, "mscale", NULL, 0);
    float shorter = heft_cfg_real(c, "short_mscale", NULL, 0),
          longer = heft_cfg_real(c, "long_mscale", NULL, 0);
    if (shorter != longer)
        heft_cfg_refuse(c, HEFT_E_UNSUPPORTED,
                        "rope_scaling.short_mscale is %g, long_mscale %g; heft runs one for both",
                        (double)shorter, (double)longer);
    if (shorter > 0) s.attention_factor = shorter;
    s.mscale_all = heft_cfg_real(c, "mscale_all_dim", NULL, 0);
    s.truncate = heft_cfg_bool(c, "truncate", NULL, true);
    s.part = heft_cfg_real(c, "partial_rotary_factor", NULL, heft_str_is(s.kind, "proportional"));
    c->root = root;
    c->inside = outside;
    return s;
}

/* GGUF metadata. llama.cpp multiplies yarn's attn_factor by 0.1 ln(factor) + 1 itself; with a
 * yarn_log_multiplier, a tenth of mscale_all_dim, it takes mscale to be the same, so that nothing
 * is left of both. */
static scaling from_gguf(struct heft_cfg *c, const char *base, double theta)
{
    scaling s = { .theta = (double)heft_cfg_real(c, NULL, base, theta), .truncate = true };
    s.positions = heft_cfg_int(c, NULL, "context_length", HEFT_REQUIRED);
    s.kind = heft_cfg_str(c, NULL, "rope.scaling.type", "");
    s.factor = heft_cfg_real(c, NULL, "rope.scaling.factor|rope.scale_linear", 1);
    if (s.kind.n == 0 && s.factor != 1) s.kind = heft_str_of("linear");
    s.original = heft_cfg_int(c, NULL, "rope.scaling.original_context_length", s.positions);
    s.beta_fast = heft_cfg_real(c, NULL, "rope.scaling.yarn_beta_fast", 32);
    s.beta_slow = heft_cfg_real(c, NULL, "rope.scaling.yarn_beta_slow", 1);
    float attn = heft_cfg_real(c, NULL, "rope.scaling.attn_factor", 1);
    s.mscale_all = 10 * heft_cfg_real(c, NULL, "rope.scaling.yarn_log_multiplier", 0);
    (void)heft_cfg_bool(c, NULL, "rope.scaling.finetuned", false); /* a fact about its training */
    if (heft_str_is(s.kind, "yarn") && s.mscale_all == 0) attn *= yarn_magnitude(s.factor, 1);
    s.attention_factor = attn;
    return s;
}

/* A GGUF tensor of divisors (llama3, proportional, longrope), n of them, as read. */
static bool divisors(struct heft_cfg *c, const char *name, float *inv, int32_t n)
{
    const heft_tensor *t = heft_source_find(c->src, heft_str_of(name));
    if (!t) return false;
    if (t->dtype != HEFT_F32 || t->rank != 1 || t->shape[0] != n) {
        heft_cfg_refuse(c, HEFT_E_FORMAT, "tensor %s is %s of %s, expected F32 of %d", name,
                        heft_dtypes[t->dtype].name, heft_show_shape(t->shape, t->rank).text, n);
        return true;
    }
    c->used[t - c->src->tensor] = true;
    for (int32_t i = 0; i < n; i++) {
        uint32_t bits = heft_load32(t->data + 4 * (size_t)i);
        float by;
        memcpy(&by, &bits, sizeof by);
        inv[i] /= by;
    }
    return true;
}

static void factors_of_gguf(struct heft_cfg *c, const scaling *s, heft_rope *r)
{
    int32_t n = r->r.width / 2;
    (void)divisors(c, "rope_freqs.weight", r->inv, n);
    if (!heft_source_find(c->src, heft_str_of("rope_factors_long.weight"))) return;
    r->kind = HEFT_ROPE_LONG;
    r->original = s->original;
    r->r.magnitude = s->attention_factor;
    r->inv_long = heft_arena_alloc(c->arena, (size_t)n, sizeof(float));
    if (!r->inv_long) {
        heft_cfg_refuse(c, HEFT_E_NOMEM, "out of memory for rope tables");
        return;
    }
    plain(r->inv_long, s->theta, r->r.width);
    (void)divisors(c, "rope_factors_long.weight", r->inv_long, n);
    if (!divisors(c, "rope_factors_short.weight", r->inv, n))
        heft_cfg_refuse(
            c, HEFT_E_FORMAT,
            "tensor rope_factors_short.weight is missing beside rope_factors_long.weight");
}

/* A table of the usual frequencies in the next place of s->rope; NULL: refused. */
static heft_rope *begin_rope(struct heft_cfg *c, heft_spec *s, int32_t width)
{
    if (c->failed || s->n_rope == HEFT_MAX_ROPE) return NULL;
    heft_rope *r = &s->rope[s->n_rope];
    *r = (heft_rope){ .r = { .width = width, .magnitude = 1 } };
    if (width < 2 || width > HEFT_MAX_HEAD_WIDTH || width % 2) {
        heft_cfg_refuse(c, HEFT_E_FORMAT,
                        "the rotated width of a head is %d, expected an even number of 2 to %d",
                        width, HEFT_MAX_HEAD_WIDTH);
        return NULL;
    }
    r->inv = heft_arena_alloc(c->arena, (size_t)width / 2, sizeof(float));
    if (!r->inv) heft_cfg_refuse(c, HEFT_E_NOMEM, "out of memory for rope tables");
    return r->inv ? r : NULL;
}

static void check_base(struct heft_cfg *c, double theta)
{
    if (!c->failed && !(theta > 1 && isfinite(theta)))
        heft_cfg_refuse(c, HEFT_E_FORMAT, "the rope base is %g, expected a number above 1", theta);
}

/* A family that reads no such factor, or another, rotates another width than it says. */
static void check_part(struct heft_cfg *c, const heft_spec *s, double part, int32_t width)
{
    const int32_t dk = s->layer[0].attn.dk;
    if (part == 0 || (int32_t)(part * dk + 1e-4) == width) return;
    heft_cfg_refuse(c, HEFT_E_UNSUPPORTED,
                    "partial_rotary_factor is %g; heft rotates %d of %d numbers of a head", part,
                    width, dk);
}

/* Where the base of a table stands in either container. */
typedef struct {
    const char *hf, *gguf;
} base_key;

static const base_key usual = { "rope_theta", "rope.freq_base" };

static int32_t add_rope(struct heft_cfg *c, heft_spec *s, const char *layer_type, base_key key,
                        double theta, int32_t width)
{
    width = heft_cfg_int(c, NULL, "rope.dimension_count", width);
    heft_rope *r = begin_rope(c, s, width);
    if (!r) return 0;
    scaling k =
        c->gguf ? from_gguf(c, key.gguf, theta) : from_json(c, layer_type, key.hf, s->ctx, theta);
    check_base(c, k.theta);
    if (!heft_str_is(k.kind, "proportional")) check_part(c, s, (double)k.part, width);
    if (s->layer[0].attn.kv_rank == 0) /* of heads that rotate whole or in part: said outside too */
        check_part(c, s, (double)heft_cfg_real(c, "partial_rotary_factor", NULL, 0), width);
    plain(r->inv, k.theta, width);
    if (c->gguf) factors_of_gguf(c, &k, r);
    if (!c->failed && r->kind != HEFT_ROPE_LONG) apply(c, &k, r);
    if (c->failed) return 0;
    if (r->kind == HEFT_ROPE_DYNAMIC) { /* its max_position_embeddings is where stretching begins */
        double stretched = s->ctx * r->factor;
        s->ctx = stretched < HEFT_MAX_CONTEXT ? (int32_t)stretched : HEFT_MAX_CONTEXT;
    }
    return s->n_rope++;
}

int32_t heft_cfg_rope(struct heft_cfg *c, heft_spec *s, const char *layer_type, double theta,
                      int32_t width)
{
    return add_rope(c, s, layer_type, usual, theta, width);
}

int32_t heft_cfg_rope_of(struct heft_cfg *c, heft_spec *s, const char *layer_type, const char *hf,
                         const char *gguf, double theta, int32_t width)
{
    return add_rope(c, s, layer_type, (base_key){ hf, gguf }, theta, width);
}

int32_t heft_cfg_rope_back(struct heft_cfg *c, heft_spec *s, int32_t rope)
{
    if (c->failed || s->n_rope == HEFT_MAX_ROPE) return 0;
    s->rope[s->n_rope] = s->rope[rope];
    s->rope[s->n_rope].r.back = true;
    return s->n_rope++;
}

int32_t heft_cfg_rope_unscaled(struct heft_cfg *c, heft_spec *s, const char *layer_type,
                               const char *hf, const char *gguf, double theta, int32_t width)
{
    const heft_value *params = c->gguf ? NULL : heft_value_get(c->root, "rope_parameters");
    if (params && layer_type && heft_value_get(params, layer_type))
        return heft_cfg_rope(c, s, layer_type, theta, width);
    width = heft_cfg_int(c, NULL, "rope.dimension_count_swa|rope.dimension_count", width);
    heft_rope *r = begin_rope(c, s, width);
    if (!r) return 0;
    const heft_value *flat = heft_value_get(params, hf);
    if (flat && (flat->kind == HEFT_V_INT || flat->kind == HEFT_V_REAL)) theta = flat->real;
    theta = (double)heft_cfg_real(c, hf, gguf, theta);
    check_base(c, theta);
    plain(r->inv, theta, width);
    return c->failed ? 0 : s->n_rope++;
}

int32_t heft_cfg_rotated(struct heft_cfg *c, const heft_spec *s, const char *key, double absent)
{
    if (!s->layer) return 2;
    const heft_value *params = c->gguf ? NULL : heft_value_get(c->root, "rope_parameters");
    const heft_value *flat = heft_value_get(params, "partial_rotary_factor");
    if (flat && (flat->kind == HEFT_V_INT || flat->kind == HEFT_V_REAL)) absent = flat->real;
    double part = (double)heft_cfg_real(c, key, NULL, absent);
    /* the part is a rounded float: 0.7 of 10 is 7 */
    if (part > 0 && part <= 1) return (int32_t)(part * s->layer[0].attn.dk + 1e-4);
    heft_cfg_refuse(c, HEFT_E_FORMAT, "%s is %g, expected above 0 to 1", key, part);
    return 2;
}

float heft_cfg_yarn_scale(struct heft_cfg *c, const heft_spec *s)
{
    const scaling k =
        c->gguf ? from_gguf(c, usual.gguf, 1e4) : from_json(c, NULL, usual.hf, s->ctx, 1e4);
    if (!heft_str_is(k.kind, "yarn") || !(k.mscale_all > 0)) return 1;
    const float m = yarn_magnitude(k.factor, k.mscale_all);
    return m * m;
}
