/* Many strings looked for in a text at once. */
#include "text/matcher.h"

struct heft_edge {
    uint32_t from; /* node * 256 + byte + 1; 0: empty */
    uint32_t to;
};

enum { MAX_NODES = 1 << 23 };

static struct heft_edge *edge_of(const heft_matcher *m, uint32_t node, uint8_t byte)
{
    uint32_t from = node * 256 + byte + 1;
    uint32_t i = (uint32_t)(from * UINT64_C(0x9e3779b97f4a7c15) >> 32) & m->mask;
    while (m->edge[i].from && m->edge[i].from != from)
        i = (i + 1) & m->mask;
    return &m->edge[i];
}

static heft_status grow(heft_matcher *m, heft_error *err)
{
    heft_matcher old = *m;
    uint32_t n = old.edge ? 2 * (old.mask + 1) : 1024;
    m->edge = heft_alloc(n, sizeof *m->edge);
    if (!m->edge) {
        m->edge = old.edge;
        return heft_nomem(err, "the tokens to be matched");
    }
    m->mask = n - 1;
    for (uint32_t i = 0; old.edge && i <= old.mask; i++) {
        uint32_t from = old.edge[i].from;
        if (from) *edge_of(m, (from - 1) / 256, (uint8_t)((from - 1) % 256)) = old.edge[i];
    }
    heft_free(old.edge);
    return HEFT_OK;
}

static heft_status new_node(heft_matcher *m, heft_error *err)
{
    if (m->nodes == MAX_NODES)
        return heft_fail(err, HEFT_E_FORMAT, "the tokens to be matched have too many bytes");
    if (m->nodes == m->cap) {
        uint32_t cap = m->cap ? 2 * m->cap : 256;
        int32_t *value = heft_realloc(m->value, cap * sizeof *value);
        if (!value) return heft_nomem(err, "the tokens to be matched");
        m->value = value;
        m->cap = cap;
    }
    m->value[m->nodes++] = -1;
    return HEFT_OK;
}

heft_status heft_matcher_add(heft_matcher *m, heft_str s, int32_t value, heft_error *err)
{
    if (s.n == 0 || s.n > HEFT_MAX_MATCHED_BYTES)
        return heft_fail(err, HEFT_E_FORMAT,
                         "token %s has %zu bytes, 1 to %d are expected where it is matched",
                         heft_show(s).text, s.n, (int)HEFT_MAX_MATCHED_BYTES);
    heft_status st = m->nodes ? HEFT_OK : new_node(m, err);
    uint32_t node = 0;
    for (size_t i = 0; i < s.n && !st; i++) {
        uint8_t byte = (uint8_t)s.p[i];
        if (!m->edge || m->edges > m->mask / 2) st = grow(m, err);
        if (st) break;
        struct heft_edge *e = edge_of(m, node, byte);
        if (!e->from) {
            st = new_node(m, err);
            if (st) break;
            *e = (struct heft_edge){ .from = node * 256 + byte + 1, .to = m->nodes - 1 };
            m->edges++;
            if (node == 0) m->first[byte] = e->to;
        }
        node = e->to;
    }
    if (!st && m->value[node] < 0) m->value[node] = value;
    return st;
}

void heft_matcher_clear(heft_matcher *m)
{
    heft_free(m->edge);
    heft_free(m->value);
    *m = (heft_matcher){ 0 };
}

uint32_t heft_matcher_step(const heft_matcher *m, uint32_t node, uint8_t byte)
{
    return node ? edge_of(m, node, byte)->to : m->first[byte];
}

uint32_t heft_matcher_walk(const heft_matcher *m, uint32_t node, heft_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        node = m->nodes ? heft_matcher_step(m, node, (uint8_t)s.p[i]) : 0;
        if (node == 0) return 0;
    }
    return node;
}

int32_t heft_matcher_longest(const heft_matcher *m, heft_str text, size_t at, size_t most,
                             size_t *n)
{
    int32_t best = -1;
    size_t end = most < text.n - at ? at + most : text.n;
    if (at >= end) return -1;
    uint32_t node = m->first[(uint8_t)text.p[at]];
    for (size_t i = at + 1; node; i++) {
        if (m->value[node] >= 0) {
            best = m->value[node];
            *n = i - at;
        }
        if (i >= end) break;
        node = edge_of(m, node, (uint8_t)text.p[i])->to;
    }
    return best;
}

int32_t heft_matcher_next(const heft_matcher *m, heft_str text, size_t *at, size_t *n)
{
    for (size_t i = *at; m->nodes && i < text.n; i++) {
        int32_t value = heft_matcher_longest(m, text, i, text.n, n);
        if (value < 0) continue;
        *at = i;
        return value;
    }
    return -1;
}
