/* Split sets of GGUF files (B21). */
#define _POSIX_C_SOURCE 200809L
#include "model_files.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART(no, count, total, more_kv, more)                                                      \
    "'GGUF d3 q1 q" #more_kv " ssplit.no d2 u" #no " ssplit.count d2 u" #count                     \
    " ssplit.tensors.count d5 d" #total " " more

static void put_words(const char *path, const char *words)
{
    heft_buf b = bytes_of(words);
    put_bytes(path, &b);
    heft_buf_free(&b);
}

static void put_set(void)
{
    put_words("m-00001-of-00002.gguf",
              PART(0, 2, 2, 4, "sgeneral.name d8 sfirst sa d1 q1 d24 q0 p32 b1 z31"));
    put_words("m-00002-of-00002.gguf", PART(1, 2, 2, 3, "sb d1 q1 d24 q0 p32 b2 z31"));
}

static void any_part_opens_the_set(void **state)
{
    (void)state;
    static const char *const paths[] = { "m-00001-of-00002.gguf", "m-00002-of-00002.gguf",
                                         "./m-00002-of-00002.gguf" };
    put_set();
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        heft_source *s = opened(paths[i]);
        assert_int_equal(s->n_files, 2);
        assert_int_equal(s->n_tensors, 2);
        assert_int_equal(heft_source_find(s, heft_str_of("a"))->data[0], 1);
        assert_int_equal(heft_source_find(s, heft_str_of("b"))->data[0], 2);
        assert_int_equal(heft_source_find(s, heft_str_of("b"))->file, 1);
        assert_true(heft_str_is(heft_value_get(s->config, "general.name")->str, "first"));
        assert_string_equal(warnings, "");
        heft_source_close(s);
    }
}

static void metadata_of_a_later_part_is_named(void **state)
{
    (void)state;
    put_set();
    put_words("m-00002-of-00002.gguf",
              PART(1, 2, 2, 4, "sgeneral.name d8 ssecond sb d1 q1 d24 q0 p32 b2 z31"));
    heft_source *s = opened("m-00001-of-00002.gguf");
    assert_string_equal(warnings,
                        "./m-00002-of-00002.gguf: metadata general.name is not read, only "
                        "that of the first part\n");
    heft_source_close(s);
}

static void b21_parts_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path, *words;
        heft_status status;
        const char *message;
    } rows[] = {
        { "m-00002-of-00002.gguf", PART(0, 2, 2, 3, "sb d1 q1 d24 q0 p32 b2 z31"), HEFT_E_FORMAT,
          "m-00002-of-00002.gguf: split.no is 0 and split.count 2, expected 1 and 2" },
        { "m-00002-of-00002.gguf", PART(1, 3, 2, 3, "sb d1 q1 d24 q0 p32 b2 z31"), HEFT_E_FORMAT,
          "m-00002-of-00002.gguf: split.no is 1 and split.count 3, expected 1 and 2" },
        { "m-00002-of-00002.gguf", "'GGUF d3 q1 q0 sb d1 q1 d24 q0 p32 b2 z31", HEFT_E_FORMAT,
          "m-00002-of-00002.gguf: split.no is 0 and split.count 1, expected 1 and 2" },
        { "m-00002-of-00002.gguf", PART(1, 2, 2, 3, "sa d1 q1 d24 q0 p32 b2 z31"), HEFT_E_FORMAT,
          "./m-00001-of-00002.gguf: tensor a is also in m-00002-of-00002.gguf" },
        { "m-00001-of-00002.gguf", PART(0, 2, 3, 3, "sa d1 q1 d24 q0 p32 b2 z31"), HEFT_E_FORMAT,
          "m-00001-of-00002.gguf: split.tensors.count is 3, the parts have 2 tensors" },
        { "m.gguf", PART(0, 2, 2, 3, "sa d1 q1 d24 q0 p32 b2 z31"), HEFT_E_FORMAT,
          "m.gguf: split.count is 2, but the file is not named NAME-00001-of-00002.gguf, so its "
          "other parts cannot be found" },
        { "n-00001-of-00002.gguf", PART(0, 2, 2, 3, "sa d1 q1 d24 q0 p32 b2 z31"), HEFT_E_IO,
          "n-00001-of-00002.gguf: part 2 of 2: ./n-00002-of-00002.gguf: No such file or "
          "directory" },
        { "n-00001-of-09999.gguf", PART(0, 9999, 2, 3, "sa d1 q1 d24 q0 p32 b2 z31"), HEFT_E_FORMAT,
          "n-00001-of-09999.gguf: is one of 9999 parts, at most 4096 are read" },
        { "m-00003-of-00002.gguf", PART(2, 2, 2, 3, "sa d1 q1 d24 q0 p32 b2 z31"), HEFT_E_FORMAT,
          "m-00003-of-00002.gguf: split.count is 2, but the file is not named "
          "NAME-00001-of-00002.gguf, so its other parts cannot be found" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put_set();
        put_words(rows[i].path, rows[i].words);
        refused(rows[i].path, rows[i].status, rows[i].message);
    }
}

static void a_set_of_one_is_a_file(void **state)
{
    (void)state;
    put_words("o-00001-of-00001.gguf", PART(0, 1, 1, 3, "sb d1 q1 d24 q0 p32 b2 z31"));
    heft_source_close(opened("o-00001-of-00001.gguf"));
    put_words("o-00001-of-00001.gguf", PART(0, 1, 2, 3, "sb d1 q1 d24 q0 p32 b2 z31"));
    refused("o-00001-of-00001.gguf", HEFT_E_FORMAT,
            "o-00001-of-00001.gguf: split.tensors.count is 2, the parts have 1 tensors");
    put_words("o-00001-of-00001.gguf", "'GGUF d3 q1 q0 sb d1 q1 d24 q0 p32 b2 z31");
    heft_source_close(opened("o-00001-of-00001.gguf"));
}

static void another_part_that_links_out_of_the_directory_is_refused(void **state)
{
    (void)state;
    char here[4096], message[8192];
    assert_non_null(getcwd(here, sizeof here));
    put_set();
    assert_int_equal(mkdir("d", 0777), 0);
    assert_int_equal(symlink("../m-00001-of-00002.gguf", "d/m-00001-of-00002.gguf"), 0);
    assert_int_equal(symlink("../m-00002-of-00002.gguf", "d/m-00002-of-00002.gguf"), 0);
    (void)snprintf(
        message, sizeof message,
        "d/m-00001-of-00002.gguf: part 2 of 2: d/m-00002-of-00002.gguf: is a link out of "
        "the directory, to %s/m-00002-of-00002.gguf",
        heft_show_z(here).text);
    heft_source *s;
    heft_error err;
    assert_int_equal(heft_source_open("d/m-00001-of-00002.gguf", NULL, &s, &err), HEFT_E_FORMAT);
    assert_memory_equal(err.text, message,
                        strlen("d/m-00001-of-00002.gguf: part 2 of 2: d/m-00002-of-"
                               "00002.gguf: is a link out of the directory, to /"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_part_opens_the_set),
        cmocka_unit_test(metadata_of_a_later_part_is_named),
        cmocka_unit_test(b21_parts_that_do_not_fit_are_refused),
        cmocka_unit_test(a_set_of_one_is_a_file),
        cmocka_unit_test(another_part_that_links_out_of_the_directory_is_refused),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
