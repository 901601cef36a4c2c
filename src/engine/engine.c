/* An engine: what running a model on this machine takes, planned and then allocated at once. */
#include "engine/engine.h"

#include "base/pool.h"
#include "base/system.h"

/* ---- options ---------------------------------------------------------- */

static heft_status within(heft_error *err, const char *what, int32_t value, int32_t least,
                          int32_t most)
{
    if (value >= least && value <= most) return HEFT_OK;
    return heft_fail(err, HEFT_E_ARG, "%s is %d, expected %d to %d", what, value, least, most);
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

heft_status heft_engine_isa(const char **name, unsigned *isa, heft_error *err)
{
    heft_kernels k;
    *isa = heft_isa_detect();
    if (*name && !heft_isa_named(*name, isa))
        return heft_fail(
            err, HEFT_E_ARG,
            "heft has no instruction set named \"%s\"; it has scalar, avx2, avx512 and neon",
            heft_show_z(*name).text);
    if (*isa & ~heft_isa_detect())
        return heft_fail(err, HEFT_E_ARG, "this processor cannot run %s", *name);
    heft_kernels_init(&k, *isa);
    *name = k.name;
    return HEFT_OK;
}

/* Is there something that fast_prefill could do? */
static heft_status check_fast(const heft_spec *s, heft_error *err)
{
    bool latent = false;
    for (int32_t i = 0; i < s->L; i++) {
        const heft_attn *a = &s->layer[i].attn;
        if (a->kv_rank == 0) continue;
        latent = true;
        if (a->index.top > 0)
            return heft_fail(err, HEFT_E_ARG,
                             "fast prefill makes keys and values of all tokens, and layer %d "
                             "attends to %d chosen ones: leave it out",
                             i, a->index.top);
    }
    if (latent) return HEFT_OK;
    return heft_fail(err, HEFT_E_ARG,
                     "fast prefill is of latent attention, and the model has none: leave it out");
}

static heft_status resolve(const heft_model *m, const heft_engine_options *given,
                           heft_engine_options *o, unsigned *isa, heft_error *err)
{
    *o = given ? *given : (heft_engine_options){ 0 };
    const int32_t ctx = m->net.spec.ctx;
    if (!o->threads) o->threads = smaller(heft_cores(), HEFT_MAX_THREADS);
    if (!o->context) o->context = smaller(ctx, 4096);
    if (!o->sequences) o->sequences = 1;
    if (!o->batch) o->batch = 512;
    if (!o->outputs) o->outputs = o->sequences > 1 + HEFT_GUESSES ? o->sequences : 1 + HEFT_GUESSES;
    heft_status st = within(err, "the number of threads", o->threads, 1, HEFT_MAX_THREADS);
    if (!st) st = within(err, "the context", o->context, 1, ctx);
    if (!st) st = within(err, "the number of sequences", o->sequences, 1, HEFT_MAX_SEQUENCES);
    if (!st) st = within(err, "the batch", o->batch, 1, HEFT_MAX_BATCH);
    if (!st)
        o->batch = smaller(o->batch, o->context > HEFT_MAX_BATCH / o->sequences
                                         ? HEFT_MAX_BATCH
                                         : o->context * o->sequences);
    if (!st) st = within(err, "the number of outputs", o->outputs, 1, HEFT_MAX_BATCH);
    if (!st) o->outputs = smaller(o->outputs, o->batch);
    if (!st) st = within(err, "the cache type", (int32_t)o->cache, 0, HEFT_CACHE_TYPES - 1);
    if (!st && o->fast_prefill) st = check_fast(&m->net.spec, err);
    return st ? st : heft_engine_isa(&o->isa, isa, err);
}

heft_status heft_engine_resolve(const heft_model *m, const heft_engine_options *given,
                                heft_engine_options *out, heft_error *err)
{
    unsigned isa;
    heft_engine_options o;
    heft_status st = resolve(m, given, &o, &isa, err);
    if (!st) *out = o;
    return st;
}

heft_dtype heft_cache_dtype(heft_cache_type t)
{
    static const heft_dtype dtype[HEFT_CACHE_TYPES] = {
        [HEFT_CACHE_F16] = HEFT_F16,
        [HEFT_CACHE_BF16] = HEFT_BF16,
        [HEFT_CACHE_F32] = HEFT_F32,
        [HEFT_CACHE_Q8_0] = HEFT_Q8_0,
    };
    return dtype[t];
}

/* ---- planning --------------------------------------------------------- */

/* The forward pass with nothing but counting behind it, into *counts as it is. */
static void rehearse(const heft_net *net, const heft_batch *b, heft_expand expand,
                     heft_plan_device *counts, size_t *arena_floats)
{
    heft_run r = {
        .m = net, .dev = (heft_device *)counts, .ops = &heft_ops_plan, .b = b, .expand = expand
    };
    heft_forward(&r, NULL);
    *arena_floats = r.peak;
}

heft_plan_device heft_engine_rehearse(const heft_model *m, const heft_engine_options *o,
                                      int32_t rows, int32_t past, bool prompt)
{
    heft_plan_device counts = { .past = past, .cache = heft_cache_dtype(o->cache) };
    const heft_batch b = { .T = rows, .S = 1, .N = 1 };
    size_t floats;
    rehearse(&m->net, &b, o->fast_prefill && prompt ? HEFT_EXPAND_ALL : HEFT_EXPAND_NONE, &counts,
             &floats);
    return counts;
}

size_t heft_hidden_width(const heft_engine *e)
{
    return (size_t)e->m->net.spec.streams.n * (size_t)e->m->net.spec.D;
}

size_t heft_text_room(const heft_model *m)
{
    return HEFT_MAX_STOP_BYTES + (m->tokenizer ? heft_stream_max(m->tokenizer) : 0);
}

static size_t widest_rope(const heft_spec *s)
{
    int32_t width = 0;
    for (int32_t i = 0; i < s->n_rope; i++)
        if (s->rope[i].kind == HEFT_ROPE_DYNAMIC && s->rope[i].r.width > width)
            width = s->rope[i].r.width;
    return (size_t)width / 2;
}

enum { PARTS = 19 };

static void parts_of(heft_engine *e, heft_part p[PARTS])
{
    const heft_spec *s = &e->m->net.spec;
    const size_t seqs = (size_t)e->o.sequences, batch = (size_t)e->o.batch,
                 ropes = (size_t)s->n_rope;
    const size_t vocab = (size_t)e->m->net.g.head.w.rows;
    const size_t hidden = e->o.hidden ? (size_t)(s->L + 1) * batch * heft_hidden_width(e) : 0;
    p[0] = (heft_part){ &e->seq, seqs, sizeof *e->seq };
    p[1] = (heft_part){ &e->seq_tokens, seqs * (size_t)e->o.context, sizeof *e->seq_tokens };
    p[2] = (heft_part){ &e->seq_inv, seqs * ropes * widest_rope(s), sizeof *e->seq_inv };
    p[3] = (heft_part){ &e->arena, e->arena_floats, sizeof *e->arena };
    p[4] = (heft_part){ &e->logits, (size_t)e->o.outputs * vocab, sizeof *e->logits };
    p[5] = (heft_part){ &e->hidden, hidden, sizeof *e->hidden };
    p[6] = (heft_part){ &e->token, batch, sizeof *e->token };
    p[7] = (heft_part){ &e->pos, batch, sizeof *e->pos };
    p[8] = (heft_part){ &e->row_seq, batch, sizeof *e->row_seq };
    p[9] = (heft_part){ &e->first, seqs + 1, sizeof *e->first };
    p[10] = (heft_part){ &e->past, seqs + 1, sizeof *e->past };
    p[11] = (heft_part){ &e->slot, seqs + 1, sizeof *e->slot };
    p[12] = (heft_part){ &e->out, (size_t)e->o.outputs, sizeof *e->out };
    p[13] = (heft_part){ &e->inv, ropes * seqs, sizeof *e->inv };
    p[14] = (heft_part){ &e->candidate, vocab, sizeof *e->candidate };
    p[15] = (heft_part){ &e->count, vocab, sizeof *e->count };
    p[16] = (heft_part){ &e->kind, vocab, sizeof *e->kind };
    p[17] = (heft_part){ &e->text, heft_text_room(e->m), 1 };
    p[18] = (heft_part){ &e->expanded, seqs, sizeof *e->expanded };
}

/* Resolve the options into *e and add up *plan; allocates nothing. */
static heft_status plan_engine(const heft_model *m, const heft_engine_options *options,
                               heft_engine *e, unsigned *isa, heft_plan *plan, heft_error *err)
{
    heft_plan_device one = { 0 }, step = { 0 };
    heft_part parts[PARTS];
    size_t floats, cache;
    *e = (heft_engine){ .m = m };
    heft_status st = resolve(m, options, &e->o, isa, err);
    if (st) return st;
    const heft_batch first = { .T = 1, .S = 1, .N = 1 },
                     most = { .T = e->o.batch, .S = e->o.sequences, .N = e->o.outputs };
    rehearse(&m->net, &first, HEFT_EXPAND_NONE, &one, &floats);
    rehearse(&m->net, &most, e->o.fast_prefill ? HEFT_EXPAND_SOME : HEFT_EXPAND_NONE, &step,
             &e->arena_floats);
    e->need = step.need;
    e->need.threads = e->o.threads;
    e->need.context = e->o.context;
    const heft_cache_shape shape = {
        .spec = &m->net.spec,
        .type = heft_cache_dtype(e->o.cache),
        .slots = e->o.sequences,
        .checkpoints =
            heft_cache_forgets(&m->net.spec, e->o.context) ? e->o.sequences * HEFT_CHECKPOINTS : 0,
        .context = e->o.context,
        .batch = e->o.batch,
    };
    st = heft_cache_bytes(&shape, &cache, err);
    if (st) return st;
    e->cache.shape = shape;
    parts_of(e, parts);
    *plan = (heft_plan){
        .weights_mapped = m->facts.bytes,
        .weights_copied = m->net.copied_bytes,
        .cache_per_token = (int64_t)heft_cache_token_bytes(&m->net.spec, shape.type),
        .cache = (int64_t)cache,
        .work = (int64_t)(heft_mem_cost(1, sizeof *e) + heft_parts_bytes(parts, PARTS)
                          + heft_cpu_bytes(&e->need)),
        .available = heft_memory_available(),
        .bytes_per_token = (int64_t)one.weight_bytes,
    };
    plan->total_private = m->private_bytes + plan->cache + plan->work;
    return HEFT_OK;
}

heft_status heft_engine_plan(const heft_model *m, const heft_engine_options *options,
                             heft_plan *out, heft_error *err)
{
    heft_engine e;
    unsigned isa;
    return plan_engine(m, options, &e, &isa, out, err);
}

/* ---- opening ---------------------------------------------------------- */

static heft_status check_fits(const heft_model *m, const heft_engine *e, const heft_plan *p,
                              heft_error *err)
{
    const double gib = 1024.0 * 1024 * 1024;
    if (p->available < 0) return HEFT_OK;
    if (p->total_private > p->available && !e->o.force)
        return heft_fail(err, HEFT_E_NOMEM,
                         "a context of %d needs %.2f GiB of memory, %.2f GiB of it the cache; "
                         "%.2f GiB are available. Use a smaller context, or force it",
                         e->o.context, (double)p->total_private / gib, (double)p->cache / gib,
                         (double)p->available / gib);
    int64_t over = p->weights_mapped + p->total_private - p->available;
    if (over > 0)
        heft_warn(&m->log,
                  "weights and buffers exceed the available memory by %.2f GiB: up to that much is "
                  "read from "
                  "the disk for every token",
                  (double)over / gib);
    return HEFT_OK;
}

heft_status heft_engine_open(const heft_model *m, const heft_engine_options *options,
                             heft_engine **out, heft_error *err)
{
    heft_engine planned;
    heft_plan plan;
    unsigned isa;
    heft_status st = plan_engine(m, options, &planned, &isa, &plan, err);
    if (!st) st = check_fits(m, &planned, &plan, err);
    if (st) return st;
    heft_engine *e = heft_alloc(1, sizeof *e);
    if (!e) return heft_nomem(err, "an engine");
    const heft_cache_shape shape = planned.cache.shape;
    planned.cache.shape.spec = NULL; /* not open yet */
    *e = planned;
    heft_part parts[PARTS];
    parts_of(e, parts);
    st = heft_parts_alloc(parts, PARTS) ? HEFT_OK : heft_nomem(err, "the engine's buffers");
    if (!st) st = heft_cpu_open(&e->need, isa, &e->device, err);
    if (!st) st = heft_cache_open(&e->cache, &shape, err);
    if (st) {
        heft_engine_close(e);
        return st;
    }
    size_t own = (size_t)m->net.spec.n_rope * widest_rope(&m->net.spec);
    for (int32_t i = 0; i < e->o.sequences; i++)
        e->seq[i] = (heft_seq){ .e = e,
                                .slot = i,
                                .token = e->seq_tokens + (size_t)i * (size_t)e->o.context,
                                .own = e->seq_inv + (size_t)i * own };
    for (int32_t i = 0; m->tokenizer && i < heft_engine_vocab(e); i++)
        e->kind[i] = !heft_tokenizer_has(m->tokenizer, i)     ? HEFT_TOKEN_ABSENT
                     : heft_tokenizer_is_end(m->tokenizer, i) ? HEFT_TOKEN_END
                                                              : HEFT_TOKEN_TEXT;
    *out = e;
    return HEFT_OK;
}

void heft_engine_close(heft_engine *e)
{
    if (!e) return;
    heft_part parts[PARTS];
    parts_of(e, parts);
    heft_parts_free(parts, PARTS);
    heft_cache_close(&e->cache);
    heft_cpu_close(e->device);
    heft_free(e);
}

const heft_engine_options *heft_engine_resolved(const heft_engine *e)
{
    return &e->o;
}

void heft_engine_time(heft_engine *e, bool on)
{
    e->timed = on;
    e->timer = (heft_timer){ .ops = &heft_ops_cpu, .device = e->device };
}

bool heft_engine_timed(const heft_engine *e, int32_t i, heft_operation_time *out)
{
    if (i < 0 || i >= HEFT_OPERATIONS) return false;
    const heft_op_time *t = &e->timer.op[i];
    *out = (heft_operation_time){ .name = heft_op_name(i),
                                  .seconds = t->seconds,
                                  .calls = (int64_t)t->calls,
                                  .bytes = (int64_t)t->bytes,
                                  .macs = (int64_t)t->macs };
    return true;
}

int32_t heft_engine_vocab(const heft_engine *e)
{
    return e->m->net.g.head.w.rows;
}

const float *heft_engine_logits(const heft_engine *e, int32_t i)
{
    return e->logits + (size_t)i * (size_t)heft_engine_vocab(e);
}

const float *heft_engine_hidden(const heft_engine *e, int32_t layer)
{
    return e->hidden + (size_t)layer * (size_t)e->o.batch * heft_hidden_width(e);
}
