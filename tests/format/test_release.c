/* Releases: which files of a directory make the model (B27, B31). */
#define _POSIX_C_SOURCE 200809L
#include "model_files.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ONE(name) "{\"" name "\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}"
#define INDEX     "model.safetensors.index.json"

/* A new directory of this name with a config.json, entered by no one. */
static void make(const char *dir)
{
    char path[256];
    assert_int_equal(mkdir(dir, 0777), 0);
    (void)snprintf(path, sizeof path, "%s/config.json", dir);
    put(path, "{\"model_type\":\"x\"}");
}

static void make_sharded(const char *dir, const char *index)
{
    char path[256];
    make(dir);
    (void)snprintf(path, sizeof path, "%s/a.safetensors", dir);
    put_safetensors(path, ONE("x"), 1);
    (void)snprintf(path, sizeof path, "%s/b.safetensors", dir);
    put_safetensors(path, ONE("y"), 1);
    (void)snprintf(path, sizeof path, "%s/" INDEX, dir);
    put(path, index);
}

static void a_single_file_is_a_model(void **state)
{
    (void)state;
    make("one");
    put_safetensors("one/model.safetensors", ONE("x"), 1);
    put("one/generation_config.json", "{\"top_p\":0.5}");
    heft_source *s = opened("one/");
    assert_int_equal(s->n_tensors, 1);
    assert_true(heft_str_is(heft_value_get(s->config, "model_type")->str, "x"));
    assert_true(heft_value_get(s->generation, "top_p")->real == 0.5);
    assert_string_equal(s->path, "one/");
    assert_string_equal(warnings, "");
    heft_source_close(s);
    s = opened("one/model.safetensors");
    assert_int_equal(s->n_tensors, 1);
    heft_source_close(s);

    make("other_name");
    put_safetensors("other_name/weights.safetensors", ONE("x"), 1);
    put_safetensors("other_name/adapter_model.safetensors", ONE("x"), 1);
    put_safetensors("other_name/._weights.safetensors", ONE("x"), 1);
    s = opened("other_name");
    assert_string_equal(s->file[0].path, "other_name/weights.safetensors");
    assert_null(s->generation);
    heft_source_close(s);
}

static void shards_are_opened_through_the_index(void **state)
{
    (void)state;
    make_sharded("sharded",
                 "{\"metadata\":{\"total_size\":2},\"weight_map\":{\"y\":\"b.safetensors\","
                 "\"x\":\"a.safetensors\"}}");
    put_safetensors("sharded/consolidated.safetensors", ONE("x"), 1);
    heft_source *s = opened("sharded");
    assert_int_equal(s->n_files, 2);
    assert_int_equal(heft_source_find(s, heft_str_of("y"))->file, 1);
    assert_string_equal(warnings,
                        "sharded: 1 safetensors files are no part of the model and are not "
                        "read: consolidated.safetensors\n");
    heft_source_close(s);
    s = opened("sharded/b.safetensors"); /* a shard opens the set, */
    assert_int_equal(s->n_files, 2);
    heft_source_close(s);
    s = opened("sharded/consolidated.safetensors"); /* another file only itself */
    assert_int_equal(s->n_files, 1);
    heft_source_close(s);
    put("sharded/" INDEX,
        "{\"metadata\":{\"total_size\":3},\"weight_map\":{\"y\":\"b.safetensors\","
        "\"x\":\"a.safetensors\"}}");
    heft_source_close(opened("sharded/a.safetensors"));
    assert_string_equal(warnings, "sharded/" INDEX ": total_size is 3, the tensors have 2 bytes\n");
}

static void b27_an_index_that_disagrees_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *index;
        heft_status status;
        const char *message;
    } rows[] = {
        { "{\"weight_map\":{\"x\":\"a.safetensors\",\"y\":\"c.safetensors\"}}", HEFT_E_IO,
          "bad/" INDEX ": bad/c.safetensors: No such file or directory" },
        { "{\"weight_map\":{\"x\":\"a.safetensors\",\"y\":\"b.safetensors\",\"z\":\"b."
          "safetensors\"}}",
          HEFT_E_FORMAT, "bad/" INDEX ": tensor z is not in b.safetensors" },
        { "{\"weight_map\":{\"x\":\"b.safetensors\",\"y\":\"a.safetensors\"}}", HEFT_E_FORMAT,
          "bad/" INDEX ": tensor x is in a.safetensors, the index says b.safetensors" },
        { "{\"weight_map\":{\"x\":\"a.safetensors\"}}", HEFT_OK, "" },
        { "{\"weight_map\":{\"x\":\"a.safetensors\",\"q\":\"b.safetensors\"}}", HEFT_E_FORMAT,
          "bad/" INDEX ": tensor q is not in b.safetensors" },
        { "{\"weight_map\":{\"x\":\"a.safetensors\",\"x\":\"b.safetensors\"}}", HEFT_E_FORMAT,
          "bad/" INDEX ": names tensor x twice" },
        { "{\"weight_map\":{\"x\":\"a.safetensors\"},\"weight_map\":{\"x\":\"a.safetensors\"}}",
          HEFT_E_FORMAT, "bad/" INDEX ": the key weight_map occurs twice" },
        { "{\"weight_map\":{\"x\":\"a.safetensors\"},\"n\":{\"m\":1,\"m\":1}}", HEFT_E_FORMAT,
          "bad/" INDEX ": line 1, column 53: the object that ends here has the key m twice" },
        { "{\"weight_map\":{\"x\":\"a.safetensors\"}", HEFT_E_FORMAT,
          "bad/" INDEX ": line 1, column 36: found the end, expected , or }" },
        { "{\"weight_map\":{\"x\":\"a.safetensors\"}} {", HEFT_E_FORMAT,
          "bad/" INDEX ": line 1, column 38: found {, expected nothing behind the document" },
        { "{\"weight_map\":{\"x\":\"a.safetensors}}", HEFT_E_FORMAT,
          "bad/" INDEX ": line 1, column 36: the text ends inside a string" },
        { "{\"weight_map\":", HEFT_E_FORMAT,
          "bad/" INDEX ": line 1, column 15: found the end, expected a value" },
        { "{}", HEFT_E_FORMAT, "bad/" INDEX ": has no weight_map that names tensors" },
        { "{\"weight_map\":{}}", HEFT_E_FORMAT,
          "bad/" INDEX ": has no weight_map that names tensors" },
        { "{\"weight_map\":[]}", HEFT_E_FORMAT, "bad/" INDEX ": weight_map is not an object" },
        { "[]", HEFT_E_FORMAT, "bad/" INDEX ": is not an object" },
        { "{\"weight_map\":{\"x\":1}}", HEFT_E_FORMAT,
          "bad/" INDEX ": the shard of x is not a string" },
        { "{\"weight_map\":{\"x\":\"../../etc/passwd\"}}", HEFT_E_FORMAT,
          "bad/" INDEX ": ../../etc/passwd: is not a plain file name" },
        { "{\"weight_map\":{\"x\":\"/etc/passwd\"}}", HEFT_E_FORMAT,
          "bad/" INDEX ": /etc/passwd: is not a plain file name" },
        { "{\"weight_map\":{\"x\":\"C:\\\\a.safetensors\"}}", HEFT_E_FORMAT,
          "bad/" INDEX ": C:\\a.safetensors: is not a plain file name" },
        { "{\"weight_map\":{\"x\":\"a.safetensors\\u0000.txt\"}}", HEFT_E_FORMAT,
          "bad/" INDEX ": a.safetensors\\x00.txt: is not a plain file name" },
        { "{\"weight_map\":{\"x\":\"..\"}}", HEFT_E_FORMAT,
          "bad/" INDEX ": ..: is not a plain file name" },
        { "{\"weight_map\":{\"x\":\"\"}}", HEFT_E_FORMAT,
          "bad/" INDEX ": : is not a plain file name" },
        { "{\"weight_map\":{\"x\":\"config.json\"}}", HEFT_E_FORMAT,
          "bad/" INDEX ": config.json: is not a .safetensors file" },
    };
    make_sharded("bad", "{}");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put("bad/" INDEX, rows[i].index);
        if (rows[i].status)
            refused("bad", rows[i].status, rows[i].message);
        else
            heft_source_close(opened("bad"));
    }
}

static void b27_tensors_of_two_shards_and_unnamed_ones_are_refused(void **state)
{
    (void)state;
    make_sharded("twice", "{\"weight_map\":{\"x\":\"a.safetensors\",\"w\":\"b.safetensors\"}}");
    put_safetensors("twice/b.safetensors", ONE("x"), 1);
    refused("twice", HEFT_E_FORMAT, "twice/a.safetensors: tensor x is also in twice/b.safetensors");
    put_safetensors("twice/b.safetensors",
                    "{\"v\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},"
                    "\"w\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
                    0);
    refused("twice", HEFT_E_FORMAT, "twice/" INDEX ": does not name tensor v of b.safetensors");
}

static void b27_links_may_not_leave_the_directory(void **state)
{
    (void)state;
    char here[4096];
    heft_source *s;
    heft_error err;
    assert_non_null(getcwd(here, sizeof here));
    put_safetensors("secret", ONE("x"), 1);
    make("links");
    assert_int_equal(symlink("../secret", "links/model.safetensors"), 0);
    assert_int_equal(heft_source_open("links", NULL, &s, &err), HEFT_E_FORMAT);
    assert_non_null(
        strstr(err.text, "links/model.safetensors: is a link out of the directory, to /"));
    assert_int_equal(unlink("links/model.safetensors"), 0);
    put_safetensors("links/real.bytes", ONE("x"), 1); /* within it they may */
    assert_int_equal(symlink("real.bytes", "links/model.safetensors"), 0);
    heft_source_close(opened("links"));
    assert_int_equal(unlink("links/config.json"), 0); /* the rule is for every file */
    put("secret.json", "{}");
    assert_int_equal(symlink("../secret.json", "links/config.json"), 0);
    assert_int_equal(heft_source_open("links", NULL, &s, &err), HEFT_E_FORMAT);
    assert_non_null(strstr(err.text, "links/config.json: is a link out of the directory, to /"));
    assert_int_equal(unlink("links/config.json"), 0);
    assert_int_equal(symlink("nowhere", "links/config.json"), 0);
    refused("links", HEFT_E_IO, "links/config.json: No such file or directory");
}

static void the_links_of_the_hubs_cache_are_followed(void **state)
{
    (void)state;
    static const char *const dirs[] = { "repo", "repo/blobs", "repo/refs", "repo/snapshots",
                                        "repo/snapshots/0123abcd" };
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
        assert_int_equal(mkdir(dirs[i], 0777), 0);
    put("repo/blobs/11", "{}");
    put_safetensors("repo/blobs/22", ONE("x"), 1);
    assert_int_equal(symlink("../../blobs/11", "repo/snapshots/0123abcd/config.json"), 0);
    assert_int_equal(symlink("../../blobs/22", "repo/snapshots/0123abcd/model.safetensors"), 0);
    heft_source_close(opened("repo/snapshots/0123abcd"));
    heft_source_close(opened("repo/snapshots/0123abcd/model.safetensors"));
    assert_int_equal(symlink("repo/snapshots/0123abcd", "nickname"), 0); /* any link to it, too */
    heft_source_close(opened("nickname"));
    /* but blobs alone, and of this repository */
    put("repo/refs/main", "{}");
    assert_int_equal(unlink("repo/snapshots/0123abcd/config.json"), 0);
    assert_int_equal(symlink("../../refs/main", "repo/snapshots/0123abcd/config.json"), 0);
    heft_source *s;
    heft_error err;
    assert_int_equal(heft_source_open("nickname", NULL, &s, &err), HEFT_E_FORMAT);
    assert_non_null(strstr(err.text, "nickname/config.json: is a link out of the directory, to /"));
}

static void which_file_is_the_model_is_never_guessed(void **state)
{
    (void)state;
    make("many");
    put_safetensors("many/p.safetensors", ONE("x"), 1);
    put_safetensors("many/q.safetensors", ONE("x"), 1);
    refused("many", HEFT_E_FORMAT,
            "many: has 2 .safetensors files (p.safetensors, ...) and neither model.safetensors "
            "nor " INDEX "; which is the model? name one");
    heft_source_close(opened("many/q.safetensors"));
    put("many/" INDEX, "{\"weight_map\":{\"x\":\"p.safetensors\"}}");
    put_safetensors("many/model.safetensors", ONE("x"), 1);
    refused("many", HEFT_E_FORMAT,
            "many: has model.safetensors and " INDEX
            ", which does not name it; which is the model? name a file");
    heft_source_close(opened("many/model.safetensors"));
}

static void b31_pickles_are_listed_and_never_read(void **state)
{
    (void)state;
    make("pickled");
    put("pickled/pytorch_model.bin", "\x80\x02.");
    put("pickled/optimizer.pt", "PK\3\4");
    refused("pickled", HEFT_E_UNSUPPORTED,
            "pickled: has only pickles (optimizer.pt), which heft does not read; the release may "
            "exist as "
            "safetensors");
    refused("pickled/pytorch_model.bin", HEFT_E_UNSUPPORTED,
            "pickled/pytorch_model.bin: is a Python pickle; heft reads safetensors and GGUF files");
    refused(
        "pickled/optimizer.pt", HEFT_E_UNSUPPORTED,
        "pickled/optimizer.pt: is a zip archive, which is how PyTorch stores pickles; heft reads "
        "safetensors and GGUF files");
    put_safetensors("pickled/model.safetensors", ONE("x"), 1);
    heft_source_close(opened("pickled"));
    assert_string_equal(warnings, "pickled: 2 pickles are not read: optimizer.pt, ...\n");
}

static void what_is_no_release_is_refused_by_name(void **state)
{
    (void)state;
    refused("nothing", HEFT_E_IO, "nothing: No such file or directory");
    assert_int_equal(mkdir("empty", 0777), 0);
    refused("empty", HEFT_E_FORMAT, "empty: has no .safetensors file");
    put_safetensors("empty/model.safetensors", ONE("x"), 1);
    refused("empty", HEFT_E_FORMAT, "empty: has no config.json, which says what the model is");
    put("empty/config.json", "[1]");
    refused("empty", HEFT_E_FORMAT, "empty/config.json: is an array, expected an object");
    put("empty/config.json", "{\"a\":1,\"a\":2}");
    refused("empty", HEFT_E_FORMAT,
            "empty/config.json: line 1, column 13: the object that ends here has the key a twice");
    put("empty/config.json", "{\"a\":Infinity,\"b\":1000000000000000019884624838656}");
    put("empty/generation_config.json", "{");
    refused(
        "empty", HEFT_E_FORMAT,
        "empty/generation_config.json: line 1, column 2: found the end, expected a key in quotes");
    make("adapter");
    put_safetensors("adapter/adapter_model.safetensors", ONE("x"), 1);
    refused("adapter", HEFT_E_UNSUPPORTED, "adapter: holds an adapter, not a model");
    make("ggufs");
    put("ggufs/m.gguf", "GGUF");
    refused("ggufs", HEFT_E_ARG, "ggufs: is a directory with GGUF files; name one, as m.gguf");
}

static void a_fifo_is_refused_and_not_waited_for(void **state)
{
    (void)state;
    make("fifo");
    assert_int_equal(mkfifo("fifo/model.safetensors", 0666), 0);
    refused("fifo", HEFT_E_IO, "fifo/model.safetensors: is not a regular file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_file_is_a_model),
        cmocka_unit_test(shards_are_opened_through_the_index),
        cmocka_unit_test(b27_an_index_that_disagrees_is_refused),
        cmocka_unit_test(b27_tensors_of_two_shards_and_unnamed_ones_are_refused),
        cmocka_unit_test(b27_links_may_not_leave_the_directory),
        cmocka_unit_test(the_links_of_the_hubs_cache_are_followed),
        cmocka_unit_test(which_file_is_the_model_is_never_guessed),
        cmocka_unit_test(b31_pickles_are_listed_and_never_read),
        cmocka_unit_test(what_is_no_release_is_refused_by_name),
        cmocka_unit_test(a_fifo_is_refused_and_not_waited_for),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
