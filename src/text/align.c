/* A conversation goes on: the ids of its text so far, and the ids of the text it has become. */
#include "base/buf.h"
#include "base/mem.h"
#include "text/tokenizer.h"

#include <string.h>

/* One of the two lists on its way: the bytes since both stood at the same place. */
typedef struct {
    const int32_t *id;
    size_t n, at;
    heft_stream stream;
    heft_buf text;
} side;

static void take(side *s)
{
    heft_buf_str(&s->text, heft_stream_bytes(&s->stream, s->id[s->at++]));
}

/* Both stand at the same place of the same text, and differ in their next id. Go on to the next
 * place where both stand: true, or false where the texts part. `fresh` must take no special token
 * on the way: that is the template's, and what is held there was spelled by somebody else. */
static bool meet(const heft_tokenizer *t, side *held, side *fresh)
{
    held->text.n = fresh->text.n = 0;
    do {
        side *behind = held->text.n < fresh->text.n ? held : fresh;
        if (behind->at == behind->n) return false;
        if (behind == fresh && heft_tokenizer_is_special(t, fresh->id[fresh->at])) return false;
        take(behind);
        size_t least = held->text.n < fresh->text.n ? held->text.n : fresh->text.n;
        if (held->text.failed || fresh->text.failed
            || (least && memcmp(held->text.p, fresh->text.p, least) != 0))
            return false;
    } while (held->text.n != fresh->text.n);
    return true;
}

heft_status heft_align(const heft_tokenizer *t, const int32_t *held, size_t n_held,
                       const int32_t *ids, size_t n, int32_t **out, size_t *n_out, heft_error *err)
{
    side a = { .id = held, .n = n_held, .stream = { .t = t, .special = true } };
    side b = { .id = ids, .n = n, .stream = { .t = t, .special = true } };
    a.text = b.text = heft_buf_of(HEFT_MAX_TEXT_BYTES);
    size_t shared = 0, from = 0; /* of held, of ids: what both have so far */
    while (a.at < a.n && b.at < b.n) {
        if (a.id[a.at] == b.id[b.at]) {
            take(&a);
            take(&b);
            a.text.n = b.text.n = 0;
        } else if (!meet(t, &a, &b)) {
            break;
        }
        shared = a.at;
        from = b.at;
    }
    bool failed = a.text.failed || b.text.failed;
    heft_buf_free(&a.text);
    heft_buf_free(&b.text);
    int32_t *all = failed ? NULL : heft_alloc(shared + n - from, sizeof *all);
    if (!all) return heft_nomem(err, "ids");
    if (shared) memcpy(all, held, shared * sizeof *all);
    if (n > from) memcpy(all + shared, ids + from, (n - from) * sizeof *all);
    *out = all;
    *n_out = shared + n - from;
    return HEFT_OK;
}
