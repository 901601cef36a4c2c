/* Paged caches: pages are reserved, shared, copied before a write, and given back. */
#include "model/cache.h"

#include "model/run.h"
#include "testing.h"

#include <string.h>

enum { LAYERS = 4, WINDOW = 40, BATCH = 16, CONTEXT = 256, SLOTS = 3, PAGES = CONTEXT / HEFT_TILE };

/* Layers 0 and 2 see everything, 1 and 3 a window of 40: two groups. */
static heft_layer_spec layer[LAYERS];
static heft_spec spec = { .L = LAYERS, .layer = layer };

enum { ALL, WINDOWED }; /* the groups, in the order of their first layers */

static heft_cache cache;

static int open_cache(void **state)
{
    (void)state;
    heft_error err = { 0 };
    for (int32_t i = 0; i < LAYERS; i++) {
        heft_layer_default(&layer[i]);
        layer[i].attn.H = layer[i].attn.G = 2;
        layer[i].attn.dk = 4;
        layer[i].attn.dv = 4 + 4 * (i / 2);
        layer[i].attn.kv_from = i;
        layer[i].attn.window = i % 2 ? WINDOW : 0;
    }
    const heft_cache_shape shape = {
        .spec = &spec, .type = HEFT_F16, .slots = SLOTS, .context = CONTEXT, .batch = BATCH
    };
    return heft_cache_open(&cache, &shape, &err) != HEFT_OK;
}

static int close_cache(void **state)
{
    (void)state;
    heft_cache_close(&cache);
    return 0;
}

static int32_t page(int32_t group, int32_t slot, int32_t p)
{
    return cache.group[group].table[slot * PAGES + p];
}

static int32_t held(int32_t group, int32_t slot)
{
    int32_t n = 0;
    for (int32_t p = 0; p < PAGES; p++)
        n += page(group, slot, p) >= 0;
    return n;
}

/* Every page is either on the stack of free ones or held as often as its count says. */
static void assert_consistent(void)
{
    for (int32_t g = 0; g < cache.n_groups; g++) {
        const heft_cache_group *k = &cache.group[g];
        int32_t refs[SLOTS * PAGES] = { 0 };
        for (int32_t i = 0; i < SLOTS * PAGES; i++)
            if (k->table[i] >= 0) refs[k->table[i]]++;
        for (int32_t i = 0; i < k->n_free; i++) {
            assert_int_equal(refs[k->free[i]], 0);
            refs[k->free[i]] = -1; /* twice on the stack fails above */
        }
        for (int32_t i = 0; i < k->n_pages; i++)
            assert_int_equal(k->refs[i], refs[i] < 0 ? 0 : refs[i]);
    }
}

/* Advance a slot to `length` in steps of the batch, as an engine does. */
static void grow(int32_t slot, int32_t from, int32_t length)
{
    heft_error err = { 0 };
    for (int32_t at = from; at < length; at += BATCH) {
        const int32_t to = at + BATCH < length ? at + BATCH : length;
        assert_ok(heft_cache_reserve(&cache, slot, at, to, &err), &err);
        heft_cache_trim(&cache, slot, to);
        assert_consistent();
    }
}

/* The bytes of one page in one layer. */
static uint8_t *bytes(int32_t i, int32_t number)
{
    return cache.kv[i * HEFT_MAX_CACHE].base
           + (size_t)number * cache.kv[i * HEFT_MAX_CACHE].page_bytes;
}

/* ---- layout -------------------------------------------------------------- */

static void layers_of_equal_reach_form_a_group(void **state)
{
    (void)state;
    assert_int_equal(cache.n_groups, 2);
    assert_int_equal(cache.pages, PAGES);
    for (int32_t i = 0; i < LAYERS; i++) {
        assert_int_equal(cache.kv[i * HEFT_MAX_CACHE].group, i % 2 ? WINDOWED : ALL);
        assert_int_equal(cache.kv[i * HEFT_MAX_CACHE].layer, i);
        assert_int_equal((uintptr_t)cache.kv[i * HEFT_MAX_CACHE].base % 64, 0);
        assert_int_equal(cache.kv[i * HEFT_MAX_CACHE].page_bytes, 32 * 2 * (i < 2 ? 8 : 12) * 2);
    }
    assert_int_equal(cache.group[ALL].keep, 0);
    assert_int_equal(cache.group[WINDOWED].keep, WINDOW);
    assert_int_equal(cache.group[ALL].n_pages, SLOTS * PAGES);
    assert_int_equal(cache.group[WINDOWED].n_pages, SLOTS * 3); /* 39 + 16 tokens: 2 pages, +1 */
    assert_int_equal(heft_cache_token_bytes(&spec, HEFT_F16), 2 * 2 * (2 * 8 + 2 * 12));
}

static void opening_takes_the_bytes_it_says(void **state)
{
    (void)state;
    heft_error err = { 0 };
    size_t promised = 0;
    heft_cache c;
    const heft_cache_shape shape = {
        .spec = &spec, .type = HEFT_F32, .slots = 5, .context = 999, .batch = 64
    };
    assert_ok(heft_cache_bytes(&shape, &promised, &err), &err);
    const size_t before = heft_mem().bytes;
    assert_ok(heft_cache_open(&c, &shape, &err), &err);
    assert_int_equal(heft_mem().bytes - before, promised);
    heft_cache_close(&c);
    assert_int_equal(heft_mem().bytes, before);
}

static void blocks_of_32_take_34_bytes_and_other_widths_are_refused(void **state)
{
    (void)state;
    heft_error err = { 0 };
    size_t promised = 0;
    heft_cache c;
    const heft_cache_shape shape = {
        .spec = &spec, .type = HEFT_Q8_0, .slots = 2, .context = 100, .batch = 16
    };
    assert_int_equal(heft_cache_bytes(&shape, &promised, &err), HEFT_E_UNSUPPORTED);
    assert_string_equal(err.text, "layer 0: it keeps 4 numbers of a head; a cache of type Q8_0 "
                                  "needs a multiple of 32. Use --ctk f16, bf16 or f32");
    for (int32_t i = 0; i < LAYERS; i++) {
        layer[i].attn.dk = 64;
        layer[i].attn.dv = i == 3 ? 40 : 32;
    }
    assert_int_equal(heft_cache_open(&c, &shape, &err), HEFT_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "layer 3: it keeps 40 numbers"));
    layer[3].attn.dv = 96;
    assert_int_equal(heft_cache_token_bytes(&spec, HEFT_Q8_0), 2 * 34 * (3 * (2 + 1) + 2 + 3));
    assert_ok(heft_cache_bytes(&shape, &promised, &err), &err);
    const size_t before = heft_mem().bytes;
    assert_ok(heft_cache_open(&c, &shape, &err), &err);
    assert_int_equal(heft_mem().bytes - before, promised);
    assert_int_equal(c.kv[0].page_bytes, 32 * 2 * 34 * (2 + 1));
    assert_int_equal(c.kv[3 * HEFT_MAX_CACHE].page_bytes, 32 * 2 * 34 * (2 + 3));
    heft_cache_close(&c);
}

static void a_window_forgets_what_a_longer_sequence_leaves_behind(void **state)
{
    (void)state;
    heft_error err = { 0 };
    assert_true(heft_cache_forgets(&spec, WINDOW + 1));
    assert_false(heft_cache_forgets(&spec, WINDOW));
    size_t bytes[2];
    for (int32_t k = 0; k < 2; k++) { /* a checkpoint of a short one holds on to no window */
        heft_cache c;
        const heft_cache_shape shape = { .spec = &spec,
                                         .type = HEFT_F16,
                                         .slots = 1,
                                         .checkpoints = 1,
                                         .context = WINDOW + k,
                                         .batch = 16 };
        assert_ok(heft_cache_open(&c, &shape, &err), &err);
        bytes[k] = c.pool_bytes;
        assert_int_equal(c.group[WINDOWED].n_pages, k ? 4 : 3);
        heft_cache_close(&c);
    }
    assert_true(bytes[0] < bytes[1]);
}

static void a_layer_that_reads_another_keeps_nothing(void **state)
{
    (void)state;
    heft_error err = { 0 };
    heft_cache c;
    const heft_cache_shape shape = {
        .spec = &spec, .type = HEFT_F16, .slots = 1, .context = 64, .batch = 16
    };
    layer[2].attn.kv_from = 0;
    assert_ok(heft_cache_open(&c, &shape, &err), &err);
    assert_null(c.kv[2 * HEFT_MAX_CACHE].base);
    assert_non_null(c.kv[3 * HEFT_MAX_CACHE].base);
    heft_cache_close(&c);
}

static int32_t a_state(const heft_spec *s, int32_t i, heft_cache_decl out[HEFT_MAX_CACHE])
{
    (void)s;
    out[0] = (heft_cache_decl){ .state = 10 + i };
    return 1;
}

static const heft_mixer keeps_a_state = { .name = "state", .caches = a_state };

static void a_state_goes_with_a_fork_and_has_no_pages(void **state)
{
    (void)state;
    heft_error err = { 0 };
    size_t promised = 0;
    heft_cache c;
    const heft_cache_shape shape = {
        .spec = &spec, .type = HEFT_F16, .slots = 2, .checkpoints = 1, .context = 64, .batch = 16
    };
    layer[1].mixer = layer[3].mixer = &keeps_a_state;
    assert_true(heft_cache_forgets(&spec, 64));
    const size_t before = heft_mem().bytes;
    assert_ok(heft_cache_bytes(&shape, &promised, &err), &err);
    assert_ok(heft_cache_open(&c, &shape, &err), &err);
    assert_int_equal(heft_mem().bytes - before, promised);
    assert_int_equal(c.n_groups, 1);
    assert_int_equal(c.n_states, 3 * (16 + 16)); /* 11 and 13 floats, in whole cache lines */
    assert_null(c.state[0 * HEFT_MAX_CACHE].base);
    assert_null(c.kv[3 * HEFT_MAX_CACHE].base);
    for (int32_t i = 0; i < 11; i++)
        c.state[1 * HEFT_MAX_CACHE].base[i] = 1;
    for (int32_t i = 0; i < 13; i++)
        c.state[3 * HEFT_MAX_CACHE].base[i] = 3;
    heft_cache_fork(&c, 0, 2);
    for (int32_t i = 0; i < 11; i++)
        assert_true(
            c.state[1 * HEFT_MAX_CACHE].base[2 * c.state[1 * HEFT_MAX_CACHE].each + (size_t)i]
            == 1);
    for (int32_t i = 0; i < 13; i++)
        assert_true(
            c.state[3 * HEFT_MAX_CACHE].base[2 * c.state[3 * HEFT_MAX_CACHE].each + (size_t)i] == 3
            && c.state[3 * HEFT_MAX_CACHE].base[c.state[3 * HEFT_MAX_CACHE].each + (size_t)i] == 0);
    heft_cache_close(&c);
    assert_int_equal(heft_mem().bytes, before);
}

static void too_many_reaches_or_pages_are_refused(void **state)
{
    (void)state;
    heft_error err = { 0 };
    size_t n;
    static heft_layer_spec many[HEFT_MAX_GROUPS + 1];
    const heft_spec s = { .L = HEFT_MAX_GROUPS + 1, .layer = many };
    for (int32_t i = 0; i < s.L; i++) {
        many[i] = layer[0];
        many[i].attn.kv_from = i;
        many[i].attn.window = i + 1;
    }
    const heft_cache_shape shape = {
        .spec = &s, .type = HEFT_F16, .slots = 1, .context = 64, .batch = 16
    };
    assert_int_equal(heft_cache_bytes(&shape, &n, &err), HEFT_E_UNSUPPORTED);
    assert_string_equal(err.text, "layer 8: its window of 9 tokens is the model's 9th; heft keeps "
                                  "at most 8 different ones");
    const heft_cache_shape huge = { .spec = &spec,
                                    .type = HEFT_F16,
                                    .slots = HEFT_MAX_SEQUENCES,
                                    .context = HEFT_MAX_CONTEXT,
                                    .batch = 16 };
    assert_int_equal(heft_cache_bytes(&huge, &n, &err), HEFT_E_NOMEM);
    assert_string_equal(err.text, "4096 sequences of 134217728 tokens are more than a cache can "
                                  "number");
}

/* ---- reserving and giving back ------------------------------------------- */

static void a_reserved_range_has_pages_and_no_more(void **state)
{
    (void)state;
    heft_error err = { 0 };
    assert_ok(heft_cache_reserve(&cache, 1, 0, 1, &err), &err);
    assert_int_equal(held(ALL, 1), 1);
    assert_ok(heft_cache_reserve(&cache, 1, 1, 32, &err), &err);
    assert_int_equal(held(ALL, 1), 1);
    assert_ok(heft_cache_reserve(&cache, 1, 32, 33, &err), &err);
    assert_int_equal(held(ALL, 1), 2);
    assert_int_equal(held(ALL, 0), 0);
    assert_true(heft_cache_intact(&cache, 1, 33));
    assert_true(heft_cache_intact(&cache, 1, 64));
    assert_false(heft_cache_intact(&cache, 1, 65));
    assert_consistent();
}

static void a_window_gives_pages_back_as_it_moves(void **state)
{
    (void)state;
    grow(0, 0, 200);
    assert_int_equal(held(ALL, 0), 7);
    /* a token at 192, so far back one may go at least, sees 153 .. 192: from page 4 on */
    assert_int_equal(HEFT_CACHE_BACK, 8);
    assert_int_equal(held(WINDOWED, 0), 3);
    assert_int_equal(page(WINDOWED, 0, 3), -1);
    assert_true(page(WINDOWED, 0, 4) >= 0 && page(WINDOWED, 0, 6) >= 0);
    assert_true(heft_cache_intact(&cache, 0, 200));
    assert_true(heft_cache_intact(&cache, 0, 192));
    assert_true(heft_cache_intact(&cache, 0, 167)); /* 128 is on page 4 */
    assert_false(heft_cache_intact(&cache, 0, 166));
}

static void every_slot_can_be_full_at_once(void **state)
{
    (void)state;
    for (int32_t slot = 0; slot < SLOTS; slot++)
        grow(slot, 0, CONTEXT);
    assert_int_equal(cache.group[ALL].n_free, 0);
    for (int32_t slot = 0; slot < SLOTS; slot++)
        heft_cache_clear(&cache, slot);
    assert_int_equal(cache.group[ALL].n_free, SLOTS * PAGES);
    assert_int_equal(cache.group[WINDOWED].n_free, SLOTS * 3);
    assert_consistent();
}

static void trimming_gives_back_what_lies_ahead(void **state)
{
    (void)state;
    static const int32_t lengths[] = { 199, 161, 160, 33, 32, 1, 0 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        heft_cache_clear(&cache, 0);
        grow(0, 0, 200);
        heft_cache_trim(&cache, 0, lengths[i]);
        assert_int_equal(held(ALL, 0), (lengths[i] + 31) / 32);
        for (int32_t p = (lengths[i] + 31) / 32; p < PAGES; p++)
            assert_int_equal(page(WINDOWED, 0, p), -1);
        assert_consistent();
    }
    assert_int_equal(held(WINDOWED, 0), 0); /* though the pages before the window were gone first */
}

static void a_pool_used_up_leaves_the_slot_as_it_was(void **state)
{
    (void)state;
    heft_error err = { 0 };
    grow(0, 0, 100);
    int32_t before[2][SLOTS * PAGES];
    for (int32_t g = 0; g < 2; g++)
        memcpy(before[g], cache.group[g].table, sizeof before[g]);
    /* more rows than a step has: the first group has pages for them, the windowed one has not */
    assert_int_equal(heft_cache_reserve(&cache, 1, 0, CONTEXT, &err), HEFT_E_NOMEM);
    assert_string_equal(err.text, "the cache is full: 6 pages of 32 tokens are left, 8 are needed");
    for (int32_t g = 0; g < 2; g++)
        assert_memory_equal(cache.group[g].table, before[g], sizeof before[g]);
    assert_consistent();
}

static void a_shared_page_needs_a_free_one_before_it_is_written(void **state)
{
    (void)state;
    heft_error err = { 0 };
    grow(0, 0, 40);
    heft_cache_fork(&cache, 0, 1);
    assert_ok(heft_cache_reserve(&cache, 2, 0, 7 * HEFT_TILE, &err), &err); /* all 9 pages */
    assert_int_equal(cache.group[WINDOWED].n_free, 0);
    assert_int_equal(heft_cache_reserve(&cache, 1, 40, 41, &err), HEFT_E_NOMEM);
    assert_int_equal(page(WINDOWED, 1, 1), page(WINDOWED, 0, 1));
    assert_consistent();
}

/* ---- forks ---------------------------------------------------------------- */

static void a_fork_shares_pages_and_copies_one_before_it_is_written(void **state)
{
    (void)state;
    heft_error err = { 0 };
    grow(0, 0, 80);
    for (int32_t i = 0; i < LAYERS; i++)
        memset(bytes(i, page(i % 2, 0, 2)), 10 + i, cache.kv[i * HEFT_MAX_CACHE].page_bytes);
    heft_cache_fork(&cache, 0, 1);
    assert_consistent();
    for (int32_t p = 0; p < PAGES; p++)
        for (int32_t g = 0; g < 2; g++)
            assert_int_equal(page(g, 0, p), page(g, 1, p));
    assert_int_equal(cache.group[ALL].n_free, SLOTS * PAGES - 3);

    assert_ok(heft_cache_reserve(&cache, 1, 80, 81, &err), &err);
    assert_consistent();
    assert_int_equal(page(ALL, 1, 1), page(ALL, 0, 1)); /* full: shared still */
    for (int32_t g = 0; g < 2; g++)
        assert_int_not_equal(page(g, 1, 2), page(g, 0, 2));
    for (int32_t i = 0; i < LAYERS; i++) {
        const int32_t g = i % 2;
        assert_memory_equal(bytes(i, page(g, 1, 2)), bytes(i, page(g, 0, 2)),
                            cache.kv[i * HEFT_MAX_CACHE].page_bytes);
        assert_int_equal(bytes(i, page(g, 1, 2))[0], 10 + i);
    }

    const int32_t parents = page(ALL, 0, 2); /* the last owner writes in place */
    assert_ok(heft_cache_reserve(&cache, 0, 80, 81, &err), &err);
    assert_int_equal(page(ALL, 0, 2), parents);
}

static void a_page_lives_as_long_as_one_of_its_owners(void **state)
{
    (void)state;
    grow(0, 0, 90);
    heft_cache_fork(&cache, 0, 1);
    heft_cache_fork(&cache, 1, 2);
    heft_cache_clear(&cache, 0);
    assert_consistent();
    heft_cache_trim(&cache, 1, 32);
    assert_consistent();
    assert_true(heft_cache_intact(&cache, 2, 90));
    assert_int_equal(cache.group[ALL].n_free, SLOTS * PAGES - 3);
    heft_cache_clear(&cache, 2);
    assert_int_equal(cache.group[ALL].n_free, SLOTS * PAGES - 1);
    heft_cache_clear(&cache, 1);
    assert_int_equal(cache.group[ALL].n_free, SLOTS * PAGES);
    assert_int_equal(cache.group[WINDOWED].n_free, SLOTS * 3);
}

/* What engines do, at random: no page is lost, and no slot is ever refused. */
static void any_history_of_steps_forks_and_rewinds_keeps_account(void **state)
{
    (void)state;
    heft_error err = { 0 };
    int32_t length[SLOTS] = { 0 };
    uint32_t random = 1;
    for (int32_t i = 0; i < 4000; i++) {
        random = random * 1664525 + 1013904223;
        const int32_t slot = (int32_t)(random >> 10) % SLOTS, r = (int32_t)(random >> 16) % 256;
        if (r < 200) {
            const int32_t n = 1 + r % BATCH;
            if (length[slot] + n > CONTEXT) continue;
            assert_ok(heft_cache_reserve(&cache, slot, length[slot], length[slot] + n, &err), &err);
            length[slot] += n;
            heft_cache_trim(&cache, slot, length[slot]);
        } else if (r < 230) {
            const int32_t to = (int32_t)((random >> 4) % 1000) * length[slot] / 1000;
            if (!heft_cache_intact(&cache, slot, to)) continue;
            length[slot] = to;
            heft_cache_trim(&cache, slot, to);
        } else if (r < 240) {
            heft_cache_clear(&cache, slot);
            length[slot] = 0;
        } else if (length[(slot + 1) % SLOTS] == 0) {
            heft_cache_clear(&cache, (slot + 1) % SLOTS);
            heft_cache_fork(&cache, slot, (slot + 1) % SLOTS);
            length[(slot + 1) % SLOTS] = length[slot];
        }
        assert_consistent();
        assert_true(heft_cache_intact(&cache, slot, length[slot]));
        assert_true(held(WINDOWED, slot) <= 3);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_cache, close_cache)

/* ---- entries of several tokens ------------------------------------------- */

enum { EVERY = 4, PARTS = 1, ENTRIES = 2 }; /* groups: the window, what tokens bring, the entries */

/* Two layers of compressed attention: a window of 40 tokens, and an entry for every 4. */
static int open_compressed(void **state)
{
    (void)state;
    heft_error err = { 0 };
    for (int32_t i = 0; i < 2; i++) {
        heft_layer_default(&layer[i]);
        layer[i].mixer = &heft_mixer_csa;
        layer[i].attn.dk = layer[i].attn.dv = 8;
        layer[i].attn.window = WINDOW;
        layer[i].attn.overlap = true;
        layer[i].attn.index.every = EVERY;
    }
    spec.L = 2;
    const heft_cache_shape shape = {
        .spec = &spec, .type = HEFT_F16, .slots = SLOTS, .context = CONTEXT, .batch = BATCH
    };
    return heft_cache_open(&cache, &shape, &err) != HEFT_OK;
}

static int close_compressed(void **state)
{
    spec.L = LAYERS;
    return close_cache(state);
}

static void an_entry_of_several_tokens_takes_a_page_when_its_last_token_comes(void **state)
{
    (void)state;
    heft_error err = { 0 };
    assert_int_equal(cache.n_groups, 3);
    assert_int_equal(cache.group[PARTS].keep, 2 * EVERY); /* this block's tokens and the last's */
    assert_int_equal(cache.group[ENTRIES].every, EVERY);
    assert_int_equal(cache.group[ENTRIES].n_pages, SLOTS * PAGES / EVERY);
    assert_int_equal(cache.kv[PARTS].dtype, HEFT_F32);
    assert_int_equal(cache.kv[ENTRIES].dtype, HEFT_F16);
    assert_int_equal(heft_cache_token_bytes(&spec, HEFT_F16), 2 * (2 * 8 + 4 * 32 + 2 * 8 / EVERY));
    assert_ok(heft_cache_reserve(&cache, 0, 0, 3, &err), &err);
    assert_int_equal(held(ENTRIES, 0), 0);
    assert_ok(heft_cache_reserve(&cache, 0, 3, 4, &err), &err);
    assert_int_equal(held(ENTRIES, 0), 1);
    grow(0, 4, 131); /* 32 entries, and three tokens of the next */
    assert_int_equal(held(ENTRIES, 0), 1);
    grow(0, 131, 132);
    assert_int_equal(held(ENTRIES, 0), 2);
    heft_cache_trim(&cache, 0, 131); /* back by a token: the entry it completed goes */
    assert_int_equal(held(ENTRIES, 0), 1);
    assert_consistent();
}

static void a_shared_page_of_entries_is_copied_when_one_is_added(void **state)
{
    (void)state;
    heft_error err = { 0 };
    grow(0, 0, 40);
    heft_cache_fork(&cache, 0, 1);
    const int32_t shared = page(ENTRIES, 0, 0);
    uint8_t *kept = cache.kv[ENTRIES].base + (size_t)shared * cache.kv[ENTRIES].page_bytes;
    memset(kept, 7, cache.kv[ENTRIES].page_bytes);
    assert_ok(heft_cache_reserve(&cache, 1, 40, 43, &err), &err); /* no entry is complete */
    assert_int_equal(page(ENTRIES, 1, 0), shared);
    assert_ok(heft_cache_reserve(&cache, 1, 43, 44, &err), &err);
    assert_int_not_equal(page(ENTRIES, 1, 0), shared);
    assert_memory_equal(cache.kv[ENTRIES].base
                            + (size_t)page(ENTRIES, 1, 0) * cache.kv[ENTRIES].page_bytes,
                        kept, cache.kv[ENTRIES].page_bytes);
    assert_consistent();
}

static void what_a_block_needs_of_its_tokens_tells_whether_one_can_go_back(void **state)
{
    (void)state;
    grow(0, 0, 100);
    assert_true(heft_cache_forgets(&spec, 100));
    assert_true(heft_cache_intact(&cache, 0, 100));
    assert_false(heft_cache_intact(&cache, 0, 40)); /* the window, and the parts of 33 .. 39 */
    heft_cache_clear(&cache, 0);
    assert_consistent();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(layers_of_equal_reach_form_a_group),
        TEST(opening_takes_the_bytes_it_says),
        TEST(blocks_of_32_take_34_bytes_and_other_widths_are_refused),
        TEST(a_window_forgets_what_a_longer_sequence_leaves_behind),
        TEST(a_layer_that_reads_another_keeps_nothing),
        TEST(a_state_goes_with_a_fork_and_has_no_pages),
        TEST(too_many_reaches_or_pages_are_refused),
        TEST(a_reserved_range_has_pages_and_no_more),
        TEST(a_window_gives_pages_back_as_it_moves),
        TEST(every_slot_can_be_full_at_once),
        TEST(trimming_gives_back_what_lies_ahead),
        TEST(a_pool_used_up_leaves_the_slot_as_it_was),
        TEST(a_shared_page_needs_a_free_one_before_it_is_written),
        TEST(a_fork_shares_pages_and_copies_one_before_it_is_written),
        TEST(a_page_lives_as_long_as_one_of_its_owners),
        TEST(any_history_of_steps_forks_and_rewinds_keeps_account),
        cmocka_unit_test_setup_teardown(
            an_entry_of_several_tokens_takes_a_page_when_its_last_token_comes, open_compressed,
            close_compressed),
        cmocka_unit_test_setup_teardown(a_shared_page_of_entries_is_copied_when_one_is_added,
                                        open_compressed, close_compressed),
        cmocka_unit_test_setup_teardown(
            what_a_block_needs_of_its_tokens_tells_whether_one_can_go_back, open_compressed,
            close_compressed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
