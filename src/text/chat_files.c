/* Where a release keeps its chat templates and the tokens they write.
 *
 * A directory is read as transformers 4.57 does: chat_template.jinja and additional_chat_templates/
 * before tokenizer_config.json, and where a tokenizer has none, that of the release's processor:
 * chat_template.json before processor_config.json; tokens from tokenizer_config.json, and from
 * special_tokens_map.json where it is not superseded. A GGUF file is read as llama.cpp does. */
#define _POSIX_C_SOURCE 200809L
#include "text/chat.h"

#include "format/container.h"
#include "format/json.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

heft_status heft_chat_add(heft_chat *c, heft_str name, heft_str source, heft_error *err)
{
    int32_t i = 0;
    if (!c->template)
        c->template = heft_arena_alloc(&c->arena, HEFT_MAX_TEMPLATES, sizeof *c->template);
    char *copy = heft_arena_strdup(&c->arena, source), *called = heft_arena_strdup(&c->arena, name);
    if (!c->template || !copy || !called) return heft_nomem(err, "a chat template");
    while (i < c->n && strcmp(c->template[i].name, called) != 0)
        i++;
    if (i == HEFT_MAX_TEMPLATES)
        return heft_fail(err, HEFT_E_FORMAT, "%s: has more than %d chat templates", c->from,
                         HEFT_MAX_TEMPLATES);
    c->template[i] = (heft_named_template){ .name = called, .source = { copy, source.n } };
    if (i == c->n) c->n++;
    return HEFT_OK;
}

static heft_status set_token(heft_chat *c, const char *key, json_t *value, heft_error *err)
{
    return value && json_object_set_new(c->tokens, key, value) == 0
               ? HEFT_OK
               : heft_nomem(err, "the tokens of a template");
}

/* ---- a directory ------------------------------------------------------ */

/* The path of a file of the release; *there false: it has none. */
static heft_status find(const heft_directory *dir, const char *name, char *path, size_t size,
                        bool *there, heft_error *err)
{
    heft_status st = heft_path_join(path, size, dir->path, heft_str_of(name), err);
    *there = !st && heft_is_file(path);
    if (st || !*there) return st;
    return heft_directory_file(dir, heft_str_of(name), path, size, err);
}

static heft_status add_file(heft_chat *c, const heft_directory *dir, const char *file,
                            heft_str name, heft_error *err)
{
    char path[4096], *text = NULL;
    bool there;
    size_t n = 0;
    heft_status st = find(dir, file, path, sizeof path, &there, err);
    if (!st && there) st = heft_read_file(path, HEFT_MAX_TEMPLATE_BYTES, &text, &n, err);
    if (!st && there) st = heft_chat_add(c, name, (heft_str){ text, n }, err);
    heft_free(text);
    return st;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* additional_chat_templates/NAME.jinja, in the order of their names. */
static heft_status add_folder(heft_chat *c, const heft_directory *dir, heft_error *err)
{
    static const char suffix[] = ".jinja";
    char path[4096];
    const char *name[HEFT_MAX_TEMPLATES];
    size_t n = 0;
    heft_directory folder;
    heft_status st =
        heft_path_join(path, sizeof path, dir->path, heft_str_of("additional_chat_templates"), err);
    if (st || !heft_is_directory(path)) return st;
    st = heft_directory_open(&folder, path, err);
    DIR *list = st ? NULL : opendir(path);
    if (!st && !list)
        st = heft_fail(err, HEFT_E_IO, "%s: %s", heft_show_z(path).text, strerror(errno));
    for (const struct dirent *e; list && !st && (e = readdir(list));) {
        heft_str s = heft_str_of(e->d_name);
        if (e->d_name[0] == '.' || !heft_str_ends(s, suffix)) continue;
        if (n == HEFT_MAX_TEMPLATES)
            st = heft_fail(err, HEFT_E_FORMAT, "%s: has more than %d chat templates",
                           heft_show_z(path).text, HEFT_MAX_TEMPLATES);
        else if (!(name[n++] = heft_arena_strdup(&c->arena, s)))
            st = heft_nomem(err, "a chat template");
    }
    if (list) (void)closedir(list);
    if (!st && n) qsort(name, n, sizeof *name, by_name);
    for (size_t i = 0; i < n && !st; i++)
        st = add_file(c, &folder, name[i], (heft_str){ name[i], strlen(name[i]) - strlen(suffix) },
                      err);
    return st;
}

/* A JSON file of the release as a tree, or NULL where it has none. */
static heft_status read_tree(heft_chat *c, const heft_directory *dir, const char *name,
                             const heft_value **out, heft_error *err)
{
    char path[4096], *text = NULL, *kept;
    size_t n = 0;
    bool there;
    heft_value *tree = NULL;
    heft_status st = find(dir, name, path, sizeof path, &there, err);
    if (st || !there) return st;
    st = heft_read_file(path, HEFT_MAX_CONFIG_BYTES, &text, &n, err);
    if (st) return st;
    kept = heft_arena_strdup(&c->arena, (heft_str){ text, n });
    heft_free(text);
    if (!kept) return heft_nomem(err, name);
    st = heft_json_tree(&c->arena, kept, n, HEFT_JSON_PYTHON, name, &tree, err);
    *out = tree;
    return st;
}

/* chat_template of a file: a text, or a list of {"name", "template"}. */
static heft_status add_config(heft_chat *c, const heft_value *config, const char *file,
                              heft_error *err)
{
    const heft_value *v = heft_value_get(config, "chat_template");
    if (!v || v->kind == HEFT_V_NULL) return HEFT_OK;
    if (v->kind == HEFT_V_STRING) return heft_chat_add(c, heft_str_of("default"), v->str, err);
    heft_status st = HEFT_OK;
    bool good = v->kind == HEFT_V_ARRAY;
    for (const heft_value *e = v->child; e && good && !st; e = e->next) {
        const heft_value *name = heft_value_get(e, "name"), *text = heft_value_get(e, "template");
        good = name && text && name->kind == HEFT_V_STRING && text->kind == HEFT_V_STRING;
        if (good) st = heft_chat_add(c, name->str, text->str, err);
    }
    if (good) return st;
    return heft_fail(
        err, HEFT_E_FORMAT,
        "%s: chat_template is %s, expected a string or a list of objects with name "
        "and template",
        file, v->kind == HEFT_V_ARRAY ? "a list of something else" : heft_value_kind_name(v->kind));
}

static const char *const roles[] = { "bos_token", "eos_token", "unk_token", "sep_token",
                                     "pad_token", "cls_token", "mask_token" };

/* A token as its text: "</s>" or {"content": "</s>"}; NULL: it is neither. */
static const heft_value *text_of(const heft_value *v)
{
    if (v && v->kind == HEFT_V_OBJECT) v = heft_value_get(v, "content");
    return v && v->kind == HEFT_V_STRING ? v : NULL;
}

/* A token that a file names; null takes it away. */
static heft_status add_token(heft_chat *c, const char *role, const heft_value *v, heft_error *err)
{
    const heft_value *text = text_of(v);
    if (text && text->str.n) return set_token(c, role, json_stringn(text->str.p, text->str.n), err);
    if (v) (void)json_object_del(c->tokens, role);
    return HEFT_OK;
}

static heft_status add_tokens(heft_chat *c, const heft_value *file, heft_error *err)
{
    heft_status st = HEFT_OK;
    for (size_t i = 0; i < sizeof roles / sizeof *roles && !st; i++)
        st = add_token(c, roles[i], heft_value_get(file, roles[i]), err);
    const heft_value *own = heft_value_get(file, "extra_special_tokens"); /* image_token, ... */
    bool named = own && own->kind == HEFT_V_OBJECT;
    for (const heft_value *v = named ? own->child : NULL; v && !st; v = v->next) {
        const char *role = heft_arena_strdup(&c->arena, v->key);
        st = role ? add_token(c, role, v, err) : heft_nomem(err, "the tokens of a template");
    }
    const heft_value *more = heft_value_get(file, "additional_special_tokens");
    if (st || !more || more->kind != HEFT_V_ARRAY || !more->n) return st;
    json_t *list = json_array();
    for (const heft_value *e = more->child; e && list; e = e->next)
        if (text_of(e))
            (void)json_array_append_new(list, json_stringn(text_of(e)->str.p, text_of(e)->str.n));
    return set_token(c, "additional_special_tokens", list, err);
}

/* What a tokenizer class has where its file says nothing. Source: the signatures of transformers
 * 4.57.6. Empty: none. */
static const struct {
    const char *names, *token[5]; /* names without "Fast"; token: as in roles */
} classes[] = {
    { "LlamaTokenizer CodeLlamaTokenizer", { "<s>", "</s>", "<unk>", "", "" } },
    { "GPT2Tokenizer GPTNeoXTokenizer CodeGenTokenizer",
      { "<|endoftext|>", "<|endoftext|>", "<|endoftext|>", "", "" } },
    { "Qwen2Tokenizer", { "", "<|endoftext|>", "<|endoftext|>", "", "<|endoftext|>" } },
    { "GemmaTokenizer", { "<bos>", "<eos>", "<unk>", "", "<pad>" } },
    { "CohereTokenizer", { "<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>", "<UNK>", "", "" } },
    { "BloomTokenizer", { "<s>", "</s>", "<unk>", "", "<pad>" } },
};

static heft_status add_class(heft_chat *c, const heft_value *config, heft_error *err)
{
    const heft_value *v = heft_value_get(config, "tokenizer_class");
    heft_status st = HEFT_OK;
    char name[64];
    if (!v || v->kind != HEFT_V_STRING || v->str.n >= sizeof name) return st;
    size_t n = v->str.n - (heft_str_ends(v->str, "Fast") ? 4 : 0);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        const char *at = classes[i].names, *end;
        for (; at; at = end ? end + 1 : NULL) {
            end = strchr(at, ' ');
            if (heft_str_eq((heft_str){ v->str.p, n },
                            (heft_str){ at, end ? (size_t)(end - at) : strlen(at) }))
                break;
        }
        for (size_t k = 0; at && k < 5 && !st; k++)
            if (*classes[i].token[k])
                st = set_token(c, roles[k], json_string(classes[i].token[k]), err);
    }
    return st;
}

static heft_status read_directory(heft_chat *c, const heft_directory *dir, heft_error *err)
{
    const heft_value *config = NULL, *map = NULL;
    heft_status st = read_tree(c, dir, "tokenizer_config.json", &config, err);
    if (!st) st = read_tree(c, dir, "special_tokens_map.json", &map, err);
    if (!st) st = add_class(c, config, err);
    if (!st) st = add_tokens(c, config, err);
    if (!st && !heft_value_get(config, "added_tokens_decoder")) st = add_tokens(c, map, err);
    c->from = "chat_template.jinja";
    if (!st) st = add_file(c, dir, c->from, heft_str_of("default"), err);
    if (!st && !c->n) c->from = "additional_chat_templates";
    if (!st) st = add_folder(c, dir, err);
    if (st || c->n) return st;
    c->from = "tokenizer_config.json";
    st = add_config(c, config, c->from, err);
    static const char *const more[] = { "chat_template.json", "processor_config.json" };
    for (size_t i = 0; i < 2 && !st && !c->n; i++) {
        config = NULL;
        c->from = more[i];
        st = read_tree(c, dir, more[i], &config, err);
        if (!st) st = add_config(c, config, more[i], err);
    }
    return st;
}

/* ---- a GGUF file ------------------------------------------------------ */

static heft_status add_gguf_token(heft_chat *c, const heft_source *s, const char *role,
                                  const char *key, heft_error *err)
{
    const heft_value *id = heft_value_get(s->config, key);
    heft_gguf_array a;
    heft_str text = { 0 };
    if (!id || id->kind != HEFT_V_INT || !heft_gguf_array_open(s, "tokenizer.ggml.tokens", &a))
        return HEFT_OK;
    int64_t i = -1;
    while (i < id->n && heft_gguf_next_str(&a, &text))
        i++;
    return i == id->n && i >= 0 ? set_token(c, role, json_stringn(text.p, text.n), err) : HEFT_OK;
}

static heft_status read_gguf(heft_chat *c, const heft_source *s, heft_error *err)
{
    static const char key[] = "tokenizer.chat_template";
    heft_status st = add_gguf_token(c, s, "bos_token", "tokenizer.ggml.bos_token_id", err);
    if (!st) st = add_gguf_token(c, s, "eos_token", "tokenizer.ggml.eos_token_id", err);
    c->from = key;
    c->add_bos = true;
    for (const heft_value *v = s->config->child; v && !st; v = v->next) {
        const size_t n = sizeof key - 1;
        if (!heft_str_begins(v->key, key) || v->kind != HEFT_V_STRING) continue;
        if (v->key.n == n)
            st = heft_chat_add(c, heft_str_of("default"), v->str, err);
        else if (v->key.p[n] == '.')
            st = heft_chat_add(c, (heft_str){ v->key.p + n + 1, v->key.n - n - 1 }, v->str, err);
    }
    return st;
}

heft_status heft_chat_read(heft_chat *c, const char *path, const heft_log *log, heft_error *err)
{
    heft_directory dir;
    heft_source *s = NULL;
    heft_status st = HEFT_OK;
    if (!heft_is_directory(path)) {
        st = heft_source_open(path, log, &s, err);
        if (!st && s->container == HEFT_GGUF) {
            st = read_gguf(c, s, err);
            heft_source_close(s);
            return st;
        }
        heft_source_close(s);
        if (!st) st = heft_directory_of(&dir, path, NULL, err);
    } else {
        st = heft_directory_open(&dir, path, err);
    }
    return st ? st : read_directory(c, &dir, err);
}
