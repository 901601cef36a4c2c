/* Rotary tables: every scaling against its formula in double precision and against the figures of
 * real releases; both containers; what is not understood is refused by name. */
#include "in_memory.h"

#include <math.h>
#include <string.h>

#define SCALING(text) "{" text "}"

static heft_configured configured;

/* The rope table of a configuration that is accepted without a warning. */
static const heft_rope *rope_of(heft_container container, const heft_entry *change,
                                const heft_factors *factors)
{
    heft_configured_clear(&configured);
    heft_configure_text(&configured, container,
                        container == HEFT_GGUF ? heft_base_gguf : heft_base_release, change,
                        factors, false);
    assert_ok(configured.st, &configured.err);
    assert_string_equal(configured.warned, "");
    assert_int_equal(configured.spec.n_rope, 1);
    assert_ok(heft_spec_check(&configured.spec, &configured.err), &configured.err);
    return &configured.spec.rope[0];
}

static void assert_near(const char *what, int32_t m, double got, double want)
{
    if (!(fabs(got - want) <= 3e-6 * fabs(want)))
        fail_msg("%s %d: %.9g, expected %.9g", what, m, got, want);
}

/* ---- figures of real releases ------------------------------------------ */

typedef struct {
    int32_t m;
    double inv;
} figure;

typedef struct {
    const char *name;
    heft_entry change[HEFT_ENTRIES];
    double magnitude;
    figure inv[10]; /* ended by an inv of 0 */
} release;

static const release releases[] = {
    { .name = "Llama-3.1-8B",
      .change = { { "head_dim", "128" },
                  { "rope_theta", "500000.0" },
                  { "max_position_embeddings", "131072" },
                  { "rope_scaling",
                    SCALING(
                        "\"factor\":8.0,\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,"
                        "\"original_max_position_embeddings\":8192,\"rope_type\":\"llama3\"") } },
      .magnitude = 1,
      .inv = { { 28, 0.00321144599 },
               { 29, 0.00216657076 },
               { 30, 0.00137189357 },
               { 31, 0.000856751413 },
               { 32, 0.000524846161 },
               { 34, 0.000178507813 },
               { 35, 9.55621235e-05 },
               { 63, 3.06892599e-07 } } },
    { .name = "Llama-3.2-1B",
      .change = { { "head_dim", "64" },
                  { "rope_theta", "500000.0" },
                  { "max_position_embeddings", "131072" },
                  { "rope_scaling",
                    SCALING(
                        "\"factor\":32.0,\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,"
                        "\"original_max_position_embeddings\":8192,\"rope_type\":\"llama3\"") } },
      .magnitude = 1,
      .inv = { { 14, 0.00321144599 },
               { 15, 0.00129054793 },
               { 16, 0.000429556797 },
               { 17, 9.7082878e-05 },
               { 18, 1.94616382e-05 },
               { 31, 9.41830673e-08 } } },
    { .name = "Qwen2.5 with yarn",
      .change = { { "head_dim", "128" },
                  { "rope_theta", "1000000.0" },
                  { "max_position_embeddings", "32768" },
                  { "rope_scaling",
                    SCALING("\"factor\":4.0,\"original_max_position_embeddings\":32768,"
                            "\"type\":\"yarn\"") } },
      .magnitude = 1.138629436111989,
      .inv = { { 23, 0.00697830585 },
               { 24, 0.00537532149 },
               { 39, 6.49039432e-05 },
               { 40, 4.44569853e-05 },
               { 63, 3.1023444e-07 } } },
    { .name = "OLMo-3's yarn",
      .change = { { "head_dim", "128" },
                  { "rope_theta", "500000" },
                  { "max_position_embeddings", "65536" },
                  { "rope_scaling",
                    SCALING("\"attention_factor\":null,\"factor\":8.0,\"beta_fast\":32,"
                            "\"original_max_position_embeddings\":8192,\"rope_type\":\"yarn\"") } },
      .magnitude = 1.2079441541679836,
      .inv = { { 18, 0.0249554087 },
               { 19, 0.0192827549 },
               { 34, 0.000165613036 },
               { 35, 9.55621235e-05 },
               { 63, 3.06892599e-07 } } },
    { .name = "Phi-3 128k's longrope",
      .change = { { "head_dim", "4" },
                  { "max_position_embeddings", "131072" },
                  { "original_max_position_embeddings", "4096" },
                  { "rope_scaling", SCALING("\"type\":\"longrope\",\"short_factor\":[1.0,1.0],"
                                            "\"long_factor\":[1.0,1.0]") } },
      .magnitude = 1.1902380714238083,
      .inv = { { 0, 1 }, { 1, 0.01 } } },
};

static void releases_get_the_angles_they_were_trained_with(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof releases / sizeof *releases; i++) {
        const heft_rope *r = rope_of(HEFT_SAFETENSORS, releases[i].change, NULL);
        assert_near(releases[i].name, -1, (double)r->r.magnitude, releases[i].magnitude);
        for (const figure *f = releases[i].inv; f->inv > 0; f++)
            assert_near(releases[i].name, f->m, (double)r->inv[f->m], f->inv);
    }
}

/* ---- formulas ----------------------------------------------------------- */

/* The numbers of a scaling, for the formulas below. */
typedef struct {
    double theta, factor, original, low, high; /* low, high: frequency factors, or betas */
    bool untruncated;
} numbers;

static double plain(const numbers *n, int32_t m)
{
    return pow(n->theta, -2.0 * m / 16);
}

static double linear(const numbers *n, int32_t m)
{
    return plain(n, m) / n->factor;
}

static double llama3(const numbers *n, int32_t m)
{
    const double inv = plain(n, m), turns = n->original * inv / (2 * acos(-1));
    const double part = fmin(1, fmax(0, (turns - n->low) / (n->high - n->low)));
    return inv * (part + (1 - part) / n->factor);
}

/* The dimension that makes `turns` turns over the original length. */
static double dimension(const numbers *n, double turns)
{
    return 16 * log(n->original / (2 * acos(-1) * turns)) / (2 * log(n->theta));
}

static double yarn(const numbers *n, int32_t m)
{
    double lo = dimension(n, n->high), hi = dimension(n, n->low);
    if (!n->untruncated) {
        lo = floor(lo);
        hi = ceil(hi);
    }
    lo = fmax(lo, 0);
    hi = fmin(hi, 15);
    const double ramp = fmin(1, fmax(0, (m - lo) / (hi == lo ? 0.001 : hi - lo)));
    return plain(n, m) * (1 - ramp + ramp / n->factor);
}

typedef struct {
    double (*formula)(const numbers *, int32_t m);
    numbers n;
    double magnitude;
    heft_entry release[HEFT_ENTRIES], gguf[HEFT_ENTRIES]; /* gguf empty: it cannot say it */
} kind;

#define ROPE(text)                                                                                 \
    {                                                                                              \
        "rope_scaling", SCALING(text)                                                              \
    }
#define GGUF(type)                                                                                 \
    {                                                                                              \
        "llama.rope.scaling.type", "\"" type "\""                                                  \
    }
#define GGUF_FACTOR(f)                                                                             \
    {                                                                                              \
        "llama.rope.scaling.factor", f                                                             \
    }

/* 8 heads of 16 numbers, 128 positions. */
static const kind kinds[] = {
    { plain, { .theta = 10000 }, 1, { { 0 } }, { { 0 } } },
    { plain,
      { .theta = 75.5 },
      1,
      { { "rope_theta", "75.5" } },
      { { "llama.rope.freq_base", "75.5" } } },
    { plain,
      { .theta = 75.5 },
      1,
      { { "rope_parameters", SCALING("\"rope_type\":\"default\",\"rope_theta\":75.5") } },
      { { "llama.rope.freq_base", "75.5" }, GGUF("none") } },
    { plain,
      { .theta = 75.5 },
      1,
      { { "rope_parameters", SCALING("\"rope_theta\":75.5") } }, /* no rope_type: the default */
      { { "llama.rope.freq_base", "75.5" } } },
    { linear,
      { .theta = 10000, .factor = 2.5 },
      1,
      { ROPE("\"type\":\"linear\",\"factor\":2.5") },
      { GGUF("linear"), GGUF_FACTOR("2.5") } },
    { linear,
      { .theta = 10000, .factor = 4 },
      1,
      { ROPE("\"rope_type\":\"linear\",\"type\":\"yarn\",\"factor\":4") },
      { { "llama.rope.scale_linear", "4.0" } } },
    { llama3,
      { .theta = 10000, .factor = 8, .original = 64, .low = 1, .high = 4 },
      1,
      { ROPE("\"rope_type\":\"llama3\",\"factor\":8.0,\"low_freq_factor\":1.0,"
             "\"high_freq_factor\":4.0,\"original_max_position_embeddings\":64") },
      { { 0 } } },
    { llama3,
      { .theta = 500, .factor = 3, .original = 128, .low = 0.5, .high = 20 },
      1,
      { { "rope_parameters",
          SCALING("\"rope_type\":\"llama3\",\"factor\":3.0,\"low_freq_factor\":0.5,"
                  "\"high_freq_factor\":20,\"rope_theta\":500") } },
      { { 0 } } },
    { yarn,
      { .theta = 10000, .factor = 4, .original = 32, .low = 1, .high = 32 },
      1.1386294361119891,
      { ROPE("\"rope_type\":\"yarn\",\"factor\":4.0,\"original_max_position_embeddings\":32") },
      { GGUF("yarn"),
        GGUF_FACTOR("4.0"),
        { "llama.rope.scaling.original_context_length", "32" },
        { "llama.rope.scaling.finetuned", "true" } } },
    { yarn,
      { .theta = 10000, .factor = 4, .original = 32, .low = 1, .high = 32 },
      1.1386294361119891, /* the factor is what the context was stretched by */
      { ROPE("\"rope_type\":\"yarn\",\"original_max_position_embeddings\":32") },
      { { 0 } } },
    { yarn,
      { .theta = 10000, .factor = 8, .original = 128, .low = 0.5, .high = 4 },
      0.75 * 1.2079441541679836,
      { ROPE("\"rope_type\":\"yarn\",\"factor\":8.0,\"beta_fast\":4,\"beta_slow\":0.5,"
             "\"attention_factor\":0.905958115625988") },
      { GGUF("yarn"),
        GGUF_FACTOR("8.0"),
        { "llama.rope.scaling.yarn_beta_fast", "4.0" },
        { "llama.rope.scaling.yarn_beta_slow", "0.5" },
        { "llama.rope.scaling.attn_factor", "0.75" } } },
    { yarn,
      { .theta = 100, .factor = 8, .original = 128, .low = 0.5, .high = 4, .untruncated = true },
      1.4158883083359672 / 1.1039720770839918,
      { { "rope_theta", "100" },
        ROPE("\"rope_type\":\"yarn\",\"factor\":8.0,\"beta_fast\":4,\"beta_slow\":0.5,"
             "\"truncate\":false,\"mscale\":2,\"mscale_all_dim\":0.5") },
      { { 0 } } },
};

static void assert_formula(const kind *k, const heft_rope *r, int32_t which)
{
    char name[64];
    snprintf(name, sizeof name, "kind %d, angle", which);
    for (int32_t m = 0; m < 8; m++)
        assert_near(name, m, (double)r->inv[m], k->formula(&k->n, m));
    assert_near(name, -1, (double)r->r.magnitude, k->magnitude);
    assert_int_equal(r->r.width, 16);
    assert_int_equal(r->kind, HEFT_ROPE_FIXED);
    assert_ptr_equal(heft_rope_inv(r, 1 << 20, NULL), r->inv);
}

static void every_scaling_is_its_formula_in_both_containers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const heft_rope *r = rope_of(HEFT_SAFETENSORS, kinds[i].release, NULL);
        assert_formula(&kinds[i], r, (int32_t)i);
        assert_false(r->r.pairs);
        if (i && !kinds[i].gguf[0].key) continue;
        r = rope_of(HEFT_GGUF, kinds[i].gguf, NULL);
        assert_formula(&kinds[i], r, (int32_t)i);
        assert_true(r->r.pairs);
    }
}

static void a_gguf_file_says_how_much_of_a_head_turns(void **state)
{
    (void)state;
    static const heft_entry change[] = { { "llama.rope.dimension_count", "8" }, { 0 } };
    const heft_rope *r = rope_of(HEFT_GGUF, change, NULL);
    assert_int_equal(r->r.width, 8);
    for (int32_t m = 0; m < 4; m++)
        assert_near("partial", m, (double)r->inv[m], pow(10000, -2.0 * m / 8));
}

/* ---- tables that depend on the length ----------------------------------- */

static void dynamic_tables_stretch_with_the_length_of_the_sequence(void **state)
{
    (void)state;
    static const heft_entry change[] = { ROPE("\"type\":\"dynamic\",\"factor\":4.0"), { 0 } };
    static const int32_t lengths[] = { 1, 128, 129, 300, 512 };
    const heft_rope *r = rope_of(HEFT_SAFETENSORS, change, NULL);
    assert_int_equal(configured.spec.ctx, 512); /* factor times as far */
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        float own[8];
        const double n = lengths[i] > 128 ? lengths[i] : 128;
        const double theta = 10000 * pow(4 * n / 128 - 3, 16.0 / 14);
        assert_ptr_equal(heft_rope_inv(r, lengths[i], own), own);
        for (int32_t m = 0; m < 8; m++)
            assert_near("dynamic", m, (double)own[m], pow(theta, -2.0 * m / 16));
    }
}

#define SHORT   "[1.0,1.0,1.125,1.125,1.25,1.25,1.5,1.5]"
#define LONG    "[1.0,1.25,1.5,2.0,3.0,4.0,6.0,8.0]"
#define FACTORS "\"short_factor\":" SHORT ",\"long_factor\":" LONG

static const heft_factors factors[] = {
    { "rope_factors_long.weight", 8, { 1.0f, 1.25f, 1.5f, 2.0f, 3.0f, 4.0f, 6.0f, 8.0f } },
    { "rope_factors_short.weight", 8, { 1.0f, 1.0f, 1.125f, 1.125f, 1.25f, 1.25f, 1.5f, 1.5f } },
    { 0 },
};

static void assert_long(const heft_rope *r, int32_t original, double magnitude)
{
    assert_int_equal(r->kind, HEFT_ROPE_LONG);
    assert_int_equal(r->original, original);
    assert_ptr_equal(heft_rope_inv(r, original, NULL), r->inv);
    assert_ptr_equal(heft_rope_inv(r, original + 1, NULL), r->inv_long);
    for (int32_t m = 0; m < 8; m++) {
        const double inv = pow(10000, -2.0 * m / 16);
        assert_near("short", m, (double)r->inv[m], inv / (double)factors[1].factor[m]);
        assert_near("long", m, (double)r->inv_long[m], inv / (double)factors[0].factor[m]);
    }
    assert_near("longrope's magnitude", -1, (double)r->r.magnitude, magnitude);
}

static void longrope_has_a_table_for_short_and_one_for_long_sequences(void **state)
{
    (void)state;
    static const heft_entry beside[] = { { "original_max_position_embeddings", "32" },
                                         ROPE("\"type\":\"su\"," FACTORS),
                                         { 0 } };
    static const heft_entry inside[] = {
        { "rope_parameters", SCALING("\"rope_type\":\"longrope\",\"rope_theta\":10000.0,"
                                     "\"original_max_position_embeddings\":32," FACTORS) },
        { 0 }
    };
    static const heft_entry given[] = {
        { "original_max_position_embeddings", "32" },
        ROPE("\"type\":\"longrope\",\"attention_factor\":0.5," FACTORS),
        { 0 }
    };
    static const heft_entry factor[] = { ROPE("\"type\":\"longrope\",\"factor\":4.0," FACTORS),
                                         { 0 } };
    const double grown = sqrt(1 + log(4) / log(32));
    assert_long(rope_of(HEFT_SAFETENSORS, beside, NULL), 32, grown);
    assert_long(rope_of(HEFT_SAFETENSORS, inside, NULL), 32, grown);
    assert_long(rope_of(HEFT_SAFETENSORS, given, NULL), 32, 0.5);
    assert_long(rope_of(HEFT_SAFETENSORS, factor, NULL), 128, sqrt(1 + log(4) / log(128)));

    static const heft_entry gguf[] = { { "llama.rope.scaling.original_context_length", "32" },
                                       { "llama.rope.scaling.attn_factor", "1.25" },
                                       { 0 } };
    assert_long(rope_of(HEFT_GGUF, gguf, factors), 32, 1.25);
    assert_true(configured.used[0] && configured.used[1]);
}

static void rope_freqs_of_a_gguf_file_divide_the_angles(void **state)
{
    (void)state;
    static const heft_factors freqs[] = { { "rope_freqs.weight", 8, { 1, 1, 1, 1.5f, 2, 4, 8, 8 } },
                                          { 0 } };
    const heft_rope *r = rope_of(HEFT_GGUF, NULL, freqs);
    for (int32_t m = 0; m < 8; m++)
        assert_near("rope_freqs", m, (double)r->inv[m],
                    pow(10000, -2.0 * m / 16) / (double)freqs[0].factor[m]);
    assert_true(configured.used[0]);
}

/* ---- refusals ----------------------------------------------------------- */

typedef struct {
    heft_entry change[3];
    const char *message; /* of heft_configure, or of heft_spec_check behind it */
    heft_factors factors[2];
} refusal;

static const refusal of_releases[] = {
    { { ROPE("\"type\":\"spiral\",\"factor\":2.0") },
      "config.json: rope scaling \"spiral\" is not known; heft knows default, linear, dynamic, "
      "llama3, yarn, longrope and proportional",
      { { 0 } } },
    { { ROPE("\"type\":\"mrope\",\"mrope_section\":[2,3,3]") },
      "config.json: rope scaling \"mrope\" is not known; heft knows default, linear, dynamic, "
      "llama3, yarn, longrope and proportional",
      { { 0 } } },
    { { { "rope_scaling", "\"linear\"" } },
      "config.json: rope_scaling is a string, expected an object",
      { { 0 } } },
    { { { "rope_parameters", "[1]" } },
      "config.json: rope_parameters is an array, expected an object",
      { { 0 } } },
    { { { "rope_parameters", SCALING("\"full_attention\":{\"rope_type\":\"default\"}") } },
      "config.json: rope_parameters has full_attention, expected rope_type",
      { { 0 } } },
    { { ROPE("\"type\":7") },
      "config.json: rope_scaling.type is an integer, expected a string",
      { { 0 } } },
    { { ROPE("\"type\":\"linear\",\"factor\":\"2\"") },
      "config.json: rope_scaling.factor is a string, expected a number",
      { { 0 } } },
    { { ROPE("\"type\":\"linear\",\"factor\":0") },
      "config.json: rope scaling linear has factor 0 over 128 positions, expected both above 0",
      { { 0 } } },
    { { ROPE("\"type\":\"linear\",\"factor\":-2.5") },
      "config.json: rope scaling linear has factor -2.5 over 128 positions, expected both above 0",
      { { 0 } } },
    { { ROPE("\"type\":\"linear\",\"factor\":NaN") },
      "config.json: rope_scaling.factor is nan, expected a finite number",
      { { 0 } } },
    { { ROPE("\"type\":\"linear\",\"factor\":1e-45") },
      "the rope frequency 0 is inf, expected a number of at least 0",
      { { 0 } } },
    { { ROPE("\"type\":\"yarn\",\"original_max_position_embeddings\":0") },
      "config.json: rope scaling yarn has factor inf over 0 positions, expected both above 0",
      { { 0 } } },
    { { ROPE("\"type\":\"yarn\",\"factor\":4.0,\"original_max_position_embeddings\":-32") },
      "config.json: rope scaling yarn has factor 4 over -32 positions, expected both above 0",
      { { 0 } } },
    { { ROPE("\"type\":\"yarn\",\"factor\":4.0,\"beta_fast\":0") },
      "config.json: rope scaling yarn has betas 1 and 0, expected 0 < slow <= fast",
      { { 0 } } },
    { { ROPE("\"type\":\"yarn\",\"factor\":4.0,\"attention_factor\":-1") },
      "config.json: rope scaling yarn has an attention factor below 0",
      { { 0 } } },
    { { ROPE("\"type\":\"llama3\",\"factor\":4.0,\"low_freq_factor\":4,\"high_freq_factor\":4") },
      "config.json: rope scaling llama3 has frequency factors 4 and 4, expected 0 < low < high",
      { { 0 } } },
    { { ROPE("\"type\":\"longrope\",\"long_factor\":" LONG) },
      "config.json: rope short_factor has 0 entries, expected 8",
      { { 0 } } },
    { { ROPE("\"type\":\"longrope\",\"short_factor\":" SHORT ",\"long_factor\":[1,2,3]") },
      "config.json: rope long_factor has 3 entries, expected 8",
      { { 0 } } },
    { { ROPE(
          "\"type\":\"longrope\",\"short_factor\":[1,1,1,1,1,1,1,\"x\"],\"long_factor\":" LONG) },
      "config.json: rope short_factor[7] is a string, expected a number",
      { { 0 } } },
    { { ROPE("\"type\":\"longrope\",\"short_factor\":[0,1,1,1,1,1,1,1],\"long_factor\":" LONG) },
      "the rope frequency 0 is inf, expected a number of at least 0",
      { { 0 } } },
    { { { "rope_theta", "1" } },
      "config.json: the rope base is 1, expected a number above 1",
      { { 0 } } },
    { { { "rope_theta", "0" } },
      "config.json: the rope base is 0, expected a number above 1",
      { { 0 } } },
    { { { "rope_theta", "-10000.0" } },
      "config.json: the rope base is -10000, expected a number above 1",
      { { 0 } } },
    { { { "rope_theta", "1e-320" } },
      "config.json: the rope base is 0, expected a number above 1",
      { { 0 } } },
    { { { "rope_theta", "1e308" } },
      "config.json: rope_theta is 1e+308, expected a finite number",
      { { 0 } } },
    { { { "rope_theta", "Infinity" } },
      "config.json: rope_theta is inf, expected a finite number",
      { { 0 } } },
    { { { "rope_theta", "\"10000\"" } },
      "config.json: rope_theta is a string, expected a number",
      { { 0 } } },
    { { { "head_dim", "15" } },
      "config.json: the rotated width of a head is 15, expected an even number of 2 to 8192",
      { { 0 } } },
    { { { "rope_parameters", SCALING("\"rope_type\":\"default\",\"partial_rotary_factor\":0.5") } },
      "config.json: partial_rotary_factor is 0.5; heft rotates 16 of 16 numbers of a head",
      { { 0 } } },
};

static const refusal of_gguf[] = {
    { { { "llama.rope.dimension_count", "18" } },
      "layer 0: the rotated width of a head is 18, expected 2 to 16",
      { { 0 } } },
    { { { "llama.rope.dimension_count", "7" } },
      "metadata: the rotated width of a head is 7, expected an even number of 2 to 8192",
      { { 0 } } },
    { { { "llama.rope.dimension_count", "0" } },
      "metadata: the rotated width of a head is 0, expected an even number of 2 to 8192",
      { { 0 } } },
    { { GGUF("spiral") },
      "metadata: rope scaling \"spiral\" is not known; heft knows default, linear, dynamic, "
      "llama3, yarn, longrope and proportional",
      { { 0 } } },
    { { GGUF("llama3"), GGUF_FACTOR("8.0") },
      "metadata: rope scaling llama3 has frequency factors 0 and 0, expected 0 < low < high",
      { { 0 } } },
    { { GGUF("longrope") }, "metadata: rope short_factor has 0 entries, expected 8", { { 0 } } },
    { { { 0 } },
      "metadata: tensor rope_freqs.weight is F32 of 7, expected F32 of 8",
      { { "rope_freqs.weight", 7, { 1, 1, 1, 1, 1, 1, 1 } } } },
    { { { 0 } },
      "the rope frequency 1 is inf, expected a number of at least 0",
      { { "rope_freqs.weight", 8, { 1, 0, 1, 1, 1, 1, 1, 1 } } } },
    { { { 0 } },
      "the rope frequency 2 is -0.1, expected a number of at least 0",
      { { "rope_freqs.weight", 8, { 1, 1, -1, 1, 1, 1, 1, 1 } } } },
    { { { 0 } },
      "metadata: tensor rope_factors_short.weight is missing beside rope_factors_long.weight",
      { { "rope_factors_long.weight", 8, { 1, 1, 1, 1, 1, 1, 1, 1 } } } },
};

static void assert_refused(const refusal *r, size_t n, heft_container container,
                           const heft_entry *base)
{
    for (size_t i = 0; i < n; i++) {
        heft_configured c = { 0 };
        heft_configure_text(&c, container, base, r[i].change, r[i].factors, false);
        if (!c.st) c.st = heft_spec_check(&c.spec, &c.err);
        assert_true(c.st == HEFT_E_FORMAT || c.st == HEFT_E_UNSUPPORTED);
        assert_string_equal(c.err.text, r[i].message);
        heft_configured_clear(&c);
    }
}

static void a_scaling_that_is_not_understood_is_refused_by_name(void **state)
{
    (void)state;
    assert_refused(of_releases, sizeof of_releases / sizeof *of_releases, HEFT_SAFETENSORS,
                   heft_base_release);
    assert_refused(of_gguf, sizeof of_gguf / sizeof *of_gguf, HEFT_GGUF, heft_base_gguf);
}

static int forget(void **state)
{
    (void)state;
    heft_configured_clear(&configured);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(releases_get_the_angles_they_were_trained_with),
        cmocka_unit_test(every_scaling_is_its_formula_in_both_containers),
        cmocka_unit_test(a_gguf_file_says_how_much_of_a_head_turns),
        cmocka_unit_test(dynamic_tables_stretch_with_the_length_of_the_sequence),
        cmocka_unit_test(longrope_has_a_table_for_short_and_one_for_long_sequences),
        cmocka_unit_test(rope_freqs_of_a_gguf_file_divide_the_angles),
        cmocka_unit_test(a_scaling_that_is_not_understood_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
