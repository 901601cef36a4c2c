"""Write src/text/unicode_table.c: the Unicode data that tokenizers need beyond PCRE2 and utf8proc.

The reference is the Hugging Face tokenizers library, asked directly: its Oniguruma knows Unicode 16,
its normal forms Unicode 9, its punctuation and its white space of BERT Unicode 8, its lower case and its
digits Unicode 17. What PCRE2 10.42 knows is Unicode 14, the version of unicodedata in Python 3.11.

    python tools/make_unicode.py > src/text/unicode_table.c
"""

import ctypes
import sys
import unicodedata

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
ALL = "".join(map(chr, POINTS))
CATEGORIES = ("L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po "
              "S Sm Sc Sk So Z Zs Zl Zp Cc Cf Co").split()
SCRIPTS = ("Arabic Armenian Bengali Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi "
           "Han Hangul Hebrew Hiragana Kannada Katakana Khmer Lao Latin Malayalam Mongolian "
           "Myanmar Sinhala Tamil Telugu Thai Tibetan").split()


def members(pattern):
    """The code points that a pattern of one character matches."""
    left = set(map(ord, normalizers.Replace(Regex(pattern), "").normalize_str(ALL)))
    return [c for c in POINTS if c not in left]


def ranges(points):
    out = []
    for c in sorted(points):
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def known(category):
    return {c for c in POINTS if unicodedata.category(chr(c)).startswith(category)}


def punctuation():
    split = pre_tokenizers.Punctuation("isolated")
    spaced = "a".join(ALL)
    pieces = {p for p, _ in split.pre_tokenize_str(spaced) if len(p) == 1 and p != "a"}
    return [ord(p) for p in pieces]


def form_differences():
    """Code points that utf8proc and the reference decompose, compose or order differently."""
    lib = ctypes.CDLL("libutf8proc.so")
    libc = ctypes.CDLL(None)
    libc.free.argtypes = [ctypes.c_void_p]
    found = set()
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        function = getattr(lib, "utf8proc_" + form)
        function.restype = ctypes.c_void_p
        function.argtypes = [ctypes.c_char_p]
        reference = getattr(normalizers, form)()

        def ours(text):
            p = function(text.encode())
            out = ctypes.string_at(p).decode()
            libc.free(p)
            return out

        marks = ["\u0334", "\u093c", "\u0345", "\u0301"]
        for c in POINTS[1:]:
            x = chr(c)
            for text in [x] + [x + m for m in marks] + [m + x for m in marks]:
                if ours(text) != reference.normalize_str(text):
                    found.add(c)
                    break
    return found


def gone(normalizer):
    """The code points that a normalizer removes."""
    return [c for c in POINTS if normalizer.normalize_str(chr(c)) == ""]


def spaced(normalizer):
    """The code points that a normalizer makes a space."""
    return [c for c in POINTS if normalizer.normalize_str(chr(c)) == " "]


def surrounded(normalizer):
    return [c for c in POINTS if normalizer.normalize_str(chr(c)) == f" {chr(c)} "]


def split_off(pre_tokenizer):
    """The code points that part from a letter before them."""
    return [c for c in POINTS if len(pre_tokenizer.pre_tokenize_str("a" + chr(c))) == 2]


def scripts_of():
    """Rows (first, last, number of the script) of UnicodeScripts, which takes kana for Han and the
    code points of no row for part of what is around them."""
    split = pre_tokenizers.UnicodeScripts()
    known_points = [c for c in POINTS if split.pre_tokenize_str(chr(c))]
    example, number = [], {}
    text = "".join(map(chr, known_points))
    for piece, _ in split.pre_tokenize_str(text):
        first = piece[0]
        same = [i for i, e in enumerate(example) if len(split.pre_tokenize_str(e + first)) == 1]
        if not same:
            example.append(first)
            same = [len(example) - 1]
        for c in piece:
            number[ord(c)] = same[0]
    rows = []
    for c in known_points:
        if rows and rows[-1][1] == c - 1 and rows[-1][2] == number[c]:
            rows[-1][1] = c
        else:
            rows.append([c, c, number[c]])
    return rows


def lower_case():
    """Rows (first, last, step, difference). U+0130 becomes two, which the code knows."""
    lower = normalizers.Lowercase()
    rows = []
    for c in POINTS:
        to = lower.normalize_str(chr(c))
        if to == chr(c):
            continue
        assert len(to) == 1 or c == 0x130
        by = ord(to[0]) - c
        last = rows[-1] if rows else None
        step = c - last[1] if last else 0
        if last and last[3] == by and c != 0x130 and (
                step == last[2] or (last[0] == last[1] and step in (1, 2))):
            last[1], last[2] = c, step
        else:
            rows.append([c, c, 1, by])
    return rows


def emit_rows(kind, name, rows, per_line):
    print(f"const {kind} {name}[] = {{")
    for i in range(0, len(rows), per_line):
        print("    " + " ".join("{ " + ", ".join(hex(x) if k < 2 else str(x) for k, x in enumerate(r))
                                + " }," for r in rows[i:i + per_line]))
    print("};")
    print(f"const int32_t {name}_n = {len(rows)};\n")


def emit(name, points):
    rows = ranges(points)
    print(f"static const heft_range {name}[] = {{")
    for i in range(0, len(rows), 4):
        print("    " + " ".join(f"{{ 0x{a:x}, 0x{b:x} }}," for a, b in rows[i:i + 4]))
    print("};")
    return len(rows)


def main():
    print("/* Unicode tables, generated by tools/make_unicode.py from what tokenizers"
          f" {tokenizers.__version__} says. */")
    print('/* clang-format off */\n#include "text/unicode.h"\n')
    newer = {}
    for name in CATEGORIES:
        newer[name] = set(members(rf"\p{{{name}}}")) - known(name)
    scripts = {name: members(rf"\p{{{name}}}") for name in SCRIPTS}
    newer_scripts = {c for points in scripts.values() for c in points
                     if unicodedata.category(chr(c)) == "Cn"}
    every = set().union(newer_scripts, *newer.values())
    for table, prefix in ((newer, "newer"), (scripts, "script")):
        for name, points in table.items():
            if points:
                emit(f"{prefix}_{name}", points)
    for prefix, table in (("newer", newer), ("script", scripts)):
        print(f"\nconst heft_ranges heft_unicode_{prefix}[] = {{")
        for name, points in table.items():
            row = f"{prefix}_{name}, {len(ranges(points))}" if points else "NULL, 0"
            print(f'    {{ "{name}", {row} }},')
        print("    { NULL, NULL, 0 },\n};")
    print()
    clean = normalizers.BertNormalizer(True, False, False, False)
    sets = (("newer_any", every), ("unassigned", members(r"\p{Cn}")), ("space", members(r"\s")),
            ("word", members(r"[\w]")), ("punctuation", punctuation()),
            ("numeric", split_off(pre_tokenizers.Digits(True))),
            ("decimal", members(r"\d")),
            ("form_exception", form_differences()),
            ("bert_dropped", gone(clean)), ("bert_space", spaced(clean)),
            ("bert_alone", surrounded(normalizers.BertNormalizer(False, True, False, False))),
            ("bert_accent", gone(normalizers.BertNormalizer(False, False, True, False))),
            ("combining", gone(normalizers.StripAccents())),
            ("nmt_dropped", gone(normalizers.Nmt())), ("nmt_space", spaced(normalizers.Nmt())))
    for name, points in sets:
        n = emit(name, points)
        print(f'const heft_ranges heft_unicode_{name} = {{ "{name}", {name}, {n} }};\n')
    emit_rows("heft_script_row", "heft_unicode_scripts", scripts_of(), 4)
    emit_rows("heft_case_row", "heft_unicode_lower", lower_case(), 3)
    print(f"made {len(every)} newer code points", file=sys.stderr)


main()
