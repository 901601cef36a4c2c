/* How fast a model should be on a machine: what the plan counts, by the speeds of a profile. */
#include "base/system.h"
#include "engine/engine.h"

#include <string.h>

enum { PROMPT = 512 };

static heft_status fits(const heft_machine *m, const heft_engine_options *o, heft_error *err)
{
    char here[sizeof m->processor];
    heft_processor(here, sizeof here);
    if (strcmp(m->processor, here) != 0)
        return heft_fail(err, HEFT_E_UNSUPPORTED,
                         "the machine profile is of another processor: \"%s\", expected \"%s\"",
                         heft_show_z(m->processor).text, heft_show_z(here).text);
    if (strcmp(m->isa, o->isa) != 0 || m->threads != o->threads)
        return heft_fail(err, HEFT_E_UNSUPPORTED,
                         "the machine profile is of %d threads of %s, expected %d of %s",
                         m->threads, heft_show_z(m->isa).text, o->threads, o->isa);
    return HEFT_OK;
}

static const heft_format_speed *speed_of(const heft_machine *m, const char *format)
{
    for (int32_t i = 0; i < m->n_formats; i++)
        if (strcmp(m->format[i].name, format) == 0) return &m->format[i];
    return NULL;
}

/* What one row's attention takes. Few heads for each key wait for the memory, many compute: the
 * profile has the time of HEFT_MACHINE_GROUP of them. */
static double attend_one(const heft_plan_device *c, const heft_machine *machine,
                         const heft_format_speed *s)
{
    const heft_dtype_info *t = &heft_dtypes[c->cache];
    const double read = (double)c->cache_bytes / machine->read,
                 macs = s->bytes * t->block / t->bytes * HEFT_MACHINE_GROUP,
                 work = (double)c->attend_macs / macs;
    return read > work ? read : work;
}

/* Add to *seconds what a step of `rows` tokens, of a prompt or not, after `past` others takes. */
static heft_status add_step(const heft_model *m, const heft_engine_options *o,
                            const heft_machine *machine, int32_t rows, int32_t past, bool prompt,
                            double *seconds, heft_error *err)
{
    const heft_plan_device c = heft_engine_rehearse(m, o, rows, past, prompt);
    const heft_format_speed *attend = &machine->cache[o->cache];
    for (int32_t t = 0; t < HEFT_DTYPES; t++) {
        if (c.few_bytes[t] == 0 && c.many_macs[t] == 0) continue;
        const heft_format_speed *s = speed_of(machine, heft_dtypes[t].name);
        if (!s)
            return heft_fail(err, HEFT_E_UNSUPPORTED, "the machine profile has no speed of %s",
                             heft_dtypes[t].name);
        *seconds += (double)c.few_bytes[t] / s->bytes + (double)c.many_macs[t] / s->macs;
    }
    *seconds += rows < HEFT_FEW_COLUMNS ? attend_one(&c, machine, attend)
                                        : (double)c.attend_macs / attend->macs;
    return HEFT_OK;
}

heft_status heft_engine_predict(const heft_model *m, const heft_engine_options *options,
                                const heft_machine *machine, heft_prediction *out, heft_error *err)
{
    heft_engine_options o;
    heft_prediction p = { 0 };
    double prefill = 0, decode = 0, deep = 0;
    heft_status st = heft_engine_resolve(m, options, &o, err);
    if (!st) st = fits(machine, &o, err);
    if (st) return st;
    p.prompt = o.context < PROMPT ? o.context : PROMPT;
    p.depth = o.context - 1;
    for (int32_t done = 0; !st && done < p.prompt; done += o.batch) {
        const int32_t rows = p.prompt - done < o.batch ? p.prompt - done : o.batch;
        st = add_step(m, &o, machine, rows, done, p.prompt >= HEFT_PROMPT_LEAST, &prefill, err);
    }
    if (!st) st = add_step(m, &o, machine, 1, 0, false, &decode, err);
    if (!st) st = add_step(m, &o, machine, 1, p.depth, false, &deep, err);
    if (st) return st;
    p.prefill = p.prompt / prefill;
    p.decode = 1 / decode;
    p.decode_deep = 1 / deep;
    *out = p;
    return HEFT_OK;
}
