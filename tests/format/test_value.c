/* Values: found, and marked as read. */
#include "format/json.h"
#include "model_files.h"

#include <string.h>

static const heft_value *tree_of(heft_arena *arena, const char *text)
{
    heft_value *v = NULL;
    char *copy = heft_arena_strdup(arena, heft_str_of(text));
    assert_int_equal(heft_json_tree(arena, copy, strlen(text), 0, "f", &v, NULL), HEFT_OK);
    return v;
}

static void what_is_asked_for_is_found_and_marked(void **state)
{
    (void)state;
    heft_arena arena = { 0 };
    const heft_value *o = tree_of(&arena, "{\"a\":[5,6],\"b\":1}");
    assert_null(heft_value_get(o, "c"));
    assert_null(heft_value_get(NULL, "a"));
    assert_false(o->child->read);
    const heft_value *a = heft_value_get(o, "a");
    assert_ptr_equal(a, o->child);
    assert_true(a->read);
    assert_false(o->child->next->read);
    assert_null(heft_value_get(a, "a"));
    assert_int_equal(heft_value_at(a, 1)->n, 6);
    assert_true(a->child->next->read);
    assert_false(a->child->read);
    assert_null(heft_value_at(a, 2));
    assert_null(heft_value_at(a, -1));
    assert_null(heft_value_at(o, 0));
    assert_null(heft_value_at(NULL, 0));
    heft_arena_clear(&arena);
}

static void marking_reaches_everything_below(void **state)
{
    (void)state;
    heft_arena arena = { 0 };
    const heft_value *o = tree_of(&arena, "{\"a\":{\"b\":[1,{\"c\":2}]},\"d\":3}");
    heft_value_mark(o->child);
    assert_true(o->child->child->child->next->child->read);
    assert_false(o->child->next->read);
    heft_value_mark(NULL);
    heft_arena_clear(&arena);
}

static void kinds_have_names_for_messages(void **state)
{
    (void)state;
    assert_string_equal(heft_value_kind_name(HEFT_V_NULL), "null");
    assert_string_equal(heft_value_kind_name(HEFT_V_INT), "an integer");
    assert_string_equal(heft_value_kind_name(HEFT_V_LONG_ARRAY), "a long array");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_for_is_found_and_marked),
        cmocka_unit_test(marking_reaches_everything_below),
        cmocka_unit_test(kinds_have_names_for_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
