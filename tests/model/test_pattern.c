/* Patterns of lists of modules: what Python's re.match says of them. */
#include "model/methods_bind.h"
#include "testing.h"

#include <string.h>

static const struct {
    const char *pattern, *text;
    bool matches;
} cases[] = {
    /* of releases */
    { ".*self_attn.*", "model.layers.0.self_attn.q_proj", true },
    { ".*self_attn.*", "model.layers.0.mlp.q_proj", false },
    { ".*mlp\\.(gate|up|gate_up|down)_proj.*", "model.layers.0.mlp.gate_up_proj", true },
    { ".*mlp\\.(gate|up|gate_up|down)_proj.*", "model.layers.0.mlp.experts.0.up_proj", false },
    { ".*mlp.gate$", "model.layers.3.mlp.gate", true },
    { ".*mlp.gate$", "model.layers.3.mlp.gate_proj", false },
    { "vision_tower.*", "vision_tower.blocks.0.attn.qkv", true },
    { "vision_tower.*", "model.vision_tower.blocks.0", false },
    { ".*lm_head", "lm_head", true },
    { "model\\.layers\\.\\d+\\.mlp\\.experts\\.\\d+\\..*_proj",
      "model.layers.12.mlp.experts.7.up_proj", true },
    { "model\\.layers\\.\\d+\\.mlp\\.experts\\.\\d+\\..*_proj",
      "model.layers.x.mlp.experts.7.up_proj", false },
    { ".*block_sparse_moe\\.gate", "model.layers.0.block_sparse_moe.gate", true },
    /* one thing after the other */
    { "", "anything", true },
    { "^a$", "a", true },
    { "^a$", "ab", false },
    { "a+b?c*", "aac", true },
    { "a+b?c*$", "b", false },
    { "a*?b", "aaab", true },
    { "[abc]+$", "cab", true },
    { "[^abc]+$", "xyz", true },
    { "[^abc]+$", "xaz", false },
    { "[0-9a-f]+$", "12ef", true },
    { "[]x]+$", "]x", true },
    { "[\\d.]+$", "1.2", true },
    { "\\w+\\.\\w+$", "q_proj.weight", true },
    { "\\D\\W\\S", "a.b", true },
    { "(?:ab)+$", "ababab", true },
    { "(?:ab)+$", "ababa", false },
    { "(a|ab)(c|bcd)(d*)$", "abcd", true },
    { "(a|b(c|d))+e", "abcbde", true },
    { "(x?)+y", "y", true },
    { "a|b|", "zzz", true },
    { "a|b$", "bz", false },
    { "(a|b)*c$", "abbac", true },
};

static void names_match_as_in_python(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        heft_error err = { 0 };
        bool is;
        assert_ok(heft_pattern_match(heft_str_of(cases[i].pattern), heft_str_of(cases[i].text), &is,
                                     &err),
                  &err);
        if (is != cases[i].matches) fail_msg("%s on %s", cases[i].pattern, cases[i].text);
    }
}

static void what_is_not_understood_or_goes_on_for_too_long_is_refused(void **state)
{
    (void)state;
    char deep[1200], name[256], message[256];
    memset(deep, '(', sizeof deep);
    deep[sizeof deep - 1] = 0;
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = 0;
    const char *const bad[] = { "a{2}",       "a**",  "*a",    "(a",    "a)",   "[a",
                                "a\\",        "\\bx", "(?=a)", "(?i)a", "a\\1", "(a*)*(a*)*(a*)*b",
                                "((a|a)*)*b", deep };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        heft_error err = { 0 };
        bool is = true;
        const heft_status st =
            heft_pattern_match(heft_str_of(bad[i]), heft_str_of(name), &is, &err);
        if (st != HEFT_E_UNSUPPORTED) fail_msg("%s: accepted", bad[i]);
        (void)snprintf(
            message, sizeof message,
            "config.json: the pattern \"%s\" of quantization_config is one that heft does "
            "not know",
            heft_show_z(bad[i]).text);
        assert_string_equal(err.text, message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_match_as_in_python),
        cmocka_unit_test(what_is_not_understood_or_goes_on_for_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
