/* Releases as they are published: every tensor of them is bound with the shape it has, no key of
 * their configurations is strange to heft, what is copied of their weights is next to nothing, they
 * have as many parameters as their publishers say, and a plan of any context can be made.
 *
 * tests/real/ holds a configuration for each, and the names and shapes that the reference library
 * gives it (tools/golden/real.py). There are no weights: every tensor lies in memory that was
 * never written, and only vectors are read. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "in_memory.h"

#include "base/file.h"
#include "engine/engine.h"
#include "format/json.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MOST = 256, NAME = 128 };

static struct {
    int32_t n;
    char name[MOST][NAME];
} releases;

typedef struct {
    heft_arena arena;
    const heft_value *tree;
    heft_source source;
    int64_t numbers; /* in all tensors that are run */
    int64_t not_run; /* tensors that are not */
    uint64_t bytes;
    uint8_t *memory;
} release;

static const heft_value *read_release(heft_arena *arena, const char *name)
{
    heft_error err = { 0 };
    heft_value *tree = NULL;
    char path[4096], *text = NULL;
    size_t n;
    (void)snprintf(path, sizeof path, HEFT_SOURCE_DIR "/tests/real/%s", name);
    assert_ok(heft_read_file(path, 1 << 20, &text, &n, &err), &err);
    char *kept = heft_arena_strdup(arena, (heft_str){ text, n });
    assert_non_null(kept);
    assert_ok(heft_json_tree(arena, kept, n, HEFT_JSON_PYTHON, name, &tree, &err), &err);
    heft_free(text);
    return tree;
}

/* ---- tensors ------------------------------------------------------------ */

/* The row's name with the layer for {} and the expert for {e}. */
static heft_str name_of(heft_arena *arena, heft_str pattern, int64_t layer, int64_t expert)
{
    char name[256];
    size_t n = 0;
    for (size_t i = 0; i < pattern.n && n < sizeof name - 24; i++) {
        const bool hole = pattern.p[i] == '{', of_expert = hole && pattern.p[i + 1] == 'e';
        if (!hole) name[n++] = pattern.p[i];
        if (hole)
            n += (size_t)snprintf(name + n, 24, "%lld", (long long)(of_expert ? expert : layer));
        if (hole) i += of_expert ? 2 : 1;
    }
    const char *kept = heft_arena_strdup(arena, (heft_str){ name, n });
    assert_non_null(kept);
    return (heft_str){ kept, n };
}

static void add_tensor(release *r, const heft_value *row, heft_dtype plain, int64_t layer,
                       int64_t expert)
{
    heft_source *s = &r->source;
    heft_tensor *t = &s->tensor[s->n_tensors++];
    const heft_value *shape = heft_value_get(row, "shape");
    *t = (heft_tensor){
        .name = name_of(&r->arena, heft_value_get(row, "name")->str, layer, expert),
        .rank = (int32_t)shape->n,
        .dtype = shape->n == 1 && s->container == HEFT_GGUF ? HEFT_F32 : plain,
    };
    if (heft_value_get(row, "integers")) /* a table, zeros */
        t->dtype = s->container == HEFT_GGUF ? HEFT_I32 : HEFT_I64;
    int64_t numbers = 1;
    for (int32_t i = 0; i < t->rank; i++)
        numbers *= t->shape[i] = heft_value_at(shape, i)->n;
    t->bytes = (uint64_t)numbers * (uint64_t)heft_dtypes[t->dtype].bytes;
    const bool not_run = heft_value_get(row, "not_run") != NULL;
    if (!not_run && !heft_str_begins(t->name, "rope_f")) r->numbers += numbers;
    r->not_run += not_run;
    r->bytes += t->bytes;
}

static int64_t experts_of(const heft_value *row)
{
    const heft_value *experts = heft_value_get(row, "experts");
    return experts ? experts->n : 1;
}

/* Every tensor of a row; add false: only count them. */
static int64_t expand(release *r, const heft_value *row, heft_dtype plain, bool add)
{
    static const heft_value once = { .kind = HEFT_V_NULL };
    const heft_value *layers = heft_value_get(row, "layers");
    int64_t n = 0;
    for (const heft_value *part = layers ? layers->child : &once; part; part = part->next) {
        const int64_t from = layers ? heft_value_at(part, 0)->n : 0;
        const int64_t to = layers ? heft_value_at(part, 1)->n : 1;
        for (int64_t l = from; l < to; l++)
            for (int64_t e = 0; e < experts_of(row); e++, n++)
                if (add) add_tensor(r, row, plain, l, e);
    }
    return n;
}

static void list_tensors(release *r, const char *key, heft_dtype plain)
{
    const heft_value *rows = heft_value_get(r->tree, key);
    int64_t n = 0;
    for (const heft_value *row = rows->child; row; row = row->next)
        n += expand(r, row, plain, false);
    r->source.tensor = heft_alloc((size_t)n, sizeof *r->source.tensor);
    assert_non_null(r->source.tensor);
    for (const heft_value *row = rows->child; row; row = row->next)
        (void)expand(r, row, plain, true);
    r->memory = mmap(NULL, r->bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(r->memory != MAP_FAILED);
    static float ones[1024];
    for (int32_t i = 0; i < 1024; i++)
        ones[i] = 1;
    uint64_t at = 0;
    for (int64_t i = 0; i < n; i++) {
        heft_tensor *t = &r->source.tensor[i];
        t->data = r->memory + at;
        at += t->bytes;
        if (heft_str_begins(t->name, "rope_f") && t->bytes <= sizeof ones) /* divisors */
            t->data = (const uint8_t *)ones;
    }
    heft_seal_copy(&r->source);
}

/* ---- containers --------------------------------------------------------- */

/* [key, type, value] entries as the flat object that a GGUF file's metadata is. */
static const heft_value *metadata(heft_arena *arena, const heft_value *entries)
{
    heft_value *object = heft_arena_alloc(arena, 1, sizeof *object);
    assert_non_null(object);
    *object = (heft_value){ .kind = HEFT_V_OBJECT };
    heft_value **end = &object->child;
    for (const heft_value *e = entries->child; e; e = e->next, object->n++) {
        heft_value *v = heft_arena_alloc(arena, 1, sizeof *v);
        assert_non_null(v);
        *v = *heft_value_at(e, 2);
        v->key = heft_value_at(e, 0)->str;
        v->next = NULL;
        *end = v;
        end = &v->next;
    }
    return object;
}

static bool open_release(release *r, const char *name, heft_container container)
{
    *r = (release){ .source = { .container = container, .path = name } };
    r->tree = read_release(&r->arena, name);
    const heft_value *config = heft_value_get(r->tree, "config");
    const heft_value *type = heft_value_get(config, "torch_dtype");
    const heft_dtype plain = type && heft_str_is(type->str, "float32") ? HEFT_F32 : HEFT_BF16;
    if (container == HEFT_SAFETENSORS) {
        r->source.config = config;
        list_tensors(r, "tensors", plain);
        return true;
    }
    const heft_value *entries = heft_value_get(r->tree, "gguf");
    if (!entries) return false;
    r->source.config = metadata(&r->arena, entries);
    list_tensors(r, "gguf_tensors", plain);
    return true;
}

static void close_release(release *r)
{
    if (r->memory) munmap(r->memory, r->bytes);
    heft_free_copy(&r->source);
    heft_arena_clear(&r->arena);
}

/* ---- what publishers say ------------------------------------------------ */

/* Parameters as the publisher gives them: "=N" a count, which is met exactly; "671B" a figure, met
 * to 1 %; "~37B" one that is coarser than that, met by rounding to the digits that it has ("4e1B":
 * to tens); "<21B" the same, but with the further digits cut off. What is counted is every tensor
 * of the text part once (a tied head is the embedding), without layers that draft, with `beside`;
 * of active parameters, those that a token goes through, without `tables`. */
static const struct {
    const char *release, *total, *active; /* active: of a mixture */
    int32_t tables; /* of tokens that active leaves out: 1 the embedding, 2 the head too */
    double beside;  /* parameters of towers that total counts and the text part has not */
} published[] = {
    { .release = "Codestral-22B-v0.1", .total = "=22247282688" },
    { .release = "DeepSeek-R1", .total = "671B", .active = "~37B", .tables = 1 },
    { .release = "DeepSeek-R1-Distill-Llama-70B", .total = "=70553706496" },
    { .release = "DeepSeek-R1-Distill-Llama-8B", .total = "=8030261248" },
    { .release = "DeepSeek-R1-Distill-Qwen-1.5B", .total = "=1777088000" },
    { .release = "DeepSeek-R1-Distill-Qwen-14B", .total = "=14770033664" },
    { .release = "DeepSeek-R1-Distill-Qwen-32B", .total = "=32763876352" },
    { .release = "DeepSeek-R1-Distill-Qwen-7B", .total = "=7615616512" },
    { .release = "DeepSeek-V2-Lite", .total = "=15706484224", .active = "<2.4B", .tables = 1 },
    { .release = "DeepSeek-V3", .total = "671B", .active = "~37B", .tables = 1 },
    { .release = "DeepSeek-V3.2", .total = "671B", .active = "~37B", .tables = 1 },
    { .release = "DeepSeek-V4-Flash", .total = "284B", .active = "~13B", .tables = 1 },
    { .release = "DeepSeek-V4-Pro", .total = "~1.6T", .active = "49B", .tables = 1 },
    { .release = "ERNIE-4.5-21B-A3B-PT", .total = "<21B", .active = "~3B", .tables = 1 },
    { .release = "EXAONE-4.0-32B", .total = "32B" },
    { .release = "GLM-4-9B-0414", .total = "9.4B" },
    { .release = "GLM-4.5", .total = "355B", .active = "32B", .tables = 2 },
    { .release = "GLM-4.5-Air", .total = "106B", .active = "~12B", .tables = 2 },
    { .release = "GLM-4.7-Flash", .total = "30B", .active = "~3B", .tables = 2 },
    { .release = "GLM-5", .total = "744B", .active = "40B", .tables = 2 },
    { .release = "GLM-5.2", .total = "744B", .active = "40B", .tables = 1 },
    { .release = "Kimi-K2-Instruct", .total = "~1T", .active = "32B", .tables = 1 },
    { .release = "Kimi-K2-Thinking", .total = "~1T", .active = "32B", .tables = 1 },
    { .release = "Kimi-K2.5", .total = "~1T", .active = "32B", .tables = 1, .beside = 400e6 },
    { .release = "Llama-2-70b-hf", .total = "=68976648192" },
    { .release = "Llama-2-7b-hf", .total = "=6738415616" },
    { .release = "Llama-3.1-405B", .total = "405B" },
    { .release = "Llama-3.1-70B", .total = "=70553706496" },
    { .release = "Llama-3.1-8B", .total = "=8030261248" },
    { .release = "Llama-3.2-1B", .total = "=1235814400" },
    { .release = "Llama-3.2-3B", .total = "=3212749824" },
    { .release = "Llama-4-Maverick-17B-128E", .total = "400B", .active = "~17B", .beside = 872e6 },
    { .release = "Llama-4-Scout-17B-16E", .total = "109B", .active = "~17B", .beside = 872e6 },
    { .release = "Magistral-Small-2506", .total = "23.6B" },
    { .release = "MiniMax-M2", .total = "230B", .active = "~10B", .tables = 2 },
    { .release = "Minitron-4B-Base", .total = "4.2B" },
    { .release = "Minitron-8B-Base", .total = "8.3B" },
    { .release = "Mistral-7B-v0.1", .total = "=7241732096" },
    { .release = "Mistral-Large-Instruct-2407", .total = "123B" },
    { .release = "Mistral-Nemo-Base-2407", .total = "=12247782400" },
    { .release = "Mixtral-8x22B-v0.1", .total = "141B", .active = "39B" },
    { .release = "Mixtral-8x7B-v0.1", .total = "=46702792704", .active = "12.9B" },
    { .release = "OLMo-2-0325-32B", .total = "=32234279936" },
    { .release = "OLMo-2-1124-13B", .total = "13.7B" },
    { .release = "OLMo-2-1124-7B", .total = "=7298617344" },
    { .release = "OLMo-7B-hf", .total = "=6888095744" },
    { .release = "OLMoE-1B-7B-0924", .total = "=6919161856", .active = "~1.3B" },
    { .release = "Olmo-3-1025-7B", .total = "7.3B" },
    { .release = "Olmo-3-1125-32B", .total = "32B" },
    { .release = "Phi-3-mini-4k-instruct", .total = "=3821079552" },
    { .release = "Phi-3.5-MoE-instruct", .total = "=41873153344", .active = "6.6B" },
    { .release = "QwQ-32B-Preview", .total = "=32763876352" },
    { .release = "Qwen1.5-MoE-A2.7B", .total = "=14315784192", .active = "2.7B" },
    { .release = "Qwen2.5-0.5B", .total = "=494032768" },
    { .release = "Qwen2.5-1.5B", .total = "=1543714304" },
    { .release = "Qwen2.5-14B", .total = "=14770033664" },
    { .release = "Qwen2.5-32B", .total = "=32763876352" },
    { .release = "Qwen2.5-3B", .total = "=3085938688" },
    { .release = "Qwen2.5-72B", .total = "=72706203648" },
    { .release = "Qwen2.5-7B", .total = "=7615616512" },
    { .release = "Qwen3-0.6B", .total = "0.6B" },
    { .release = "Qwen3-14B", .total = "14.8B" },
    { .release = "Qwen3-235B-A22B", .total = "=235093634560", .active = "22B" },
    { .release = "Qwen3-30B-A3B", .total = "=30532122624", .active = "<3.3B" },
    { .release = "Qwen3-32B", .total = "32.8B" },
    { .release = "Qwen3-4B", .total = "=4022468096" },
    { .release = "Qwen3-8B", .total = "=8190735360" },
    { .release = "Qwen3-Next-80B-A3B-Instruct", .total = "80B", .active = "~3B", .tables = 2 },
    { .release = "Qwen3.5-0.8B", .total = "~0.8B" },
    { .release = "Qwen3.5-27B", .total = "27B" },
    { .release = "Qwen3.5-35B-A3B", .total = "35B", .active = "~3B", .tables = 1 },
    { .release = "Qwen3.5-397B-A17B", .total = "397B", .active = "~17B" },
    { .release = "Qwen3.5-4B", .total = "~4B" },
    { .release = "Qwen3.5-9B", .total = "9B" },
    { .release = "SmolLM3-3B", .total = "=3075098624" },
    { .release = "Yi-34B-200K", .total = "=34388917248" },
    { .release = "bloom", .total = "=176247271424" },
    { .release = "bloom-7b1", .total = "=7069016064" },
    { .release = "bloomz", .total = "=176247271424" },
    { .release = "c4ai-command-r-plus", .total = "104B" },
    { .release = "c4ai-command-r-v01", .total = "35B" },
    { .release = "c4ai-command-r7b-12-2024", .total = "8B" },
    { .release = "falcon-180B", .total = "180B" },
    { .release = "falcon-40b", .total = "~4e1B" },
    { .release = "falcon-7b", .total = "~7B" },
    { .release = "gemma-2-27b", .total = "=27227128320" },
    { .release = "gemma-2-2b", .total = "=2614341888" },
    { .release = "gemma-2-9b", .total = "=9241705984" },
    { .release = "gemma-2b", .total = "=2506172416" },
    { .release = "gemma-3-12b", .total = "11771M" },
    { .release = "gemma-3-1b-it", .total = "=999885952" },
    { .release = "gemma-3-27b", .total = "27016M" },
    { .release = "gemma-3-4b", .total = "3884M" },
    { .release = "gemma-4-26B-A4B", .total = "25.2B", .active = "3.8B" },
    { .release = "gemma-4-31B", .total = "30.7B" },
    { .release = "gemma-4-E4B", .total = "~8B", .beside = 450e6 },
    { .release = "gemma-7b", .total = "=8537680896" },
    { .release = "glm-4-9b-hf", .total = "9.4B" },
    { .release = "gpt-j-6b", .total = "6B" },
    { .release = "gpt-neo-2.7B", .total = "~2.7B" },
    { .release = "gpt-neox-20b", .total = "=20554567680" },
    { .release = "gpt-oss-120b", .total = "116.83B", .active = "5.13B", .tables = 1 },
    { .release = "gpt-oss-20b", .total = "20.91B", .active = "3.61B", .tables = 1 },
    { .release = "gpt2-xl", .total = "1558M" },
    { .release = "granite-3.3-8b-base", .total = "8.1B" },
    { .release = "mpt-7b", .total = "6.7B" },
    { .release = "opt-6.7b", .total = "6.7B" },
    { .release = "phi-2", .total = "=2779683840" },
    { .release = "phi-4", .total = "=14659507200" },
    { .release = "phi-4-reasoning-plus", .total = "14.7B" },
    { .release = "stablelm-2-12b", .total = "12.1B" },
    { .release = "starcoder2-7b", .total = "~7B" },
};
enum { PUBLISHED = sizeof published / sizeof *published };

static void agrees(const char *file, const char *what, const char *figure, double found)
{
    const char kind = *figure == '=' || *figure == '~' || *figure == '<' ? *figure++ : '%';
    char *unit;
    const double digits = strtod(figure, &unit);
    const double scale = *unit == 'T' ? 1e12 : *unit == 'B' ? 1e9 : *unit == 'M' ? 1e6 : 1;
    const char *point = strchr(figure, '.'), *power = strchr(figure, 'e');
    double last = power ? scale * pow(10, strtod(power + 1, NULL)) : scale;
    for (const char *c = point; c && c + 1 < unit; c++)
        last /= 10;
    const double more = found - digits * scale; /* than published */
    const bool close = fabs(more) <= digits * scale * 0.01;
    const bool met = kind == '='   ? more == 0
                     : kind == '%' ? close
                     : kind == '~' ? !close && fabs(more) < last / 2
                                   : !close && more >= last / 2 && more < last;
    if (!met) fail_msg("%s: %s %.0f, published %c%s", file, what, found, kind, figure);
}

static void check_published(const char *file, const heft_net *net)
{
    const heft_str name = { file, strlen(file) - strlen(".json") };
    int32_t i = 0;
    while (i < PUBLISHED && !heft_str_is(name, published[i].release))
        i++;
    if (i == PUBLISHED)
        fail_msg("%s: no row of `published` in " __FILE__ " says how many parameters it has", file);
    const double tables = (double)published[i].tables * net->g.embed.rows * net->g.embed.cols;
    agrees(file, "parameters", published[i].total, (double)net->parameters + published[i].beside);
    if (published[i].active)
        agrees(file, "active", published[i].active, (double)net->parameters_active - tables);
    assert_int_equal(!published[i].active, net->parameters == net->parameters_active);
}

/* ---- plans -------------------------------------------------------------- */

/* What running it needs at 4k, 128k and its longest context; returns the longest. */
static int32_t check_plans(const char *file, const release *r, const heft_net *net)
{
    const int32_t ctx = net->spec.ctx, context[] = { 4096, 131072, ctx };
    const struct heft_model m = { .net = *net, .facts = { .bytes = (int64_t)r->bytes } };
    heft_plan before = { 0 };
    int32_t done = 0;
    for (int32_t i = 0; i < 3; i++) {
        const heft_engine_options o = { .context = context[i] < ctx ? context[i] : ctx,
                                        .threads = 1 };
        if (i && o.context <= done) continue;
        heft_error err = { 0 };
        heft_plan p;
        if (heft_engine_plan(&m, &o, &p, &err)) fail_msg("%s: %d: %s", file, o.context, err.text);
        assert_int_equal(p.weights_mapped, r->bytes);
        assert_int_equal(p.total_private, p.cache + p.work);
        assert_true(p.cache > 0 && p.work > 0 && p.cache_per_token > 0);
        assert_true(p.cache >= before.cache && p.work >= before.work);
        /* what forgets nothing keeps a token's part for each; and pages have numbers */
        const double each = (double)p.cache_per_token;
        if (!heft_cache_forgets(&net->spec, o.context)
            && !((double)p.cache >= o.context * each
                 && (double)p.cache < 1.01 * (o.context + 64.0) * each))
            fail_msg("%s: %d tokens take %lld bytes, one takes %.0f", file, o.context,
                     (long long)p.cache, each);
        /* a tied embedding is read as a row and as the head */
        assert_in_range(p.bytes_per_token, 1, r->bytes + r->bytes / 1000);
        before = p;
        done = o.context;
    }
    return ctx;
}

static void the_shapes_of_releases_bind_and_their_matrices_stay_in_place(void **state)
{
    const heft_container container = *(const heft_container *)*state;
    int32_t seen = 0, longest = 0;
    for (int32_t i = 0; i < releases.n; i++) {
        heft_error err = { 0 };
        heft_net net;
        release r;
        if (open_release(&r, releases.name[i], container)) {
            if (heft_net_open(&net, &r.source, true, NULL, &err))
                fail_msg("%s: %s", releases.name[i], err.text);
            assert_int_equal(net.parameters, r.numbers);
            assert_int_equal(net.unused_tensors, r.not_run);
            if ((uint64_t)net.copied_bytes >= r.bytes / 1000)
                fail_msg("%s: %lld bytes of %llu are copied", releases.name[i],
                         (long long)net.copied_bytes, (unsigned long long)r.bytes);
            if (container == HEFT_SAFETENSORS) check_published(releases.name[i], &net);
            const int32_t context = check_plans(releases.name[i], &r, &net);
            if (context > longest) longest = context;
            heft_net_close(&net);
            seen++;
        }
        close_release(&r);
    }
    assert_int_equal(longest, container == HEFT_GGUF ? 1048576 : 10485760);
    assert_true(seen >= (container == HEFT_GGUF ? 60 : PUBLISHED));
}

/* ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void list_releases(void)
{
    DIR *dir = opendir(HEFT_SOURCE_DIR "/tests/real");
    for (struct dirent *e = NULL; dir && (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.' && strlen(e->d_name) < NAME && releases.n < MOST)
            (void)snprintf(releases.name[releases.n++], NAME, "%s", e->d_name);
    if (dir) closedir(dir);
    qsort(releases.name, (size_t)releases.n, NAME, by_text);
}

int main(void)
{
    static heft_container containers[] = { HEFT_SAFETENSORS, HEFT_GGUF };
    list_releases();
    struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(the_shapes_of_releases_bind_and_their_matrices_stay_in_place,
                                  &containers[0]),
        cmocka_unit_test_prestate(the_shapes_of_releases_bind_and_their_matrices_stay_in_place,
                                  &containers[1]),
    };
    tests[1].name = "the_shapes_of_gguf_files_bind_and_their_matrices_stay_in_place";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
