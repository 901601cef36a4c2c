/* Unicode data of our own: looking things up. */
#include "text/unicode.h"

const heft_ranges *heft_ranges_find(const heft_ranges *table, heft_str name)
{
    for (; table->name; table++)
        if (heft_str_is(name, table->name)) return table;
    return NULL;
}

bool heft_ranges_have(const heft_ranges *r, int32_t cp)
{
    int32_t low = 0, high = r->n;
    while (low < high) {
        int32_t middle = (low + high) / 2;
        if (cp > r->range[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < r->n && cp >= r->range[low].first;
}

bool heft_unicode_has_newer(heft_str text)
{
    for (size_t i = 0; i < text.n;) {
        if ((uint8_t)text.p[i] < 0x80) {
            i++;
            continue;
        }
        int32_t cp;
        i += heft_utf8_decode(text.p + i, text.n - i, &cp);
        if (cp >= heft_unicode_newer_any.range[0].first
            && heft_ranges_have(&heft_unicode_newer_any, cp))
            return true;
    }
    return false;
}

int32_t heft_unicode_script_of(int32_t cp)
{
    int32_t low = 0, high = heft_unicode_scripts_n;
    while (low < high) {
        int32_t middle = (low + high) / 2;
        if (cp > heft_unicode_scripts[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    const heft_script_row *r = &heft_unicode_scripts[low];
    return low < heft_unicode_scripts_n && cp >= r->first ? r->script : -1;
}

int32_t heft_unicode_to_lower(int32_t cp, int32_t out[2])
{
    int32_t low = 0, high = heft_unicode_lower_n;
    out[0] = cp;
    if (cp < 0x80) {
        if (cp >= 'A' && cp <= 'Z') out[0] = cp + 0x20;
        return 1;
    }
    while (low < high) {
        int32_t middle = (low + high) / 2;
        if (cp > heft_unicode_lower[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    const heft_case_row *r = &heft_unicode_lower[low];
    if (low == heft_unicode_lower_n || cp < r->first || (cp - r->first) % r->step) return 1;
    out[0] = cp + r->by;
    if (cp != 0x130) return 1;
    out[1] = 0x307; /* capital I with a dot above is the one that becomes two */
    return 2;
}

/* Printable Latin-1 stands for itself; the other 68 bytes, in order, for U+0100 and on. */
int32_t heft_char_of_byte(uint8_t byte)
{
    if ((byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad)) return byte;
    if (byte <= 0x20) return 0x100 + byte;
    if (byte <= 0xa0) return 0x121 + byte - 0x7f;
    return 0x143;
}

int32_t heft_byte_of_char(int32_t cp)
{
    if (cp >= 0 && cp < 0x100) return heft_char_of_byte((uint8_t)cp) == cp ? cp : -1;
    if (cp >= 0x100 && cp <= 0x120) return cp - 0x100;
    if (cp >= 0x121 && cp <= 0x142) return cp - 0x121 + 0x7f;
    return cp == 0x143 ? 0xad : -1;
}
