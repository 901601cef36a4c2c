/* heft show --families: what heft runs, and what was shown of it. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 512 };

static int by_name(const void *a, const void *b)
{
    const heft_family_facts *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* All families in the order of their names; returns how many. */
static int32_t list(heft_family_facts *all)
{
    int32_t n = 0;
    while (n < MOST && heft_family_describe(n, &all[n]))
        n++;
    qsort(all, (size_t)n, sizeof *all, by_name);
    return n;
}

/* ---- as JSON ---- */

static void names_json(heft_buf *b, const char *key, const char *const *names)
{
    heft_json_key(b, key);
    heft_json_begin(b, '[');
    for (; *names; names++)
        heft_json_str(b, heft_str_of(*names));
    heft_json_end(b, ']');
}

static void shown_json(heft_buf *b, const heft_family_facts *f)
{
    static const struct {
        heft_shown_how how;
        const char *key;
    } all[] = { { HEFT_SHAPES, "shapes_bind" },
                { HEFT_EXACT, "exact" },
                { HEFT_EXACT_GGUF, "exact_gguf" },
                { HEFT_RAN, "ran" } };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        const char *by = NULL;
        heft_json_key(b, all[k].key);
        heft_json_begin(b, '[');
        for (int32_t i = 0; (by = heft_family_shown(f, all[k].how, i)) != NULL; i++)
            heft_json_str(b, heft_str_of(by));
        heft_json_end(b, ']');
    }
}

static void families_json(heft_buf *b, const heft_family_facts *all, int32_t n)
{
    heft_json_begin(b, '[');
    for (int32_t i = 0; i < n; i++) {
        heft_json_begin(b, '{');
        heft_json_key(b, "family");
        heft_json_str(b, heft_str_of(all[i].name));
        heft_json_key(b, "source");
        heft_json_str(b, heft_str_of(all[i].source));
        names_json(b, "model_types", all[i].model_types);
        names_json(b, "gguf_architectures", all[i].gguf_archs);
        shown_json(b, &all[i]);
        heft_json_end(b, '}');
    }
    heft_json_end(b, ']');
    heft_buf_z(b, "\n");
}

/* ---- as a table ---- */

typedef struct {
    char text[160];
} cell;

static void append(cell *c, const char *name)
{
    const size_t n = strlen(c->text);
    (void)snprintf(c->text + n, sizeof c->text - n, "%s%s", n ? ", " : "", name);
}

static cell names_cell(const char *const *names)
{
    cell c = { "" };
    for (; *names; names++)
        append(&c, *names);
    return c;
}

/* The first two and how many more there are; JSON names all. */
static cell shown_cell(const heft_family_facts *f, heft_shown_how how)
{
    cell c = { "" };
    const char *by = NULL;
    int32_t n = 0;
    for (; (by = heft_family_shown(f, how, n)) != NULL; n++)
        if (n < 2) append(&c, by);
    if (n > 2) {
        char more[32];
        (void)snprintf(more, sizeof more, "%d more", (int)n - 2);
        append(&c, more);
    }
    return c;
}

/* In which containers a tiny model is exact. */
static cell exact_cell(const heft_family_facts *f)
{
    cell c = { "" };
    if (heft_family_shown(f, HEFT_EXACT, 0)) append(&c, "release");
    if (heft_family_shown(f, HEFT_EXACT_GGUF, 0)) append(&c, "GGUF");
    return c;
}

enum { COLUMNS = 6 };

/* The cells of a family; of none: the head of the table. */
static void fill_row(const heft_family_facts *f, cell row[COLUMNS])
{
    static const cell head[COLUMNS] = { { "family" }, { "model types" }, { "GGUF" },
                                        { "exact" },  { "shapes bind" }, { "ran" } };
    if (!f) {
        memcpy(row, head, sizeof head);
        return;
    }
    row[0] = names_cell((const char *const[]){ f->name, NULL });
    row[1] = names_cell(f->model_types);
    row[2] = names_cell(f->gguf_archs);
    row[3] = exact_cell(f);
    row[4] = shown_cell(f, HEFT_SHAPES);
    row[5] = shown_cell(f, HEFT_RAN);
    for (int32_t k = 0; k < COLUMNS; k++)
        if (row[k].text[0] == 0) append(&row[k], "-");
}

static void families_table(heft_buf *b, const heft_family_facts *all, int32_t n)
{
    int32_t width[COLUMNS] = { 0 };
    cell row[COLUMNS];
    for (int32_t i = -1; i < n; i++) {
        fill_row(i < 0 ? NULL : &all[i], row);
        for (int32_t k = 0; k < COLUMNS; k++)
            if ((int32_t)strlen(row[k].text) > width[k]) width[k] = (int32_t)strlen(row[k].text);
    }
    for (int32_t i = -1; i < n; i++) {
        fill_row(i < 0 ? NULL : &all[i], row);
        for (int32_t k = 0; k + 1 < COLUMNS; k++)
            heft_buf_printf(b, "%-*s  ", width[k], row[k].text);
        heft_buf_printf(b, "%s\n", row[COLUMNS - 1].text);
    }
}

heft_status heft_show_families(bool json, heft_error *err)
{
    heft_family_facts all[MOST];
    heft_buf b = heft_buf_of(SIZE_MAX / 2);
    (json ? families_json : families_table)(&b, all, list(all));
    return heft_emit_buf(&b, err);
}
