/* How releases write conversations: where templates are found, the built-in formats, and that what
 * a user types never becomes a special token. */
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "format/write.h"
#include "testing.h"
#include "texts.h"

#include <dirent.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GOLDEN HEFT_SOURCE_DIR "/tests/text/golden/"

static json_t *golden(const char *name)
{
    char path[512];
    json_error_t error;
    (void)snprintf(path, sizeof path, GOLDEN "%s", name);
    json_t *v = json_load_file(path, 0, &error);
    if (!v) fail_msg("%s:%d: %s", name, error.line, error.text);
    return v;
}

static heft_chat *open_chat(const char *path, const heft_chat_options *o)
{
    heft_chat *c = NULL;
    heft_error err = { 0 };
    assert_ok(heft_chat_open(path, o, NULL, &c, &err), &err);
    return c;
}

/* ---- where templates are found ----------------------------------------- */

/* A release without a tokenizer.json that can be read, with these files. */
static const char *release_of(json_t *files)
{
    const char *name, *place = release_with("{}");
    char folder[600], path[700];
    json_t *content;
    (void)snprintf(folder, sizeof folder, "%s/additional_chat_templates", place);
    static const char *const old[] = { "tool_use.jinja", "../chat_template.jinja",
                                       "../chat_template.json", "../processor_config.json",
                                       "../special_tokens_map.json" };
    for (size_t i = 0; i < sizeof old / sizeof *old; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, old[i]);
        (void)mkdir(folder, 0777);
        (void)unlink(path);
    }
    (void)rmdir(folder);
    json_object_foreach(files, name, content)
    {
        if (strchr(name, '/')) (void)mkdir(folder, 0777);
        release_add(name, json_string_value(content));
    }
    return place;
}

static char *text_of(json_t *talk, const char *key)
{
    json_t *v = json_object_get(talk, key);
    return v ? json_dumps(v, JSON_ENCODE_ANY) : NULL;
}

static void templates_and_tokens_are_found_where_transformers_finds_them(void **state)
{
    json_t *file = golden("chat_releases.json"), *row;
    size_t i, wrong = 0;
    (void)state;
    json_array_foreach(json_object_get(file, "cases"), i, row)
    {
        json_t *talk = json_object_get(row, "talk");
        heft_chat *c = open_chat(release_of(json_object_get(row, "files")), NULL);
        char *tools = text_of(talk, "tools"), *kwargs = text_of(talk, "kwargs");
        heft_conversation t = {
            .messages = "[{\"role\":\"user\",\"content\":\"Hi\"}]",
            .tools = tools,
            .kwargs = kwargs,
            .which = json_string_value(json_object_get(talk, "template")),
            .no_generation_prompt = json_is_true(json_object_get(talk, "no_generation_prompt")),
        };
        heft_prompt p = { .n = 0 };
        heft_error err = { 0 };
        assert_ok(heft_chat_prompt(c, &t, &p, &err), &err);
        const char *expected = json_string_value(json_object_get(row, "prompt"));
        if (strcmp(p.text, expected) != 0 && ++wrong)
            print_error("case %zu gives\n  %s\nand should give\n  %s\n", i, p.text, expected);
        heft_prompt_clear(&p);
        heft_chat_close(c);
        free(tools);
        free(kwargs);
    }
    assert_true(i > 20);
    json_decref(file);
    if (wrong) fail_msg("%zu releases differ", wrong);
}

static void a_gguf_file_brings_its_templates_and_the_texts_of_its_tokens(void **state)
{
    (void)state;
    static const heft_str token[] = { { "<unk>", 5 }, { "<s>", 3 }, { "</s>", 4 }, { "a", 1 } };
    static const int32_t type[] = { 2, 3, 3, 1 };
    static const float score[] = { 0, 0, 0, 0 };
    const heft_write_kv kv[] = {
        { .key = "general.architecture", .type = 8, .v.str = "llama" },
        { .key = "tokenizer.ggml.model", .type = 8, .v.str = "llama" },
        { .key = "tokenizer.ggml.tokens", .type = 9, .element = 8, .n = 4, .v.array = token },
        { .key = "tokenizer.ggml.token_type", .type = 9, .element = 5, .n = 4, .v.array = type },
        { .key = "tokenizer.ggml.scores", .type = 9, .element = 6, .n = 4, .v.array = score },
        { .key = "tokenizer.ggml.bos_token_id", .type = 4, .v.u = 1 },
        { .key = "tokenizer.ggml.eos_token_id", .type = 4, .v.u = 2 },
        { .key = "tokenizer.ggml.add_bos_token", .type = 7, .v.u = 1 },
        { .key = "tokenizer.ggml.add_space_prefix", .type = 7, .v.u = 0 },
        { .key = "tokenizer.chat_template", .type = 8, .v.str = "{{ eos_token }}a" },
        { .key = "tokenizer.chat_template.with", .type = 8, .v.str = "{{ bos_token }}a" },
    };
    char path[512];
    heft_error err = { 0 };
    (void)snprintf(path, sizeof path, "%s/templates-%d.gguf", HEFT_BINARY_DIR, (int)getpid());
    assert_ok(heft_gguf_write(path, 3, 32, kv, sizeof kv / sizeof *kv, NULL, 0, &err), &err);
    heft_chat *c = open_chat(path, NULL);
    heft_tokenizer *t = open_tokenizer(path);
    assert_int_equal(heft_chat_describe(c)->n_names, 2);
    static const struct {
        const char *which, *text;
        int32_t id[3];
    } row[] = { { NULL, "</s>a", { 1, 2, 3 } }, { "with", "<s>a", { 1, 3, -1 } } };
    for (size_t i = 0; i < 2; i++) {
        heft_prompt p = { .n = 0 };
        int32_t *ids = NULL;
        size_t n = 0;
        heft_conversation talk = { .which = row[i].which };
        assert_ok(heft_chat_prompt(c, &talk, &p, &err), &err);
        assert_string_equal(p.text, row[i].text);
        assert_ok(heft_chat_tokenize(c, t, &p, 0, &ids, &n, &err), &err);
        assert_int_equal(n, row[i].id[2] < 0 ? 2 : 3); /* one beginning, never two */
        for (size_t k = 0; k < n; k++)
            assert_int_equal(ids[k], row[i].id[k]);
        heft_release(ids);
        heft_prompt_clear(&p);
    }
    heft_tokenizer_close(t);
    heft_chat_close(c);
    (void)unlink(path);
}

static void a_file_of_a_release_stands_for_it(void **state)
{
    (void)state;
    heft_chat *c = open_chat(HEFT_SOURCE_DIR "/models/fable/model.safetensors", NULL);
    assert_string_equal(heft_chat_describe(c)->from, "tokenizer_config.json");
    heft_chat_close(c);
}

static void what_cannot_be_taken_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *config, *format, *which, *said;
    } row[] = {
        { "{}", NULL, NULL,
          "ships no chat template; if you know how it was trained, name a chat format: chatml, "
          "llama2, llama3, mistral, " },
        { "{}", "chatlm", NULL, "there is no chat format 'chatlm', but chatml, llama2, " },
        { "{\"chat_template\":7}", NULL, NULL,
          "tokenizer_config.json: chat_template is an integer, expected a string or a list" },
        { "{\"chat_template\":[7]}", NULL, NULL,
          "tokenizer_config.json: chat_template is a list of something else, expected" },
        { "{\"chat_template\":\"{{ a|nope }}\"}", NULL, NULL,
          "tokenizer_config.json:1:6: heft does not have the filter 'nope'" },
        { "{\"chat_template\":\"a\"}", NULL, "b", "there is no chat template 'b', but default" },
        { "{\"chat_template\":[{\"name\":\"b\",\"template\":\"\"}]}", NULL, NULL,
          "there is no chat template 'default', but b" },
        { "{\"chat_template\":[{\"name\":\"default\",\"template\":\"\"},"
          "{\"name\":\"b\",\"template\":\"{% x %}\"}]}",
          NULL, "b", "b:1:4: heft does not have the statement 'x'" },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const char *place = release_with("{}");
        heft_chat_options o = { .format = row[i].format };
        heft_conversation talk = { .which = row[i].which };
        heft_prompt p = { .n = 0 };
        heft_chat *c = NULL;
        heft_error err = { 0 };
        release_add("tokenizer_config.json", row[i].config);
        heft_status st = heft_chat_open(place, &o, NULL, &c, &err);
        if (!st) st = heft_chat_prompt(c, &talk, &p, &err);
        assert_int_not_equal(st, HEFT_OK);
        if (!strstr(err.text, row[i].said)) fail_msg("%s", err.text);
        heft_chat_close(c);
    }
}

/* ---- built-in formats -------------------------------------------------- */

static void built_in_formats_are_those_of_llama_cpp(void **state)
{
    json_t *file = golden("chat_formats.json"), *row;
    size_t i, wrong = 0;
    (void)state;
    json_array_foreach(json_object_get(file, "cases"), i, row)
    {
        const char *format = json_string_value(json_object_get(row, "format"));
        const char *expected = json_string_value(json_object_get(row, "prompt"));
        heft_chat *c = open_chat(NULL, &(heft_chat_options){ .format = format });
        char *messages = json_dumps(json_object_get(row, "messages"), 0);
        heft_prompt p = { .n = 0 };
        heft_error err = { 0 };
        assert_ok(heft_chat_prompt(c, &(heft_conversation){ .messages = messages }, &p, &err),
                  &err);
        if (strcmp(p.text, expected) != 0 && ++wrong)
            print_error("%s: %s\n  gives    %s\n  expected %s\n", format, messages, p.text,
                        expected);
        heft_prompt_clear(&p);
        heft_chat_close(c);
        free(messages);
    }
    assert_true(i > 40);
    json_decref(file);
    if (wrong) fail_msg("%zu prompts differ", wrong);
}

static void a_built_in_format_drops_nothing(void **state)
{
    (void)state;
    const char *name;
    for (int32_t i = 0; (name = heft_chat_format(i, NULL, NULL)); i++) {
        heft_chat *c = open_chat(NULL, &(heft_chat_options){ .format = name });
        const heft_chat_facts *f = heft_chat_describe(c);
        heft_prompt p = { .n = 0 };
        heft_error err = { 0 };
        int32_t first = 7;
        assert_true(f->user && f->system);
        heft_conversation talk = { .messages = "[{\"role\":\"system\",\"content\":\"x\"},"
                                               "{\"role\":\"user\",\"content\":\"x\"},"
                                               "{\"role\":\"assistant\",\"content\":\"x\"},"
                                               "{\"role\":\"user\",\"content\":\"x\"}]" };
        assert_ok(heft_chat_dropped(c, &talk, &first, &err), &err);
        assert_int_equal(first, -1);
        talk.tools = "[{}]";
        assert_int_equal(heft_chat_prompt(c, &talk, &p, &err), HEFT_E_ARG);
        assert_non_null(strstr(err.text, "has no place for tools"));
        talk = (heft_conversation){ .messages = "[{\"role\":\"tool\",\"content\":\"x\"}]" };
        assert_int_equal(heft_chat_prompt(c, &talk, &p, &err), HEFT_E_ARG);
        heft_chat_close(c);
    }
}

/* ---- what can be told about a template ---------------------------------- */

static void a_message_that_the_template_leaves_out_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        int32_t first;
        bool system, user;
    } row[] = {
        { "{% for m in messages %}{{ m.content }}{% endfor %}", -1, true, true },
        { "{% for m in messages if m.role != 'system' %}{{ m.content }}{% endfor %}", 0, false,
          true },
        { "{% for m in messages[:-1] %}{{ m.content }}{% endfor %}", 3, true, false },
        { "{% for m in messages %}{% if m.role != 'assistant' %}{{ m.content }}{% endif %}"
          "{% endfor %}",
          2, true, true },
        { "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
          "{% for m in messages %}{{ m.content }}{% endfor %}",
          -1, false, true },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        heft_chat *c = open_chat(NULL, &(heft_chat_options){ .source = row[i].source });
        heft_conversation talk = { .messages = "[{\"role\":\"system\",\"content\":\"a\"},"
                                               "{\"role\":\"user\",\"content\":\"a\"},"
                                               "{\"role\":\"assistant\",\"content\":\"a\"},"
                                               "{\"role\":\"user\",\"content\":\"a\"}]" };
        int32_t first = 7;
        heft_error err = { 0 };
        assert_ok(heft_chat_dropped(c, &talk, &first, &err), &err);
        assert_int_equal(first, row[i].first);
        assert_int_equal(heft_chat_describe(c)->system, row[i].system);
        assert_int_equal(heft_chat_describe(c)->user, row[i].user);
        heft_chat_close(c);
    }
}

static void switches_and_reasoning_are_found_in_the_template(void **state)
{
    (void)state;
    static const struct {
        const char *source, *knobs, *open, *thought;
        bool tools, documents;
    } row[] = {
        { "{{ messages }}{{ bos_token }}", "", NULL, "reasoning_content", false, false },
        { "{% if enable_thinking is defined and not enable_thinking %}<think>{% endif %}",
          "enable_thinking ", "<think>", NULL, false, false },
        { "{% if not day is defined %}{% set day = strftime_now('%d') %}{% endif %}{{ day }}"
          "{% set x = effort|default('low') %}{{ x }}{{ tools }}",
          "day effort ", NULL, NULL, true, false },
        { "{% macro f(a, b=c) %}{{ a }}{{ b }}{{ varargs }}{% endmacro %}{{ f(d) }}"
          "{% for k in documents or [] %}{{ k.text }}{{ loop.index }}{% endfor %}"
          "{% set ns = namespace(z=1) %}{% set ns.y = 2 %}",
          "c d ", NULL, NULL, false, true },
        { "{% for m in messages %}{{ m.content }}[THINK]{{ m.thinking }}{% endfor %}", "",
          "[THINK]", "thinking", false, false },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        heft_chat *c = open_chat(NULL, &(heft_chat_options){ .source = row[i].source });
        const heft_chat_facts *f = heft_chat_describe(c);
        char knobs[256] = "";
        for (int32_t k = 0; k < f->n_knobs; k++)
            (void)snprintf(knobs + strlen(knobs), sizeof knobs - strlen(knobs), "%s ", f->knob[k]);
        assert_string_equal(knobs, row[i].knobs);
        assert_string_equal(f->think[0] ? f->think[0] : "-", row[i].open ? row[i].open : "-");
        assert_string_equal(f->thought ? f->thought : "-", row[i].thought ? row[i].thought : "-");
        assert_int_equal(f->tools, row[i].tools);
        assert_int_equal(f->documents, row[i].documents);
        heft_chat_close(c);
    }
}

/* ---- special tokens ------------------------------------------------------ */

/* A tokenizer of single characters with these added tokens (and how they are matched), as
 * tokenizer.json. */
static const char *small_tokenizer(const char *normalizer, bool normalized)
{
    static char text[4096];
    static const char *const added[] = { "<s>", "<s>x", "</s>", "sx" };
    heft_buf b = heft_buf_of(sizeof text - 1);
    heft_buf_z(&b, "{\"added_tokens\":[");
    for (int i = 0; i < 4; i++)
        heft_buf_printf(&b,
                        "%s{\"id\":%d,\"content\":\"%s\",\"special\":%s,\"normalized\":%s,"
                        "\"lstrip\":false,\"rstrip\":false,\"single_word\":false}",
                        i ? "," : "", 20 + i, added[i], i < 3 ? "true" : "false",
                        normalized ? "true" : "false");
    heft_buf_printf(&b,
                    "],\"normalizer\":%s,\"pre_tokenizer\":null,\"post_processor\":null,"
                    "\"decoder\":null,\"model\":{\"type\":\"BPE\",\"merges\":[],\"vocab\":{"
                    "\"<\":0,\"s\":1,\">\":2,\"/\":3,\"x\":4,\" \":5,\"_\":6,\"\\u00e9\":7,\"e\":8,"
                    "\"\\u0301\":9}}}",
                    normalizer);
    memcpy(text, b.p, b.n + 1);
    heft_buf_free(&b);
    return release_with(text);
}

/* The parts of a prompt in turn: from the template, from the caller, from the template, ... */
static void assert_parts(const heft_tokenizer *t, const char *const *part, const char *expected)
{
    heft_origin range[8];
    char text[128] = "", ids[128] = "";
    int32_t *id = NULL;
    size_t n = 0, ranges = 0;
    heft_error err = { 0 };
    for (size_t i = 0; part[i]; i++) {
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s", part[i]);
        if (*part[i]) range[ranges++] = (heft_origin){ strlen(text), i % 2 };
    }
    heft_prompt p = { .text = text, .n = strlen(text), .range = range, .n_ranges = ranges };
    assert_ok(heft_tokenize_prompt(t, &p, HEFT_TOKENIZE_NO_SPECIAL, &id, &n, &err), &err);
    for (size_t i = 0; i < n; i++)
        (void)snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%d ", (int)id[i]);
    if (strcmp(ids, expected) != 0) fail_msg("%s: %s and not %s", text, ids, expected);
    heft_release(id);
}

#define PARTS(t, expected, ...)                                                                    \
    assert_parts((t), (const char *const[]){ __VA_ARGS__, NULL }, (expected))

static void special_tokens_are_matched_where_the_template_wrote_every_byte(void **state)
{
    (void)state;
    for (int normalized = 0; normalized < 2; normalized++) {
        heft_tokenizer *t = open_tokenizer(small_tokenizer("null", normalized));
        PARTS(t, "20 ", "<s>");
        PARTS(t, "0 1 2 ", "", "<s>");
        PARTS(t, "20 0 1 2 22 ", "<s>", "<s>", "</s>");
        PARTS(t, "0 1 2 ", "<", "s", ">"); /* straddling */
        PARTS(t, "0 1 2 ", "<s", ">");
        PARTS(t, "0 1 2 ", "", "<", "s>");
        PARTS(t, "20 4 ", "<s>", "x"); /* the longer one straddles, the shorter does not */
        PARTS(t, "21 ", "<s>x");
        PARTS(t, "0 1 2 22 4 ", "", "<s>", "</s>x");
        PARTS(t, "0 20 ", "", "<", "<s>"); /* what the user begins hides nothing */
        PARTS(t, "23 ", "", "sx");         /* not special: matched in any text */
        PARTS(t, "23 ", "s", "x");
        heft_tokenizer_close(t);
    }
}

static void origins_survive_the_rewriting_of_a_text(void **state)
{
    (void)state;
    static const char replace[] =
        "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Replace\",\"pattern\":{\"String\":\" "
        "\"},\"content\":\"_\"},{\"type\":\"NFC\"},{\"type\":\"Strip\",\"strip_left\":true,"
        "\"strip_right\":false}]}";
    heft_tokenizer *t = open_tokenizer(small_tokenizer(replace, true));
    PARTS(t, "6 20 6 0 1 2 6 22 ", " <s> ", "<s> ", "</s>");
    PARTS(t, "20 7 0 1 2 ", "<s>", "e\xcc\x81<s>"); /* e and its accent become one */
    PARTS(t, "7 7 20 7 0 1 2 ", "", "e\xcc\x81", "e\xcc\x81<s>", "e\xcc\x81<s>");
    PARTS(t, "7 22 0 1 2 ", "e", "\xcc\x81", "</s>", "<s>");
    heft_tokenizer_close(t);
    t = open_tokenizer(small_tokenizer("{\"type\":\"Prepend\",\"prepend\":\"_\"}", true));
    PARTS(t, "20 4 0 1 2 ", "<s>", "x<s>"); /* the token itself is looked for as "_<s>" */
    PARTS(t, "6 0 1 2 4 ", "", "<s>", "x");
    heft_tokenizer_close(t);
}

/* ---- injection ------------------------------------------------------------ */

/* Every special token of a vocabulary, by its spelling. */
typedef struct {
    int32_t id;
    char *text;
} special;

/* Does the tokenizer give this id to characters that it does not know? */
static bool stands_for_unknown(const heft_tokenizer *t, const special *s)
{
    char apart[512];
    int32_t *id = NULL;
    size_t n = 0, found = 0;
    heft_error err = { 0 };
    (void)snprintf(apart, sizeof apart, "%c\n%s \xf0\x90\x8c\xb0", s->text[0], s->text + 1);
    assert_ok(heft_tokenize(t, apart, strlen(apart), HEFT_TOKENIZE_NO_SPECIAL, &id, &n, &err),
              &err);
    for (size_t i = 0; i < n; i++)
        found += id[i] == s->id;
    heft_release(id);
    return found > 0;
}

static size_t specials_of(const heft_tokenizer *t, special **out)
{
    size_t n = 0, length;
    special *s = calloc((size_t)heft_tokenizer_size(t), sizeof *s);
    heft_error err = { 0 };
    assert_non_null(s);
    for (int32_t id = 0; id < heft_tokenizer_size(t); id++) {
        if (!heft_tokenizer_is_special(t, id)) continue;
        s[n].id = id;
        assert_ok(heft_detokenize(t, &id, 1, true, &s[n].text, &length, &err), &err);
        if (length && !stands_for_unknown(t, &s[n]))
            n++;
        else
            heft_release(s[n].text);
    }
    *out = s;
    return n;
}

/* What a conversation has, beside a user's message. */
enum {
    SYSTEM = 1,
    TOOLS = 2,
    OBJECT_CALL = 4,
    STRING_CALL = 8,
    REASONING = 16,
    PARTS = 32,
    DOCUMENTS = 64,
    NAMES = 128,
    RESULT = 256,
    TOKENS = 512,
    OPEN = 1024 /* it ends with what the model said, or a tool */
};
static const int shapes[] = {
    0,
    SYSTEM,
    SYSTEM | TOOLS | OBJECT_CALL | RESULT | REASONING | NAMES,
    SYSTEM | TOOLS | STRING_CALL | RESULT | REASONING,
    TOOLS | OBJECT_CALL | REASONING,
    TOOLS,
    PARTS | SYSTEM,
    DOCUMENTS | SYSTEM,
    DOCUMENTS | TOOLS,
    REASONING | OPEN,
    TOOLS | OBJECT_CALL | REASONING | RESULT | OPEN,
    TOKENS,
};

/* A caller's text in a place that can be told: "@place" stands in its middle. */
enum { N_PLACES = 15 };
static const char *const places[N_PLACES] = {
    "system",   "user",     "answer", "reasoning", "callname", "argument", "string", "result",
    "toolname", "tooltext", "enum",   "default",   "document", "part",     "switch",
};
static size_t seen[N_PLACES]; /* prompts that show the text of a place */

static const char *at_place(const char *place, const char *text)
{
    static char *kept[64];
    static size_t next;
    heft_buf b = heft_buf_of(1 << 24);
    heft_buf_printf(&b, "%s@%s%s", text, place, text);
    assert_false(b.failed);
    heft_free(kept[next]);
    kept[next] = heft_strdup((heft_str){ b.p, b.n });
    heft_buf_free(&b);
    const char *made = kept[next++];
    next %= sizeof kept / sizeof *kept;
    assert_non_null(made);
    return made;
}

static json_t *message(const char *role, const char *place, const char *text, int shape)
{
    const char *typed = at_place(place, text);
    json_t *m = json_pack("{s:s,s:s}", "role", role, "content", typed);
    if (shape & PARTS)
        (void)json_object_set_new(m, "content",
                                  json_pack("[{s:s,s:s},{s:s,s:s}]", "type", "text", "text", typed,
                                            "type", "text", "text", at_place("part", text)));
    if (shape & NAMES) (void)json_object_set_new(m, "name", json_string(typed));
    return m;
}

static json_t *call_of(const char *text, int shape)
{
    json_t *arguments =
        json_pack("{s:s,s:[s],s:{s:s}}", at_place("argument", text), at_place("argument", text),
                  "list", at_place("argument", text), "deep", at_place("argument", text), "v");
    if (shape & STRING_CALL) {
        char *string = json_dumps(arguments, JSON_ENCODE_ANY);
        json_decref(arguments);
        arguments = json_pack("s++", string, " ", at_place("string", text));
        free(string);
    }
    return json_pack("{s:s,s:s,s:{s:s,s:o}}", "id", text, "type", "function", "function", "name",
                     at_place("callname", text), "arguments", arguments);
}

static json_t *messages_of(const char *text, int shape)
{
    json_t *m = json_array();
    if (shape & SYSTEM) (void)json_array_append_new(m, message("system", "system", text, shape));
    (void)json_array_append_new(m, message("user", "user", text, shape));
    json_t *answer = message("assistant", "answer", text, shape);
    static const char *const keys[] = { "reasoning_content", "reasoning", "thinking" };
    for (size_t i = 0; (shape & REASONING) && i < 3; i++)
        (void)json_object_set_new(answer, keys[i], json_string(at_place("reasoning", text)));
    if (shape & (OBJECT_CALL | STRING_CALL))
        (void)json_object_set_new(answer, "tool_calls", json_pack("[o]", call_of(text, shape)));
    (void)json_array_append_new(m, answer);
    if (shape & RESULT) {
        json_t *result = message("tool", "result", text, shape | NAMES);
        (void)json_object_set_new(result, "tool_call_id", json_string(text));
        (void)json_array_append_new(m, result);
        if (!(shape & OPEN))
            (void)json_array_append_new(m, message("assistant", "answer", text, shape));
    }
    if (!(shape & OPEN)) (void)json_array_append_new(m, message("user", "user", text, shape));
    return m;
}

static json_t *tools_of(const char *text)
{
    return json_pack("[{s:s,s:{s:s,s:s,s:{s:s,s:{s:{s:s,s:s,s:[s,s],s:s}},s:[s]},s:{s:s,s:s}}}]",
                     "type", "function", "function", "name", at_place("toolname", text),
                     "description", at_place("tooltext", text), "parameters", "type", "object",
                     "properties", at_place("toolname", text), "type", "string", "description",
                     at_place("tooltext", text), "enum", at_place("enum", text), text, "default",
                     at_place("default", text), "required", at_place("toolname", text), "return",
                     "type", "string", "description", at_place("tooltext", text));
}

/* How often each special token comes out; false: the template refuses such a conversation. */
static bool count_specials(const heft_chat *c, const heft_tokenizer *t, const special *s, size_t n,
                           const heft_conversation *talk, size_t *times)
{
    heft_prompt p = { .n = 0 };
    int32_t *id = NULL;
    size_t n_ids = 0;
    char place[32];
    heft_error err = { 0 };
    if (heft_chat_prompt(c, talk, &p, &err)) return false;
    assert_ok(heft_tokenize_prompt(t, &p, HEFT_TOKENIZE_NO_SPECIAL, &id, &n_ids, &err), &err);
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < n_ids; i++)
            times[k] += id[i] == s[k].id;
    for (size_t i = 0; i < N_PLACES; i++) {
        (void)snprintf(place, sizeof place, "@%s", places[i]);
        seen[i] += strstr(p.text, place) != NULL;
    }
    heft_release(id);
    heft_prompt_clear(&p);
    return true;
}

/* A text in every place of a conversation of this shape, and in a switch, where one is named. */
static bool count_with(const heft_chat *c, const heft_tokenizer *t, const special *s, size_t n,
                       const char *text, int shape, const char *knob, size_t *times)
{
    json_t *part[4] = { messages_of(text, shape) };
    char *json[4] = { NULL };
    if (shape & TOOLS) part[1] = tools_of(text);
    if (shape & DOCUMENTS)
        part[2] = json_pack("[{s:s,s:s,s:s}]", "title", at_place("document", text), "text",
                            at_place("document", text), "contents", at_place("document", text));
    if (shape & TOKENS)
        part[3] = json_pack("{s:s,s:s}", "bos_token", at_place("switch", text), "eos_token", text);
    if (knob) part[3] = json_pack("{s:s}", knob, at_place("switch", text));
    for (size_t i = 0; i < 4; i++)
        if (part[i]) json[i] = json_dumps(part[i], 0);
    heft_conversation talk = { .messages = json[0],
                               .tools = json[1],
                               .documents = json[2],
                               .kwargs = json[3],
                               .now = "2025-03-07T09:05:03" };
    bool rendered = count_specials(c, t, s, n, &talk, times);
    for (size_t i = 0; i < 4; i++) {
        json_decref(part[i]);
        free(json[i]);
    }
    return rendered;
}

/* With a typed text there are no more special tokens than with a harmless one in its place, which
 * is known without asking anybody where a byte comes from. */
static size_t say(const char *name, const heft_chat *c, const heft_tokenizer *t, const special *s,
                  size_t n, const char *text, int shape, const char *knob)
{
    size_t *times = calloc(n, sizeof *times), *harmless = calloc(n, sizeof *harmless);
    assert_true(times && harmless);
    bool rendered = count_with(c, t, s, n, text, shape, knob, times)
                    && count_with(c, t, s, n, "harmless", shape, knob, harmless);
    for (size_t k = 0; rendered && k < n; k++)
        if (times[k] > harmless[k])
            fail_msg("%s, conversation %d: typed text became the token %s", name, shape, s[k].text);
    free(times);
    free(harmless);
    return rendered;
}

/* Each of the template's own switches with the text, by itself. */
static size_t say_in_switches(const char *name, const heft_chat *c, const heft_tokenizer *t,
                              const special *s, size_t n, const char *text)
{
    const heft_chat_facts *f = heft_chat_describe(c);
    size_t prompts = 0;
    for (int32_t i = 0; i < f->n_knobs; i++)
        for (int shape = SYSTEM; shape <= (SYSTEM | TOOLS); shape += TOOLS)
            prompts += say(name, c, t, s, n, text, shape, f->knob[i]);
    return prompts;
}

/* All special tokens, typed at once: alone, between letters, and one against the other. */
static void inject(const heft_chat *c, const char *name, const heft_tokenizer *t, const special *s,
                   size_t n, size_t *prompts)
{
    static const char *const between[] = { " ", "a", "" };
    for (size_t k = 0; k < 3; k++) {
        heft_buf b = heft_buf_of(1 << 24);
        for (size_t i = 0; i < n; i++)
            heft_buf_printf(&b, "%s%s", s[i].text, between[k]);
        assert_false(b.failed);
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            *prompts += say(name, c, t, s, n, b.p, shapes[i], NULL);
        if (!k) *prompts += say_in_switches(name, c, t, s, n, b.p);
        heft_buf_free(&b);
    }
}

static void inject_everywhere(const heft_tokenizer *t, size_t *prompts)
{
    special *s;
    size_t n = specials_of(t, &s);
    const char *name;
    for (int32_t i = 0; n && (name = heft_chat_format(i, NULL, NULL)); i++) {
        heft_chat *c = open_chat(NULL, &(heft_chat_options){ .format = name });
        inject(c, name, t, s, n, prompts);
        heft_chat_close(c);
    }
    const char *root = getenv("HEFT_TEST_DATA");
    char folder[512], path[1024];
    (void)snprintf(folder, sizeof folder, "%s/chat_templates",
                   root ? root : HEFT_SOURCE_DIR "/../shared/data");
    DIR *list = n ? opendir(folder) : NULL;
    for (const struct dirent *e; list && (e = readdir(list));) {
        char *source = NULL;
        size_t length;
        heft_error err = { 0 };
        if (!heft_str_ends(heft_str_of(e->d_name), ".jinja")) continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        assert_ok(heft_read_file(path, 1 << 22, &source, &length, &err), &err);
        heft_chat *c = open_chat(NULL, &(heft_chat_options){ .source = source });
        inject(c, e->d_name, t, s, n, prompts);
        heft_chat_close(c);
        heft_free(source);
    }
    if (list) (void)closedir(list);
    for (size_t i = 0; i < n; i++)
        heft_release(s[i].text);
    free(s);
}

static void typed_special_tokens_stay_text_in_committed_tokenizers(void **state)
{
    static const char *const fixtures[] = { "deepseek", "falcon", "fused", "gpt2",     "llama2",
                                            "llama3",   "mixed",  "qwen2", "metaspace" };
    size_t prompts = 0;
    (void)state;
    for (size_t i = 0; i < sizeof fixtures / sizeof *fixtures; i++) {
        char path[512], *text = NULL;
        size_t n;
        heft_error err = { 0 };
        (void)snprintf(path, sizeof path, GOLDEN "%s.json", fixtures[i]);
        assert_ok(heft_read_file(path, 1 << 22, &text, &n, &err), &err);
        heft_tokenizer *t = open_tokenizer(release_with(text));
        inject_everywhere(t, &prompts);
        heft_tokenizer_close(t);
        heft_free(text);
    }
    heft_tokenizer *t = open_tokenizer(HEFT_SOURCE_DIR "/models/fable");
    inject_everywhere(t, &prompts);
    heft_tokenizer_close(t);
    assert_true(prompts > 3000);
    for (size_t i = 0; i < N_PLACES; i++)
        if (!seen[i]) fail_msg("no template shows the text of %s", places[i]);
}

static void typed_special_tokens_stay_text_in_gguf_vocabularies(void **state)
{
    static const char *const vocab[] = { "bert-bge",  "deepseek-llm", "gpt-2",    "gpt-neox",
                                         "llama-spm", "mpt",          "starcoder" };
    (void)state;
    for (size_t i = 0; i < sizeof vocab / sizeof *vocab; i++) {
        char path[128];
        size_t prompts = 0;
        (void)snprintf(path, sizeof path, "tokenizers/ggml-vocab-%s.gguf", vocab[i]);
        heft_tokenizer *t = open_tokenizer(shared_data(path));
        inject_everywhere(t, &prompts);
        heft_tokenizer_close(t);
        assert_true(prompts > 30);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_and_tokens_are_found_where_transformers_finds_them),
        cmocka_unit_test(a_gguf_file_brings_its_templates_and_the_texts_of_its_tokens),
        cmocka_unit_test(a_file_of_a_release_stands_for_it),
        cmocka_unit_test(what_cannot_be_taken_is_refused_by_name),
        cmocka_unit_test(built_in_formats_are_those_of_llama_cpp),
        cmocka_unit_test(a_built_in_format_drops_nothing),
        cmocka_unit_test(a_message_that_the_template_leaves_out_is_found),
        cmocka_unit_test(switches_and_reasoning_are_found_in_the_template),
        cmocka_unit_test(special_tokens_are_matched_where_the_template_wrote_every_byte),
        cmocka_unit_test(origins_survive_the_rewriting_of_a_text),
        cmocka_unit_test(typed_special_tokens_stay_text_in_committed_tokenizers),
        cmocka_unit_test(typed_special_tokens_stay_text_in_gguf_vocabularies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
