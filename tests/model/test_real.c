/* Releases as they are published: every tensor of them is bound with the shape it has, no key of
 * their configurations is strange to heft, and what is copied of their weights is next to nothing.
 *
 * tests/real/ holds a configuration for each, and the names and shapes that the reference library
 * gives it (tools/golden/real.py). There are no weights: every tensor lies in memory that was
 * never written, and only vectors are read. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "in_memory.h"

#include "base/file.h"
#include "format/json.h"

#include <dirent.h>
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
    int64_t numbers; /* in all tensors */
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
    if (!heft_str_begins(t->name, "rope_f")) r->numbers += numbers;
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
    r->source.by_name = heft_alloc((size_t)n, sizeof *r->source.by_name);
    assert_true(r->source.tensor && r->source.by_name);
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

static void the_shapes_of_releases_bind_and_their_matrices_stay_in_place(void **state)
{
    const heft_container container = *(const heft_container *)*state;
    int32_t seen = 0;
    for (int32_t i = 0; i < releases.n; i++) {
        heft_error err = { 0 };
        heft_net net;
        release r;
        if (open_release(&r, releases.name[i], container)) {
            if (heft_net_open(&net, &r.source, true, NULL, &err))
                fail_msg("%s: %s", releases.name[i], err.text);
            assert_int_equal(net.parameters, r.numbers);
            assert_int_equal(net.unused_tensors, 0);
            if ((uint64_t)net.copied_bytes >= r.bytes / 1000)
                fail_msg("%s: %lld bytes of %llu are copied", releases.name[i],
                         (long long)net.copied_bytes, (unsigned long long)r.bytes);
            heft_net_close(&net);
            seen++;
        }
        close_release(&r);
    }
    assert_true(seen >= (container == HEFT_GGUF ? 20 : 40));
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
