/* The command line: values, ranges, words, suggestions, help. */
#include "cli/args.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

typedef enum { RED, GREEN, BLUE } colour;

typedef struct {
    bool loud;
    int32_t count;
    float share;
    uint64_t seed;
    const char *text;
    heft_texts stop;
    colour colour;
} options;

static const options defaults = { .count = 7, .share = 0.5f };

static const heft_arg args[] = {
    { HEFT_ARG(options, 'l', "loud", FLAG, loud, NULL), .help = "be loud" },
    { HEFT_ARG(options, 'n', "count", INT, count, "N"), .min = -1, .max = 100, .help = "how many" },
    { HEFT_ARG(options, 0, "share", REAL, share, "X"), .max = 1, .help = "how much" },
    { HEFT_ARG(options, 0, "seed", SEED, seed, "S"), .help = "which" },
    { HEFT_ARG(options, 0, "text", TEXT, text, "TEXT"), .help = "what" },
    { HEFT_ARG(options, 0, "stop", TEXTS, stop, "TEXT"), .help = "where" },
    { HEFT_ARG(options, 0, "colour", CHOICE, colour, "red|green|blue"), .help = "a colour" },
};

static const heft_verb verb = {
    .name = "paint",
    .operands = "WALL [BRUSH]",
    .least = 1,
    .most = 2,
    .summary = "paint a wall",
    .example = "  heft paint north\n",
    .arg = args,
    .n_args = sizeof args / sizeof args[0],
    .defaults = &defaults,
    .size = sizeof defaults,
};

/* A parsed command line, and what it was parsed into. */
typedef struct {
    options o;
    const char *operand[32];
    heft_call call;
    heft_error err;
    heft_status st;
} parsed;

/* words: ended by NULL. */
static void parse(parsed *p, const char *const *words)
{
    int n = 0;
    while (words[n])
        n++;
    *p = (parsed){ .o = defaults };
    p->call = (heft_call){
        .verb = &verb, .argc = n, .argv = words, .options = &p->o, .operand = p->operand
    };
    p->st = heft_args_parse(&p->call, &p->err);
}

#define PARSE(p, ...) parse(p, (const char *[]){ __VA_ARGS__, NULL })

static void options_set_what_their_row_names(void **state)
{
    (void)state;
    parsed p;
    PARSE(&p, "north", "-l", "--count", "12", "--share=0.25", "--seed", "18446744073709551615",
          "--text=a=b", "--colour", "blue");
    assert_int_equal(p.st, HEFT_OK);
    assert_true(p.o.loud);
    assert_int_equal(p.o.count, 12);
    assert_true(p.o.share == 0.25f);
    assert_true(p.o.seed == UINT64_MAX);
    assert_string_equal(p.o.text, "a=b");
    assert_int_equal(p.o.colour, BLUE);
    assert_int_equal(p.call.n_operands, 1);
    assert_string_equal(p.call.operand[0], "north");
}

static void what_is_not_given_keeps_its_default(void **state)
{
    (void)state;
    parsed p;
    PARSE(&p, "north");
    assert_int_equal(p.o.count, 7);
    assert_true(p.o.share == 0.5f);
    assert_false(p.o.loud);
    assert_null(p.o.text);
}

static void the_last_of_a_repeated_option_counts_and_texts_add_up(void **state)
{
    (void)state;
    parsed p;
    PARSE(&p, "north", "-n", "1", "-n", "2", "--stop", "a", "--stop", "b");
    assert_int_equal(p.o.count, 2);
    assert_int_equal(p.o.stop.n, 2);
    assert_string_equal(p.o.stop.text[1], "b");
}

static void a_value_may_begin_with_a_dash(void **state)
{
    (void)state;
    parsed p;
    PARSE(&p, "north", "-n", "-1", "--text", "--help");
    assert_int_equal(p.st, HEFT_OK);
    assert_int_equal(p.o.count, -1);
    assert_string_equal(p.o.text, "--help");
    assert_false(p.call.help);
}

static void two_dashes_end_the_options_and_one_is_a_word(void **state)
{
    (void)state;
    parsed p;
    PARSE(&p, "-", "--", "-n");
    assert_int_equal(p.st, HEFT_OK);
    assert_int_equal(p.call.n_operands, 2);
    assert_string_equal(p.call.operand[0], "-");
    assert_string_equal(p.call.operand[1], "-n");
}

static void help_wins_over_missing_words(void **state)
{
    (void)state;
    parsed p;
    PARSE(&p, "--help");
    assert_int_equal(p.st, HEFT_OK);
    assert_true(p.call.help);
    PARSE(&p, "-h", "--nonsense");
    assert_true(p.call.help);
}

static void parsing_again_keeps_what_was_given(void **state)
{
    (void)state;
    parsed p;
    PARSE(&p, "north", "--count", "12", "--stop", "a");
    options recommended = { .count = 1, .share = 0.75f };
    heft_args_again(&p.call, &recommended);
    assert_int_equal(recommended.count, 12);
    assert_true(recommended.share == 0.75f);
    assert_int_equal(recommended.stop.n, 1);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *word[4]; /* ended by NULL */
        const char *said;
    } wrong[] = {
        { { "north", "-n", "101" }, "--count: 101 is not in -1 to 100" },
        { { "north", "-n", "-2" }, "--count: -2 is not in -1 to 100" },
        { { "north", "-n", "99999999999999999999" },
          "--count: 99999999999999999999 is not in -1 to 100" },
        { { "north", "-n", "5x" }, "--count: '5x' is not a whole number" },
        { { "north", "-n", "" }, "--count: '' is not a whole number" },
        { { "north", "-n", "1.5" }, "--count: '1.5' is not a whole number" },
        { { "north", "--share", "1.01" }, "--share: 1.01 is not in 0 to 1" },
        { { "north", "--share", "nan" }, "--share: nan is not in 0 to 1" },
        { { "north", "--share", "half" }, "--share: 'half' is not a number" },
        { { "north", "--seed", "-1" }, "--seed: '-1' is not a whole number of 64 bits" },
        { { "north", "--seed", "18446744073709551616" },
          "--seed: '18446744073709551616' is not a whole number of 64 bits" },
        { { "north", "--colour", "gre" }, "--colour: 'gre' is none of red|green|blue" },
        { { "north", "--colour", "" }, "--colour: '' is none of red|green|blue" },
        { { "north", "--loud=yes" }, "--loud takes no value" },
        { { "north", "--count" }, "--count needs a value (N)" },
        { { "north", "--cuont", "1" },
          "paint: unknown option --cuont, nearest is --count (see heft paint --help)" },
        { { "north", "--zebra" }, "paint: unknown option --zebra (see heft paint --help)" },
        { { "north", "-x" }, "paint: unknown option -x (see heft paint --help)" },
        { { "north", "--c\x01" }, "paint: unknown option --c\\x01 (see heft paint --help)" },
        { { "-l" },
          "paint: something is missing, the use is: heft paint WALL [BRUSH] [option...]" },
        { { "a", "b", "c" },
          "paint: too many words, the use is: heft paint WALL [BRUSH] [option...]" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        parsed p;
        parse(&p, wrong[i].word);
        assert_int_equal(p.st, HEFT_E_ARG);
        assert_string_equal(p.err.text, wrong[i].said);
    }
}

static void a_list_of_texts_has_an_end(void **state)
{
    (void)state;
    const char *words[HEFT_MAX_STOPS + 3] = { "north" };
    for (int i = 1; i <= HEFT_MAX_STOPS; i++)
        words[i] = "--stop=a";
    parsed p;
    parse(&p, words);
    assert_int_equal(p.st, HEFT_OK);
    words[HEFT_MAX_STOPS + 1] = "--stop=a";
    parse(&p, words);
    assert_string_equal(p.err.text, "--stop: given more than 64 times");
}

static void the_nearest_name_is_near(void **state)
{
    (void)state;
    static const char *const names[] = { "run", "show", "tokenize", "detokenize" };
    assert_string_equal(heft_nearest("shwo", names, 4), "show");
    assert_string_equal(heft_nearest("rum", names, 4), "run");
    assert_string_equal(heft_nearest("tokenise", names, 4), "tokenize");
    assert_null(heft_nearest("serve-me-well", names, 4));
    assert_null(heft_nearest("", names, 4));
    assert_null(heft_nearest("a-word-that-is-longer-than-any-name-we-have", names, 4));
}

static void help_shows_every_option_and_an_example(void **state)
{
    (void)state;
    heft_buf b = heft_buf_of(1 << 16);
    heft_args_help(&verb, &b);
    assert_non_null(strstr(b.p, "heft paint WALL [BRUSH] [option...]\n  paint a wall.\n"));
    assert_non_null(strstr(b.p, "\n  -n, --count N             how many\n"));
    assert_non_null(strstr(b.p, "\n      --colour red|green|blue\n"));
    assert_non_null(strstr(b.p, "\nExample:\n  heft paint north\n"));
    for (int32_t i = 0; i < verb.n_args; i++)
        assert_non_null(strstr(b.p, args[i].name));
    heft_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_set_what_their_row_names),
        cmocka_unit_test(what_is_not_given_keeps_its_default),
        cmocka_unit_test(the_last_of_a_repeated_option_counts_and_texts_add_up),
        cmocka_unit_test(a_value_may_begin_with_a_dash),
        cmocka_unit_test(two_dashes_end_the_options_and_one_is_a_word),
        cmocka_unit_test(help_wins_over_missing_words),
        cmocka_unit_test(parsing_again_keeps_what_was_given),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(a_list_of_texts_has_an_end),
        cmocka_unit_test(the_nearest_name_is_near),
        cmocka_unit_test(help_shows_every_option_and_an_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
