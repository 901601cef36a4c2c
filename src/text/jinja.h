/* The template interpreter's inside: values, syntax trees, and what its files share.
 *
 * The language is Jinja as chat templates use it, by the rules of Python's jinja2 in its immutable
 * sandbox. One heft_jinja is one parse or one rendering: everything it makes lies in its arena, so
 * a failure may leave from any depth (heft_jinja_fail jumps to where the parse or the rendering
 * began) and nothing is lost. Values are immutable, but for namespaces and consumed generators.
 *
 * Every string knows for each of its bytes whether the template's author or the caller's data
 * wrote it. What is made of both keeps the parts apart; what is made from a value by computing
 * (the digits of a number, the quotes and commas of JSON) counts as data if the value does. */
#ifndef HEFT_TEXT_JINJA_H
#define HEFT_TEXT_JINJA_H

#include "base/bounds.h"
#include "base/mem.h"

#include <jansson.h>
#include <setjmp.h>
#include <time.h>

/* ---- values ----------------------------------------------------------- */

typedef enum {
    J_ABSENT, /* an argument that was not given; never the value of an expression */
    J_UNDEFINED,
    J_NONE,
    J_BOOL,
    J_INT,
    J_FLOAT,
    J_STR,
    J_LIST,
    J_TUPLE,
    J_RANGE,
    J_VIEW,      /* keys(), values(), items() of a dict */
    J_GENERATOR, /* can be walked once */
    J_DICT,
    J_NAMESPACE,
    J_LOOP,
    J_MACRO,
    J_FUNCTION, /* a global */
    J_METHOD,
    J_CYCLER,
    J_JOINER,
} heft_jtype;

typedef struct heft_jseq heft_jseq;
typedef struct heft_jdict heft_jdict;

typedef struct {
    heft_jtype type;
    bool data; /* from the caller; for a string without `from`, all of it */
    bool safe; /* a string that counts as escaped HTML (the filter safe) */
    union {
        bool b;
        int64_t i;
        double f;
        struct { /* J_STR: UTF-8; J_UNDEFINED: the name that was not found */
            const char *p;
            size_t n;
            const uint8_t *from; /* (n) 1: from the caller; NULL: see data */
        } s;
        heft_jseq *seq;
        heft_jdict *dict; /* J_DICT, J_NAMESPACE */
        struct heft_jloop *loop;
        struct heft_jmacro *macro;
        const struct heft_jrow *row; /* J_FUNCTION */
        struct heft_jmethod *method;
        struct heft_jcycle *cycle; /* J_CYCLER, J_JOINER */
    };
} heft_jval;

struct heft_jseq {
    heft_jval *item;
    size_t n;
    size_t at;        /* J_GENERATOR: consumed so far */
    const char *name; /* J_VIEW: "dict_keys"; J_TUPLE: its first item's, or NULL */
    int64_t from[3];  /* J_RANGE: start, stop, step */
};

typedef struct {
    heft_jval key, value;
} heft_jentry;

struct heft_jdict {
    heft_jentry *entry; /* in order of insertion */
    size_t n, cap;
};

struct heft_jmethod {
    heft_jval self;
    const struct heft_jrow *row;
};

struct heft_jcycle {
    heft_jval *item; /* a joiner: one, the separator */
    size_t n, at;
};

/* Arguments of a call: positional ones, then those by name. */
typedef struct {
    heft_jval *arg;
    size_t n;
    heft_jentry *named;
    size_t n_named;
} heft_jargs;

/* ---- syntax ----------------------------------------------------------- */

typedef enum {
    /* expressions */
    N_LITERAL,
    N_NAME,
    N_LIST,
    N_TUPLE,
    N_DICT,    /* list: key, value, key, value */
    N_ATTR,    /* a.value */
    N_ITEM,    /* a[b] */
    N_SLICE,   /* a[list 0:list 1:list 2], each may be NULL */
    N_CALL,    /* a(list...) */
    N_NAMED,   /* value=a, an argument; behind those without a name */
    N_SPREAD,  /* *a, arguments; op: **a, with names */
    N_FILTER,  /* a|row(list...); a NULL: what a filter block holds */
    N_TEST,    /* a is row(list...) */
    N_UNARY,   /* op a */
    N_BINARY,  /* a op b */
    N_COMPARE, /* a, then list of N_BINARY whose b is the next operand */
    N_AND,
    N_OR,
    N_NOT,
    N_IF_EXPR, /* b if a else c; c may be NULL */
    N_CONCAT,  /* list */
    /* statements */
    N_BODY, /* list */
    N_TEXT,
    N_OUTPUT,     /* a */
    N_IF,         /* a, b, c; c may be NULL, or an N_IF: elif */
    N_FOR,        /* a target, b iterable, c condition; list: body, else (or NULL); op: recursive */
    N_SET,        /* a = b */
    N_SET_BLOCK,  /* a, b body, c filter chain or NULL */
    N_NS_TARGET,  /* value.b->value, a target */
    N_MACRO,      /* value(list...) b body; N_NAME parameters, a of each its default */
    N_CALL_BLOCK, /* a the call, b an N_MACRO */
    N_FILTER_BLOCK, /* a the chain, b body */
    N_WITH,         /* list of N_SET, b body */
    N_BLOCK,        /* b body; op: it sees the variables around it */
    N_BREAK,
    N_CONTINUE,
} heft_jkind;

enum { J_USES_CALLER = 1, J_USES_VARARGS = 2, J_USES_KWARGS = 4 }; /* op of N_MACRO */

typedef struct heft_jnode {
    heft_jkind kind;
    int op; /* a token, or flags */
    int32_t line, column;
    heft_jval value;
    struct heft_jnode *a, *b, *c;
    struct heft_jnode **list;
    size_t n;
    const struct heft_jrow *row;
} heft_jnode;

/* ---- one parse or rendering ------------------------------------------- */

typedef struct heft_jscope {
    struct heft_jscope *up;
    heft_jdict vars;
} heft_jscope;

typedef struct heft_jmacro {
    const heft_jnode *node;
    heft_jscope *scope; /* where it was defined */
} heft_jmacro;

/* A string, or the output, while it grows. */
typedef struct {
    char *p;
    uint8_t *from;
    size_t n, cap;
    bool safe; /* what is made becomes safe, and what is not is escaped on its way in */
} heft_jbuf;

typedef struct heft_jinja {
    heft_arena arena;
    size_t bytes;   /* taken from it */
    uint64_t steps; /* done */
    int32_t depth;
    const char *name;     /* of the template, for messages */
    const heft_jnode *at; /* what is being evaluated, for messages */
    heft_jbuf *out;
    heft_jscope *scope, *top;
    heft_jdict *variables;
    struct tm now;
    heft_error *err;
    heft_status status;
    jmp_buf failed;
} heft_jinja;

typedef const heft_jval *heft_jargv;  /* bound to a row's parameters */
typedef const heft_jargs *heft_jrest; /* all, as they were given */

/* A filter, test, function or method. params: its parameters' names, separated by spaces; "*":
 * any, in `all` alone. arg[i] is J_ABSENT where parameter i was not given; the first `least` are.
 * call NULL: the name is known and heft refuses it. */
enum { J_MAX_PARAMS = 6 };
typedef struct heft_jrow {
    const char *name, *params;
    int least;
    heft_jval (*call)(heft_jinja *j, heft_jval self, heft_jargv arg, heft_jrest all);
} heft_jrow;

/* ---- jinja_value.c: memory, failing, strings, comparing --------------- */

/* Zeroed; never NULL: fails where the memory or the bound ends. */
void *heft_jinja_alloc(heft_jinja *j, size_t n, size_t size);
/* Count n steps; fails where the bound ends. */
void heft_jinja_step(heft_jinja *j, size_t n);
/* One level deeper into the C stack; fails where the bound ends. Undo with j->depth--. */
void heft_jinja_enter(heft_jinja *j);
/* End the parse or the rendering: "name:line:column: ..." of j->at. */
_Noreturn void heft_jinja_fail(heft_jinja *j, heft_status code, const char *fmt, ...)
    HEFT_PRINTF(3, 4);

/* End the rendering with the template's own words, which become the whole message. */
_Noreturn void heft_jinja_raise(heft_jinja *j, heft_jval message);

heft_jval heft_jbool(bool b);
heft_jval heft_jint(int64_t i);
heft_jval heft_jreal(double f);
heft_jval heft_jnone(void);
heft_jval heft_jundefined(const char *name);
heft_jval heft_jz(const char *z);                       /* static text, of the template */
heft_jval heft_jpart(heft_jval s, size_t at, size_t n); /* bytes of a string */
heft_jval heft_jseq_of(heft_jinja *j, heft_jtype type, heft_jval *item, size_t n);
heft_jval heft_jdict_of(heft_jinja *j);
heft_str heft_jview(heft_jval s);
bool heft_jis(heft_jval s, const char *z);
bool heft_jnumber(heft_jval v); /* a bool is one */
bool heft_jhas_seq(heft_jval v);
/* An argument that was given and is not none. */
bool heft_jgiven(heft_jval v);
/* An argument that must be a whole number; `absent` where it was not given. */
int64_t heft_jwhole(heft_jinja *j, heft_jval v, int64_t absent);
/* Does any part of it come from the caller? */
bool heft_jfrom_data(heft_jval v);

void heft_jbuf_bytes(heft_jinja *j, heft_jbuf *b, const char *p, size_t n, bool data);
void heft_jbuf_z(heft_jinja *j, heft_jbuf *b, const char *z, bool data);
void heft_jbuf_str(heft_jinja *j, heft_jbuf *b, heft_jval s);
void heft_jbuf_fill(heft_jinja *j, heft_jbuf *b, heft_jval s, size_t times);
heft_jval heft_jbuf_end(heft_jinja *j, const heft_jbuf *b);
heft_jval heft_jescape(heft_jinja *j, heft_jval s); /* as HTML; a safe string stays */

bool heft_jtrue(heft_jinja *j, heft_jval v);
bool heft_jequal(heft_jinja *j, heft_jval a, heft_jval b);
/* < 0, 0, > 0; fails for what Python cannot order. NaN: *unordered. */
int heft_jcompare(heft_jinja *j, heft_jval a, heft_jval b, bool *unordered);
bool heft_jcontains(heft_jinja *j, heft_jval container, heft_jval v);
const char *heft_jtype_name(heft_jval v); /* Python's */

heft_jval *heft_jdict_find(heft_jinja *j, const heft_jdict *d, heft_jval key);
void heft_jdict_set(heft_jinja *j, heft_jdict *d, heft_jval key, heft_jval value);
/* What a walk over v gives, as a list; a generator is consumed. Fails for what has no items. */
heft_jseq heft_jwalk(heft_jinja *j, heft_jval v);
int64_t heft_jlength(heft_jinja *j, heft_jval v);

/* ---- jinja_text.c: characters, and values as text --------------------- */

size_t heft_jchars(heft_jinja *j, heft_jval s);
/* The byte where character `at` begins; s.n from the end on. */
size_t heft_jchar_at(heft_jinja *j, heft_jval s, size_t at);
bool heft_jspace(int32_t cp); /* what Python's strip removes */
bool heft_jline_end(int32_t cp);
bool heft_jalnum(int32_t cp);
/* The value of a decimal digit of any script, or -1. */
int heft_jdigit(int32_t cp);
bool heft_jprintable(int32_t cp);
/* Does it belong into a name, or first: begin one? */
bool heft_jidentifier(int32_t cp, bool first);
typedef enum { J_UPPER, J_LOWER, J_TITLE } heft_jcase;
/* Bytes at .. at + n of s, a whole number of characters, in another case. */
void heft_jbuf_case(heft_jinja *j, heft_jbuf *b, heft_jval s, size_t at, size_t n, heft_jcase how);
heft_jval heft_jcased(heft_jinja *j, heft_jval s, heft_jcase how);
/* Without the characters at its ends that `which` has (NULL: white space). ends: 1 left, 2 right.*/
heft_jval heft_jstrip(heft_jinja *j, heft_jval s, const heft_jval *which, int ends);
heft_jval heft_jreplace(heft_jinja *j, heft_jval s, heft_jval old, heft_jval new, int64_t most);
heft_jval heft_jjoin(heft_jinja *j, heft_jval separator, const heft_jval *item, size_t n);
heft_jval heft_jlines(heft_jinja *j, heft_jval s, bool keep); /* splitlines: a list */
/* First occurrence of `what` in s at or after byte `at`; SIZE_MAX: none. */
size_t heft_jfind(heft_jinja *j, heft_jval s, heft_jval what, size_t at);
/* str(v) and repr(v). */
heft_jval heft_jtext(heft_jinja *j, heft_jval v);
void heft_jbuf_repr(heft_jinja *j, heft_jbuf *b, heft_jval v);
/* Python's repr of a float, into out[40]. */
void heft_jfloat_repr(double f, char out[40]);

/* ---- jinja_format.c --------------------------------------------------- */

heft_jval heft_jpercent(heft_jinja *j, heft_jval s, heft_jval with); /* s % with */
heft_jval heft_jformat(heft_jinja *j, heft_jval s, const heft_jargs *args);

/* ---- jinja_json.c ----------------------------------------------------- */

/* The value of a JSON text's tree; data: it comes from the caller. Strings are borrowed. */
heft_jval heft_jfrom_json(heft_jinja *j, json_t *v, bool data);
typedef struct {
    bool ascii, sort;
    const heft_jval *indent; /* a string, or NULL */
    heft_jval comma, colon;
} heft_jjson;
heft_jval heft_jto_json(heft_jinja *j, heft_jval v, const heft_jjson *how);

/* ---- jinja_filters.c, jinja_lists.c, jinja_tests.c, jinja_methods.c --- */

extern const heft_jrow heft_jfilters[], heft_jlist_filters[], heft_jtests[], heft_jglobals[];
const heft_jrow *heft_jfilter(heft_str name);
const heft_jrow *heft_jtest(heft_str name);
const heft_jrow *heft_jglobal(heft_str name);
/* Methods by type; of strings, those of jinja_chars.c. */
extern const heft_jrow heft_jchar_methods[], heft_jint_methods[], heft_jfloat_methods[];
/* The method of a value by Python's name for it, or NULL. */
const heft_jrow *heft_jmethod_of(heft_jval self, heft_str name);
/* Is there a method of this name that heft has, of any type? *known: of any type in Python. */
bool heft_jmethod_somewhere(heft_str name, bool *known);

/* ---- jinja_eval.c: expressions ---------------------------------------- */

heft_jval heft_jeval(heft_jinja *j, const heft_jnode *n);
heft_jval heft_jcall(heft_jinja *j, heft_jval callee, const heft_jargs *args);
/* Call a row with args bound to its parameters. */
heft_jval heft_jcall_row(heft_jinja *j, const heft_jrow *row, heft_jval self,
                         const heft_jargs *args);
heft_jval heft_jget_item(heft_jinja *j, heft_jval v, heft_jval key);
heft_jval heft_jget_attr(heft_jinja *j, heft_jval v, heft_jval name);
heft_jval heft_jbinary(heft_jinja *j, int op, heft_jval a, heft_jval b);
heft_jval heft_jslice(heft_jinja *j, heft_jval v, const heft_jval part[3]);

/* ---- jinja_exec.c: statements, macros, loops -------------------------- */

void heft_jexec(heft_jinja *j, const heft_jnode *body);
heft_jval heft_jcall_macro(heft_jinja *j, const heft_jmacro *m, const heft_jargs *args);
/* What a template can ask about a macro, or J_ABSENT. */
heft_jval heft_jmacro_attr(heft_jinja *j, const heft_jmacro *m, heft_str name);
heft_jval heft_jcall_loop(heft_jinja *j, struct heft_jloop *loop, const heft_jargs *args);
int64_t heft_jloop_length(heft_jinja *j, struct heft_jloop *loop);
heft_jval heft_jloop_attr(heft_jinja *j, struct heft_jloop *loop, heft_str name);
heft_jval heft_jloop_changed(heft_jinja *j, struct heft_jloop *loop, const heft_jargs *args);
heft_jval heft_jloop_cycle(heft_jinja *j, struct heft_jloop *loop, const heft_jargs *args);

/* ---- jinja_lex.c, jinja_parse.c --------------------------------------- */

typedef enum {
    T_END,
    T_DATA,
    T_OUTPUT_BEGIN,
    T_OUTPUT_END,
    T_BLOCK_BEGIN,
    T_BLOCK_END,
    T_NAME,
    T_STRING,
    T_INT,
    T_FLOAT,
    T_PLUS,
    T_MINUS,
    T_TIMES,
    T_DIVIDE,
    T_FLOOR,
    T_MODULO,
    T_POWER,
    T_TILDE,
    T_OPEN_ROUND,
    T_CLOSE_ROUND,
    T_OPEN_SQUARE,
    T_CLOSE_SQUARE,
    T_OPEN_CURLY,
    T_CLOSE_CURLY,
    T_EQUAL,
    T_NOT_EQUAL,
    T_LESS,
    T_LESS_EQUAL,
    T_GREATER,
    T_GREATER_EQUAL,
    T_ASSIGN,
    T_DOT,
    T_COLON,
    T_PIPE,
    T_COMMA,
    T_SEMICOLON,
    T_IN, /* operators that are words, made by the parser */
    T_NOT_IN,
} heft_jtoken_type;

typedef struct {
    heft_jtoken_type type;
    int32_t line, column; /* from 1 */
    heft_jval value;      /* text, name, string, number */
} heft_jtoken;

/* The whole source as tokens, ended by T_END. */
heft_jtoken *heft_jlex(heft_jinja *j, heft_str source, size_t *n);
/* What a token is called in messages. */
const char *heft_jtoken_name(heft_jtoken_type type);
heft_jnode *heft_jparse(heft_jinja *j, heft_str source);

/* ---- jinja_variables.c ------------------------------------------------ */

/* heft_template_variables, of a tree. */
heft_status heft_jinja_variables(const heft_jnode *body, bool (*take)(void *to, heft_str name),
                                 void *to, heft_error *err);

#endif
