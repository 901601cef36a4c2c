/* Expressions: names, attributes, operators, calls. */
#include "text/jinja.h"

#include <math.h>
#include <string.h>

/* ---- names, attributes, items ----------------------------------------- */

static heft_jval look_up(heft_jinja *j, heft_jval name)
{
    for (const heft_jscope *s = j->scope; s; s = s->up) {
        const heft_jval *v = heft_jdict_find(j, &s->vars, name);
        if (v) return *v;
    }
    const heft_jval *v = heft_jdict_find(j, j->variables, name);
    if (v) return *v;
    const heft_jrow *row = heft_jglobal(heft_jview(name));
    if (row && row->call) return (heft_jval){ .type = J_FUNCTION, .row = row };
    if (row)
        heft_jinja_fail(j, HEFT_E_UNSUPPORTED, "heft does not have the function '%s'", row->name);
    heft_jval none = heft_jundefined("");
    none.s.p = name.s.p;
    none.s.n = name.s.n;
    return none;
}

static heft_jval missing(heft_jval name)
{
    heft_jval v = heft_jundefined("");
    if (name.type != J_STR) return v;
    v.s.p = name.s.p;
    v.s.n = name.s.n;
    return v;
}

static void check_defined(heft_jinja *j, heft_jval v)
{
    if (v.type == J_UNDEFINED)
        heft_jinja_fail(j, HEFT_E_FORMAT, "'%s' is undefined",
                        heft_show((heft_str){ v.s.p, v.s.n }).text);
}

static heft_jval method(heft_jinja *j, heft_jval self, heft_str name)
{
    const heft_jrow *row = heft_jmethod_of(self, name);
    if (!row) return (heft_jval){ .type = J_ABSENT };
    struct heft_jmethod *m = heft_jinja_alloc(j, 1, sizeof *m);
    m->self = self;
    m->row = row;
    return (heft_jval){ .type = J_METHOD, .method = m };
}

/* Position i of n, counted from the end if negative; n where there is none. */
static size_t position(int64_t i, size_t n)
{
    if (i < 0) i += (int64_t)n;
    return i < 0 || i >= (int64_t)n ? n : (size_t)i;
}

/* An item alone, J_ABSENT where there is none. */
static heft_jval item(heft_jinja *j, heft_jval v, heft_jval key)
{
    if (v.type == J_DICT) {
        if (key.type == J_LIST || key.type == J_DICT) return (heft_jval){ .type = J_ABSENT };
        const heft_jval *found = heft_jdict_find(j, v.dict, key);
        return found ? *found : (heft_jval){ .type = J_ABSENT };
    }
    if (key.type != J_INT && key.type != J_BOOL) return (heft_jval){ .type = J_ABSENT };
    int64_t i = key.type == J_INT ? key.i : key.b;
    if (v.type == J_LIST || v.type == J_TUPLE || v.type == J_RANGE) {
        size_t at = position(i, v.seq->n);
        return at < v.seq->n ? v.seq->item[at] : (heft_jval){ .type = J_ABSENT };
    }
    if (v.type != J_STR) return (heft_jval){ .type = J_ABSENT };
    size_t n = heft_jchars(j, v), at = position(i, n);
    if (at == n) return (heft_jval){ .type = J_ABSENT };
    size_t begin = heft_jchar_at(j, v, at);
    return heft_jpart(v, begin, heft_jchar_at(j, heft_jpart(v, begin, v.s.n - begin), 1));
}

/* The bounds of a range; the two items of a group. */
static heft_jval part_of(heft_jval v, heft_jval name)
{
    static const char *const bounds[] = { "start", "stop", "step" };
    for (size_t i = 0; v.type == J_RANGE && i < 3; i++)
        if (heft_jis(name, bounds[i])) return heft_jint(v.seq->from[i]);
    for (size_t i = 0; v.type == J_TUPLE && i < 2; i++)
        if (heft_jis(name, i ? "list" : v.seq->name)) return v.seq->item[i];
    return (heft_jval){ .type = J_ABSENT };
}

/* A number is its own real part, and a whole one its own numerator. */
static heft_jval number_part(heft_jval v, heft_jval name)
{
    bool real = v.type == J_FLOAT;
    heft_jval self = v.type == J_BOOL ? heft_jint(v.b) : v;
    self.data = v.data;
    if (heft_jis(name, "real") || (!real && heft_jis(name, "numerator"))) return self;
    if (heft_jis(name, "imag")) return real ? heft_jreal(0) : heft_jint(0);
    if (!real && heft_jis(name, "denominator")) return heft_jint(1);
    return (heft_jval){ .type = J_ABSENT };
}

/* An attribute alone: methods, and what namespaces and loops hold. */
static heft_jval attribute(heft_jinja *j, heft_jval v, heft_jval name)
{
    if (v.type == J_NAMESPACE) {
        const heft_jval *found = heft_jdict_find(j, v.dict, name);
        return found ? *found : (heft_jval){ .type = J_ABSENT };
    }
    if (v.type == J_LOOP) {
        heft_jval found = heft_jloop_attr(j, v.loop, heft_jview(name));
        if (found.type != J_ABSENT) return found;
    }
    if (v.type == J_CYCLER && heft_jis(name, "current")) return v.cycle->item[v.cycle->at];
    if (v.type == J_MACRO) return heft_jmacro_attr(j, v.macro, heft_jview(name));
    if (v.type == J_RANGE || (v.type == J_TUPLE && v.seq->name)) {
        heft_jval found = part_of(v, name);
        if (found.type != J_ABSENT) return found;
    }
    if (heft_jnumber(v)) {
        heft_jval found = number_part(v, name);
        if (found.type != J_ABSENT) return found;
    }
    return method(j, v, heft_jview(name));
}

heft_jval heft_jget_attr(heft_jinja *j, heft_jval v, heft_jval name)
{
    check_defined(j, v);
    if (heft_str_begins(heft_jview(name), "__")) return missing(name);
    heft_jval found = attribute(j, v, name);
    if (found.type == J_ABSENT) found = item(j, v, name);
    return found.type == J_ABSENT ? missing(name) : found;
}

heft_jval heft_jget_item(heft_jinja *j, heft_jval v, heft_jval key)
{
    check_defined(j, v);
    heft_jval found = item(j, v, key);
    if (found.type == J_ABSENT && key.type == J_STR && !heft_str_begins(heft_jview(key), "__"))
        found = attribute(j, v, key);
    return found.type == J_ABSENT ? missing(key) : found;
}

/* ---- slices ----------------------------------------------------------- */

/* One bound of a slice over n items going by `step`. */
static int64_t slice_bound(heft_jinja *j, heft_jval v, int64_t n, int64_t step, bool start)
{
    int64_t low = step < 0 ? -1 : 0, high = step < 0 ? n - 1 : n;
    if (v.type == J_ABSENT || v.type == J_NONE) return start == (step > 0) ? low : high;
    if (v.type != J_INT && v.type != J_BOOL)
        heft_jinja_fail(j, HEFT_E_FORMAT, "a slice needs whole numbers, found %s",
                        heft_jtype_name(v));
    int64_t i = v.type == J_INT ? v.i : v.b;
    if (i < 0) i = i < -n ? low : i + n < low ? low : i + n;
    return i > high ? high : i < low ? low : i;
}

heft_jval heft_jslice(heft_jinja *j, heft_jval v, const heft_jval part[3])
{
    int64_t step = 1;
    check_defined(j, v);
    if (part[2].type != J_ABSENT && part[2].type != J_NONE) {
        step = heft_jwhole(j, part[2], 1);
        if (!step) heft_jinja_fail(j, HEFT_E_FORMAT, "a slice needs a step other than 0");
    }
    if (v.type != J_STR && v.type != J_LIST && v.type != J_TUPLE && v.type != J_RANGE)
        heft_jinja_fail(j, HEFT_E_FORMAT, "a %s has no slices", heft_jtype_name(v));
    int64_t n = heft_jlength(j, v);
    int64_t begin = slice_bound(j, part[0], n, step, true);
    int64_t end = slice_bound(j, part[1], n, step, false);
    size_t count = 0;
    if (step > n + 1) step = n + 1;
    if (step < -n - 1) step = -n - 1;
    if (step > 0 && begin < end) count = (size_t)((end - begin - 1) / step) + 1;
    if (step < 0 && begin > end) count = (size_t)((begin - end - 1) / -step) + 1;
    if (v.type == J_STR && step == 1) {
        size_t first = heft_jchar_at(j, v, (size_t)begin);
        heft_jval rest = heft_jpart(v, first, v.s.n - first);
        return heft_jpart(rest, 0, heft_jchar_at(j, rest, count));
    }
    heft_jseq all = heft_jwalk(j, v);
    heft_jval *out = heft_jinja_alloc(j, count, sizeof *out);
    heft_jbuf b = { .safe = false };
    for (size_t i = 0; i < count; i++) {
        out[i] = all.item[begin + (int64_t)i * step];
        if (v.type == J_STR) heft_jbuf_str(j, &b, out[i]);
    }
    heft_jval made = v.type == J_STR ? v : heft_jseq_of(j, v.type, out, count);
    for (int i = 0; v.type == J_RANGE && i < 2; i++)
        made.seq->from[i] = v.seq->from[0] + (i ? end : begin) * v.seq->from[2];
    if (v.type == J_RANGE) made.seq->from[2] = step * v.seq->from[2];
    if (v.type != J_STR) return made;
    heft_jval s = heft_jbuf_end(j, &b);
    s.safe = v.safe;
    return s;
}

/* ---- arithmetic ------------------------------------------------------- */

static const char *operator_name(int op)
{
    return heft_jtoken_name((heft_jtoken_type)op);
}

static _Noreturn void no_operator(heft_jinja *j, int op, heft_jval a, heft_jval b)
{
    check_defined(j, a);
    check_defined(j, b);
    heft_jinja_fail(j, HEFT_E_FORMAT, "%s does not join %s and %s", operator_name(op),
                    heft_jtype_name(a), heft_jtype_name(b));
}

static _Noreturn void overflow(heft_jinja *j)
{
    heft_jinja_fail(j, HEFT_E_UNSUPPORTED, "a whole number beyond 64 bits");
}

static heft_jval power_of(heft_jinja *j, int64_t a, int64_t b)
{
    int64_t out = 1;
    if (b < 0) {
        if (!a) heft_jinja_fail(j, HEFT_E_FORMAT, "0 to a negative power");
        return heft_jreal(pow((double)a, (double)b));
    }
    if (a == 0 || a == 1) return heft_jint(b ? a : 1);
    if (a == -1) return heft_jint(b % 2 ? -1 : 1);
    for (; b; b--)
        if (__builtin_mul_overflow(out, a, &out)) overflow(j);
    return heft_jint(out);
}

static heft_jval whole_operator(heft_jinja *j, int op, int64_t a, int64_t b)
{
    int64_t out = 0;
    bool wide = false;
    switch (op) {
    case T_PLUS: wide = __builtin_add_overflow(a, b, &out); break;
    case T_MINUS: wide = __builtin_sub_overflow(a, b, &out); break;
    case T_TIMES: wide = __builtin_mul_overflow(a, b, &out); break;
    case T_POWER: return power_of(j, a, b);
    default:
        if (!b) heft_jinja_fail(j, HEFT_E_FORMAT, "%s by zero", operator_name(op));
        if (op == T_DIVIDE) return heft_jreal((double)a / (double)b);
        if (b == -1) { /* the one quotient that can overflow */
            if (op == T_MODULO) return heft_jint(0);
            if (a == INT64_MIN) overflow(j);
        }
        bool down = a % b != 0 && (a < 0) != (b < 0); /* Python rounds down */
        out = op == T_FLOOR ? a / b - down : a % b + (down ? b : 0);
    }
    if (wide) overflow(j);
    return heft_jint(out);
}

static heft_jval real_operator(heft_jinja *j, int op, double a, double b)
{
    switch (op) {
    case T_PLUS: return heft_jreal(a + b);
    case T_MINUS: return heft_jreal(a - b);
    case T_TIMES: return heft_jreal(a * b);
    case T_POWER:
        if ((a < 0 && b != floor(b)) || (a == 0 && b < 0)
            || (isfinite(a) && isfinite(b) && !isfinite(pow(a, b))))
            heft_jinja_fail(j, HEFT_E_FORMAT, "a power that is no number");
        return heft_jreal(pow(a, b));
    default: break;
    }
    if (b == 0) heft_jinja_fail(j, HEFT_E_FORMAT, "%s by zero", operator_name(op));
    if (op == T_DIVIDE) return heft_jreal(a / b);
    double rest = fmod(a, b), quotient = (a - rest) / b;
    if (rest != 0 && (rest < 0) != (b < 0)) {
        rest += b;
        quotient -= 1;
    }
    if (op == T_MODULO) return heft_jreal(rest == 0 ? copysign(0, b) : rest);
    double down = floor(quotient);
    if (quotient != 0 && quotient - down > 0.5) down += 1;
    return heft_jreal(quotient == 0 ? copysign(0, a / b) : down);
}

static double real_of(heft_jval v)
{
    return v.type == J_FLOAT ? v.f : v.type == J_BOOL ? (double)v.b : (double)v.i;
}

static heft_jval join_strings(heft_jinja *j, heft_jval a, heft_jval b)
{
    heft_jbuf out = { .safe = a.safe || b.safe };
    heft_jbuf_str(j, &out, a);
    heft_jbuf_str(j, &out, b);
    return heft_jbuf_end(j, &out);
}

static heft_jval join_seqs(heft_jinja *j, heft_jval a, heft_jval b)
{
    size_t n = a.seq->n + b.seq->n;
    heft_jval *out = heft_jinja_alloc(j, n, sizeof *out);
    if (a.seq->n) memcpy(out, a.seq->item, a.seq->n * sizeof *out);
    if (b.seq->n) memcpy(out + a.seq->n, b.seq->item, b.seq->n * sizeof *out);
    heft_jval v = heft_jseq_of(j, a.type, out, n);
    v.data = a.data || b.data;
    return v;
}

static heft_jval repeat(heft_jinja *j, heft_jval v, heft_jval times)
{
    int64_t n = times.type == J_BOOL ? times.b : times.i;
    if (n < 0) n = 0;
    if (v.type == J_STR) {
        heft_jbuf b = { .safe = v.safe };
        heft_jbuf_fill(j, &b, v, (size_t)n);
        return heft_jbuf_end(j, &b);
    }
    uint64_t total;
    if (!heft_mul(v.seq->n, (uint64_t)n, &total) || total > HEFT_MAX_TEMPLATE_MEMORY)
        heft_jinja_fail(j, HEFT_E_NOMEM, "a list repeated %lld times is too long", (long long)n);
    heft_jval *out = heft_jinja_alloc(j, total, sizeof *out);
    for (size_t i = 0; i < total; i++)
        out[i] = v.seq->item[i % v.seq->n];
    heft_jval made = heft_jseq_of(j, v.type, out, total);
    made.data = v.data;
    return made;
}

static bool is_whole(heft_jval v)
{
    return v.type == J_INT || v.type == J_BOOL;
}

heft_jval heft_jbinary(heft_jinja *j, int op, heft_jval a, heft_jval b)
{
    if (heft_jnumber(a) && heft_jnumber(b)) {
        heft_jval v =
            is_whole(a) && is_whole(b)
                ? whole_operator(j, op, a.type == J_INT ? a.i : a.b, b.type == J_INT ? b.i : b.b)
                : real_operator(j, op, real_of(a), real_of(b));
        v.data = a.data || b.data;
        return v;
    }
    if (op == T_PLUS && a.type == J_STR && b.type == J_STR) return join_strings(j, a, b);
    if (op == T_PLUS && a.type == b.type && (a.type == J_LIST || a.type == J_TUPLE))
        return join_seqs(j, a, b);
    if (op == T_MODULO && a.type == J_STR) return heft_jpercent(j, a, b);
    if (op == T_TIMES && is_whole(a)) {
        heft_jval other = a;
        a = b;
        b = other;
    }
    if (op == T_TIMES && is_whole(b) && (a.type == J_STR || a.type == J_LIST || a.type == J_TUPLE))
        return repeat(j, a, b);
    no_operator(j, op, a, b);
}

static heft_jval sign(heft_jinja *j, const heft_jnode *n)
{
    heft_jval v = heft_jeval(j, n->a);
    if (!heft_jnumber(v)) no_operator(j, n->op, v, v);
    heft_jval out = v.type == J_FLOAT  ? heft_jreal(n->op == T_MINUS ? -v.f : v.f)
                    : n->op == T_MINUS ? whole_operator(j, T_MINUS, 0, v.type == J_INT ? v.i : v.b)
                                       : heft_jint(v.type == J_INT ? v.i : v.b);
    out.data = v.data;
    return out;
}

static bool compare(heft_jinja *j, int op, heft_jval a, heft_jval b)
{
    bool unordered = false;
    if (op == T_EQUAL) return heft_jequal(j, a, b);
    if (op == T_NOT_EQUAL) return !heft_jequal(j, a, b);
    if (op == T_IN) return heft_jcontains(j, b, a);
    if (op == T_NOT_IN) return !heft_jcontains(j, b, a);
    check_defined(j, a);
    check_defined(j, b);
    int order = heft_jcompare(j, a, b, &unordered);
    if (unordered) return false;
    if (op == T_LESS) return order < 0;
    if (op == T_LESS_EQUAL) return order <= 0;
    if (op == T_GREATER) return order > 0;
    return order >= 0;
}

static heft_jval comparison(heft_jinja *j, const heft_jnode *n)
{
    heft_jval a = heft_jeval(j, n->a);
    for (size_t i = 0; i < n->n; i++) {
        heft_jval b = heft_jeval(j, n->list[i]->b);
        j->at = n;
        if (!compare(j, n->list[i]->op, a, b)) return heft_jbool(false);
        a = b;
    }
    return heft_jbool(true);
}

/* ---- calls ------------------------------------------------------------ */

static void add_named(heft_jinja *j, heft_jargs *args, heft_jval key, heft_jval value)
{
    if (key.type != J_STR) heft_jinja_fail(j, HEFT_E_FORMAT, "the name behind ** is no string");
    for (size_t i = 0; i < args->n_named; i++)
        if (heft_str_eq(heft_jview(args->named[i].key), heft_jview(key)))
            heft_jinja_fail(j, HEFT_E_FORMAT, "the argument '%s' is given twice",
                            heft_show(heft_jview(key)).text);
    args->named[args->n_named++] = (heft_jentry){ .key = key, .value = value };
}

/* How many arguments list[i] is, whose value is v; a spread one becomes what is to be walked. */
static size_t count_of(heft_jinja *j, const heft_jnode *arg, heft_jval *v)
{
    if (arg->kind != N_SPREAD) return 1;
    if (arg->op && v->type != J_DICT)
        heft_jinja_fail(j, HEFT_E_FORMAT, "** needs a dict, found %s", heft_jtype_name(*v));
    if (arg->op) return v->dict->n;
    heft_jseq seq = heft_jwalk(j, *v);
    *v = heft_jseq_of(j, J_LIST, seq.item, seq.n);
    return seq.n;
}

static heft_jargs arguments(heft_jinja *j, const heft_jnode *n)
{
    heft_jargs args = { .n = 0 };
    heft_jval *value = heft_jinja_alloc(j, n->n, sizeof *value);
    size_t total = 0;
    for (size_t i = 0; i < n->n; i++) {
        const heft_jnode *arg = n->list[i];
        value[i] = heft_jeval(j, arg->kind == N_NAMED || arg->kind == N_SPREAD ? arg->a : arg);
        j->at = n;
        total += count_of(j, arg, &value[i]);
    }
    args.arg = heft_jinja_alloc(j, total, sizeof *args.arg);
    args.named = heft_jinja_alloc(j, total, sizeof *args.named);
    for (size_t i = 0; i < n->n; i++) {
        const heft_jnode *arg = n->list[i];
        if (arg->kind == N_NAMED) {
            add_named(j, &args, arg->value, value[i]);
        } else if (arg->kind != N_SPREAD) {
            args.arg[args.n++] = value[i];
        } else if (arg->op) {
            for (size_t k = 0; k < value[i].dict->n; k++)
                add_named(j, &args, value[i].dict->entry[k].key, value[i].dict->entry[k].value);
        } else {
            for (size_t k = 0; k < value[i].seq->n; k++)
                args.arg[args.n++] = value[i].seq->item[k];
        }
    }
    return args;
}

/* Does the i-th of the names separated by spaces equal name? */
static bool param_is(const char *params, int i, heft_str name, bool *past)
{
    const char *p = params;
    for (; i && *p; i--) {
        p += strcspn(p, " ");
        p += *p == ' ';
    }
    *past = *p == 0;
    return !*past && strcspn(p, " ") == name.n && memcmp(p, name.p, name.n) == 0;
}

heft_jval heft_jcall_row(heft_jinja *j, const heft_jrow *row, heft_jval self,
                         const heft_jargs *args)
{
    heft_jval arg[J_MAX_PARAMS] = { { .type = J_ABSENT } };
    bool past = false;
    int most = 0;
    if (!row->call) heft_jinja_fail(j, HEFT_E_UNSUPPORTED, "heft does not have '%s'", row->name);
    if (self.type == J_STR) heft_jinja_step(j, self.s.n / 4); /* most look at every character */
    if (row->params[0] == '*') return row->call(j, self, arg, args);
    while (most < J_MAX_PARAMS && (param_is(row->params, most, (heft_str){ "", 0 }, &past), !past))
        most++;
    if (args->n > (size_t)most)
        heft_jinja_fail(j, HEFT_E_FORMAT, "%s takes %d arguments, found %zu", row->name, most,
                        args->n);
    for (size_t i = 0; i < args->n; i++)
        arg[i] = args->arg[i];
    for (size_t i = 0; i < args->n_named; i++) {
        heft_str name = heft_jview(args->named[i].key);
        int at = 0;
        while (at < most && !param_is(row->params, at, name, &past))
            at++;
        if (at == most || arg[at].type != J_ABSENT)
            heft_jinja_fail(j, HEFT_E_FORMAT, "%s takes no argument '%s' here", row->name,
                            heft_show(name).text);
        arg[at] = args->named[i].value;
    }
    for (int i = 0; i < row->least; i++)
        if (arg[i].type == J_ABSENT)
            heft_jinja_fail(j, HEFT_E_FORMAT, "%s needs %d arguments", row->name, row->least);
    return row->call(j, self, arg, args);
}

static heft_jval call_cycle(heft_jinja *j, heft_jval v)
{
    struct heft_jcycle *c = v.cycle;
    (void)j;
    if (v.type == J_JOINER) return c->at++ ? c->item[0] : heft_jz("");
    heft_jval out = c->item[c->at];
    c->at = (c->at + 1) % c->n;
    return out;
}

heft_jval heft_jcall(heft_jinja *j, heft_jval callee, const heft_jargs *args)
{
    if (callee.type == J_MACRO) return heft_jcall_macro(j, callee.macro, args);
    if (callee.type == J_METHOD)
        return heft_jcall_row(j, callee.method->row, callee.method->self, args);
    if (callee.type == J_FUNCTION) return heft_jcall_row(j, callee.row, callee, args);
    if (callee.type == J_LOOP) return heft_jcall_loop(j, callee.loop, args);
    if ((callee.type == J_CYCLER && callee.cycle->n) || callee.type == J_JOINER)
        return call_cycle(j, callee);
    check_defined(j, callee);
    heft_jinja_fail(j, HEFT_E_FORMAT, "a %s cannot be called", heft_jtype_name(callee));
}

static heft_jval apply(heft_jinja *j, const heft_jnode *n)
{
    if (!n->row || !n->row->call) {
        j->at = n;
        heft_jinja_fail(j, HEFT_E_UNSUPPORTED, "heft does not have the %s '%s'",
                        n->kind == N_TEST ? "test" : "filter",
                        heft_show(heft_jview(n->value)).text);
    }
    heft_jval self = heft_jeval(j, n->a);
    heft_jargs args = arguments(j, n);
    return heft_jcall_row(j, n->row, self, &args);
}

/* ---- evaluating ------------------------------------------------------- */

static heft_jval collect(heft_jinja *j, const heft_jnode *n)
{
    heft_jval *item = heft_jinja_alloc(j, n->n, sizeof *item);
    for (size_t i = 0; i < n->n; i++)
        item[i] = heft_jeval(j, n->list[i]);
    return heft_jseq_of(j, n->kind == N_LIST ? J_LIST : J_TUPLE, item, n->n);
}

static heft_jval make_dict(heft_jinja *j, const heft_jnode *n)
{
    heft_jval v = heft_jdict_of(j);
    for (size_t i = 0; i < n->n; i += 2) {
        heft_jval key = heft_jeval(j, n->list[i]);
        heft_jdict_set(j, v.dict, key, heft_jeval(j, n->list[i + 1]));
    }
    return v;
}

static heft_jval concatenate(heft_jinja *j, const heft_jnode *n)
{
    heft_jbuf b = { .n = 0 };
    for (size_t i = 0; i < n->n; i++)
        heft_jbuf_str(j, &b, heft_jtext(j, heft_jeval(j, n->list[i])));
    return heft_jbuf_end(j, &b);
}

static heft_jval slice(heft_jinja *j, const heft_jnode *n)
{
    heft_jval part[3] = { { .type = J_ABSENT }, { .type = J_ABSENT }, { .type = J_ABSENT } };
    heft_jval v = heft_jeval(j, n->a);
    for (size_t i = 0; i < 3; i++)
        if (n->list[i]) part[i] = heft_jeval(j, n->list[i]);
    j->at = n;
    return heft_jslice(j, v, part);
}

static heft_jval binary(heft_jinja *j, const heft_jnode *n)
{
    heft_jval a = heft_jeval(j, n->a), b = heft_jeval(j, n->b);
    j->at = n;
    return heft_jbinary(j, n->op, a, b);
}

static heft_jval either(heft_jinja *j, const heft_jnode *n)
{
    heft_jval a = heft_jeval(j, n->a);
    return heft_jtrue(j, a) == (n->kind == N_OR) ? a : heft_jeval(j, n->b);
}

static heft_jval choose(heft_jinja *j, const heft_jnode *n)
{
    if (heft_jtrue(j, heft_jeval(j, n->a))) return heft_jeval(j, n->b);
    return n->c ? heft_jeval(j, n->c) : heft_jundefined("an if without else");
}

static heft_jval call_node(heft_jinja *j, const heft_jnode *n)
{
    heft_jval callee = heft_jeval(j, n->a);
    heft_jargs args = arguments(j, n);
    return heft_jcall(j, callee, &args);
}

static heft_jval attr_node(heft_jinja *j, const heft_jnode *n)
{
    heft_jval v = heft_jeval(j, n->a);
    j->at = n;
    return heft_jget_attr(j, v, n->value);
}

static heft_jval item_node(heft_jinja *j, const heft_jnode *n)
{
    heft_jval v = heft_jeval(j, n->a), key = heft_jeval(j, n->b);
    j->at = n;
    return heft_jget_item(j, v, key);
}

static heft_jval eval_inside(heft_jinja *j, const heft_jnode *n)
{
    switch ((int)n->kind) {
    case N_LITERAL: return n->value;
    case N_NAME: return look_up(j, n->value);
    case N_LIST:
    case N_TUPLE: return collect(j, n);
    case N_DICT: return make_dict(j, n);
    case N_ATTR: return attr_node(j, n);
    case N_ITEM: return item_node(j, n);
    case N_SLICE: return slice(j, n);
    case N_CALL: return call_node(j, n);
    case N_FILTER:
    case N_TEST: return apply(j, n);
    case N_UNARY: return sign(j, n);
    case N_BINARY: return binary(j, n);
    case N_COMPARE: return comparison(j, n);
    case N_AND:
    case N_OR: return either(j, n);
    case N_NOT: return heft_jbool(!heft_jtrue(j, heft_jeval(j, n->a)));
    case N_IF_EXPR: return choose(j, n);
    default: return concatenate(j, n);
    }
}

heft_jval heft_jeval(heft_jinja *j, const heft_jnode *n)
{
    heft_jinja_step(j, 1);
    heft_jinja_enter(j);
    j->at = n;
    heft_jval v = eval_inside(j, n);
    j->depth--;
    return v;
}
