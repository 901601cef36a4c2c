"""Write tests/text/golden: small tokenizers, texts, and what the tokenizers library says of them.

    python tools/make_tokenizer_fixtures.py CORPUS_DIR OUT_DIR

CORPUS_DIR holds public-domain tales (*.txt), of which only merges remain in the vocabularies.
NAME.json is a tokenizer.json, NAME.model a SentencePiece model, NAME.tiktoken and NAME.tekken what their names
say, NAME.config the tokenizer_config.json beside it; texts.json the texts. NAME.sum has one line per 50 of the
20,000 texts made from those: FNV-1a (32 bits) of, per text, with a newline between two texts,

    ids, special tokens parsed | ids, not parsed | their text with | without special tokens

with ids in decimal separated by spaces, no tokens added before or after. Models of SentencePiece take no special
tokens from text. The versions of the libraries that said so are printed; they were tokenizers 0.22.2,
sentencepiece 0.2.3 and tiktoken 0.14.0.
"""

import base64
import io
import json
import pathlib
import random
import sys
import tempfile

import sentencepiece as spm
import tiktoken
import tokenizers
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers import processors, trainers

TEXTS, ALL_TEXTS, BLOCK = 5200, 20000, 50
GPT2_LIKE_CASES = ["'s", "'T", "'re", "'VE", "'m", "'ll", "'d", "'\u017f", "don't", "I'LL"]
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
CLIP = r"""<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""
KIMI = "|".join([
    r"[\p{Han}]+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])
QWEN2 = LLAMA3.replace("{1,3}", "")
WORLD = """Съешь же ещё этих мягких французских булок, да выпей чаю. В чащах юга жил бы цитрус?
Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. Η γλώσσα μου έδωσαν ελληνική.
El veloz murciélago hindú comía feliz cardillo y kiwi. Señor, ¿cómo está usted? Año nuevo.
Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. Straße, Füße, Übermut.
Voix ambiguë d'un cœur qui, au zéphyr, préfère les jattes de kiwis. L'été, l'école.
Příliš žluťoučký kůň úpěl ďábelské ódy. Zażółć gęślą jaźń. Đường phố Việt Nam rất đẹp.
我想在这里学习中文，今天天气很好。人之初，性本善。性相近，习相远。語言模型。
いろはにほへと ちりぬるを。わたしは日本語を話します。カタカナもあります。ラーメン。
키스의 고유조건은 입술끼리 만나야 한다. 한국어를 공부합니다. 안녕하세요!
نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر. السلام عليكم ١٢٣٤
דג סקרן שט בים מאוכזב ולפתע מצא חברה. שלום עולם
ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश। हिन्दी में १२३४५।
เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์เดรัจฉาน
កាន់តែពិសេសអាចខលចេញ ខ្មែរ ၊မြန်မာဘာသာ ქართული ენა Հայերեն լեզու አማርኛ
আমি বাংলায় গান গাই। தமிழ் மொழி తెలుగు ಕನ್ನಡ മലയാളം සිංහල བོད་ཡིག
""".split("\n")
CODE = """def main(argv):\n    for i in range(10):\n        print(f"{i:03d}\\t{argv[i]!r}")  # loop
#include <stdio.h>\nint main(void)\n{\n\treturn printf("%d\\n", 0x7fff);\n}
SELECT a.id, COUNT(*) FROM users AS a WHERE a.name LIKE '%x_%' GROUP BY 1;
<div class="a b" id='c'>&nbsp;<br/></div>\r\n{"key": [1, 2.5e-10, null, true]}
x = a && b || !c ? d[i++] : ~e ^ (f << 3); // -> => :: ... === !== <=> |> ??=
https://example.org/a/b_c?d=e&f=%20#g user@example.org C:\\dir\\file.txt $HOME/.config
| a | b |\n|---|:-:|\n| **1** | `2` |\n\n\n- [ ] item\n  1. one\n\n    code
""".split("\n")
EMOJI = ["😀", "🚀", "👨‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪🇫🇷", "❤️", "1️⃣", "😶‍🌫️", "🦙", "✅", "☎", "🫨", "🪿", "🫩"]
SPACES = [" ", " ", "  ", "    ", "\n", "\n\n", "\t", "\r\n", "\r", " \n", "\n ", "\u00a0", "\u3000", "\u2028",
          "\u180e", "\u0085", "\u200b", "\u000b", "\u000c", "\u001c", "\ufeff", "\u2003"]
MARKS = ["\u0301", "\u0308", "\u0323", "\u0327", "\u0334", "\u0345", "\u20dd", "\u093c", "\u3099", "\u0e49", "\u1abf",
         "\u0f71", "\u05b0", "\ufe0f", "\u200d", "\u1dfa", "\U0001e94a", "\u0c3c"]
NEWER = ["\U00031350", "\U0002ebf0", "\u0cf3", "\U0001fae8", "\U00010d50", "\U00010d40", "\U0001ccf0", "\ua7cb",
         "\u1c89", "\U0001e5d0", "\U00011f04", "\U000105c9", "\u2ffc", "\U0001cc00", "\u0897"]
SINGLE = "ªº¹²³¼½Ⅷ㈱①٣৩𝟘𝔘ﬁßſK℃Ωİıŉ…“”‘’«»—–・、。！？％＄＋＜＝＞￥₿§¶†‡№°µ¬±×÷¡¿_-/\\|~^`'\"()[]{}<>@#$%&*+=,;:.!?0123456789"
ADDED = ["<|endoftext|>", "<s>", "</s>", "<unk>", "<tool_call>", "</tool_call>", "<mask>", "<pad>", "word", "ligne",
         "<|im_start|>", "<|im_end|>", "<|im_", "Ångström", "A\u030angstro\u0308m", "<left>", "<right>", "<both>",
         "a b", "<0x41>", "\u2581", "[[", "[[["]


def texts(corpus, rng):
    """Strings of every kind that has ever told two tokenizers apart, and mixtures of them."""
    def slice_of(s, most):
        n = rng.randint(1, most)
        i = rng.randrange(max(1, len(s) - n))
        return s[i:i + n]

    def any_point():
        while True:
            c = rng.choice([rng.randrange(0x80), rng.randrange(0x800), rng.randrange(0x3400),
                            rng.randrange(0x10000), rng.randrange(0x20000), rng.randrange(0x110000)])
            if not 0xD800 <= c < 0xE000:
                return chr(c)

    kinds = [
        lambda: slice_of(corpus, 40), lambda: slice_of(rng.choice(WORLD), 16), lambda: slice_of(rng.choice(CODE), 30),
        lambda: rng.choice(EMOJI), lambda: "".join(rng.choices(SPACES, k=rng.randint(1, 4))),
        lambda: rng.choice("aeoAEOnñกकעا가日") + "".join(rng.choices(MARKS, k=rng.randint(1, 3))),
        lambda: str(rng.randrange(10 ** rng.randint(1, 12))), lambda: rng.choice(GPT2_LIKE_CASES),
        lambda: rng.choice(NEWER), lambda: any_point(), lambda: "".join(rng.choices(SINGLE, k=rng.randint(1, 5))),
        lambda: rng.choice(ADDED), lambda: rng.choice(" \n\t.=-a0é") * rng.randint(2, 12),
    ]
    out = ["", " ", "  ", "\n", "a", " a", "\u0000", "a\u0000b", "\u2581", " \u2581 ", "\u2581a"]
    out += [x for x in WORLD + CODE] + ADDED
    out += [f"{a}{t}{b}" for t in ADDED for a, b in (("x", "y"), (" ", " "), ("\n\t", " \n"), ("é", "é"), (t, t))]
    while len(out) < TEXTS:
        out.append("".join(rng.choice(kinds)() for _ in range(rng.choice([1, 1, 2, 2, 3, 4, 6]))))
    return out[:TEXTS]


def byte_level(name, corpus, normalizer, pre, size):
    t = Tokenizer(models.BPE())
    t.normalizer = normalizer
    t.pre_tokenizer = pre
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=size, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return t


def sentencepiece(corpus, normalizer, pre, size, byte_tokens):
    t = Tokenizer(models.BPE(unk_token="<unk>"))
    t.normalizer = normalizer
    t.pre_tokenizer = pre
    special = ["<unk>", "<s>", "</s>"] + ([f"<0x{b:02X}>" for b in range(256)] if byte_tokens else [])
    t.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=size, show_progress=False, special_tokens=special, limit_alphabet=200))
    spec = json.loads(t.to_str())
    spec["added_tokens"] = spec["added_tokens"][:3]
    spec["model"]["byte_fallback"] = byte_tokens
    return spec


def vocabulary(spec):
    """Tokens to ids, however the model lists them."""
    vocab = spec["model"]["vocab"]
    return vocab if isinstance(vocab, dict) else {row[0]: i for i, row in enumerate(vocab)}


def ids_of(spec):
    return max(list(vocabulary(spec).values()) + [a["id"] for a in spec["added_tokens"]]) + 1


def add(spec, content, special=False, **how):
    row = {"id": vocabulary(spec).get(content, ids_of(spec)), "content": content, "single_word": False,
           "lstrip": False, "rstrip": False, "normalized": not special, "special": special}
    row.update(how)
    spec["added_tokens"].append(row)


def make(corpus):
    byte = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)

    def split(pattern, behavior="isolated", invert=False):
        return pre_tokenizers.Split(pattern, behavior, invert)

    out = {}
    t = byte_level("gpt2", corpus, None, pre_tokenizers.ByteLevel(add_prefix_space=False), 1100)
    out["gpt2"] = spec = json.loads(t.to_str())
    spec["model"]["merges"] = [" ".join(m) for m in spec["model"]["merges"]]
    add(spec, "<|endoftext|>", True)

    t = byte_level("llama3", corpus, None, pre_tokenizers.Sequence([split(Regex(LLAMA3)), byte]), 1100)
    out["llama3"] = spec = json.loads(t.to_str())
    spec["model"]["ignore_merges"] = True
    # A token that no merge makes, and one whose merges would make something else.
    for word in ("Ġunmergeable", "Ġthequick"):
        spec["model"]["vocab"][word] = ids_of(spec)
    add(spec, "<|endoftext|>", True)
    add(spec, "<|im_start|>", True)
    bos = spec["added_tokens"][0]
    spec["post_processor"] = {"type": "Sequence", "processors": [
        {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
        {"type": "TemplateProcessing",
         "single": [{"SpecialToken": {"id": bos["content"], "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
         "pair": [{"SpecialToken": {"id": bos["content"], "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                  {"SpecialToken": {"id": bos["content"], "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {bos["content"]: {"id": bos["content"], "ids": [bos["id"]], "tokens": [bos["content"]]}}}]}

    t = byte_level("qwen2", corpus, normalizers.NFC(), pre_tokenizers.Sequence([split(Regex(QWEN2)), byte]), 1100)
    out["qwen2"] = spec = json.loads(t.to_str())
    add(spec, "<|endoftext|>", True)
    add(spec, "<|im_start|>", True)
    add(spec, "<|im_end|>", True)
    add(spec, "<|im_", False, normalized=False)
    add(spec, "<tool_call>", False, normalized=False)
    add(spec, "A\u030angstro\u0308m", False)
    add(spec, "<left>", False, lstrip=True)
    add(spec, "<right>", False, rstrip=True, normalized=False)
    add(spec, "<both>", True, lstrip=True, rstrip=True)
    add(spec, "word", False, single_word=True)
    add(spec, "ligne", False, single_word=True, normalized=False)
    add(spec, "a b", False)
    add(spec, "[[", False, normalized=False)
    add(spec, "[[[", False, normalized=False)

    out["llama2"] = spec = sentencepiece(
        corpus, normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]), None, 1100, True)
    spec["model"]["fuse_unk"] = True
    spec["decoder"] = {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    add(spec, "<mask>", True, lstrip=True)
    add(spec, "<tool_call>", False)

    out["metaspace"] = spec = sentencepiece(
        corpus, None, pre_tokenizers.Metaspace(prepend_scheme="first", split=True), 900, False)
    spec["decoder"] = json.loads(decoders.Metaspace(prepend_scheme="first").__getstate__())
    add(spec, "<mask>", True, lstrip=True)

    out["fused"] = spec = sentencepiece(
        corpus, normalizers.Replace(Regex(r"\s{2,}"), " "),
        pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                 pre_tokenizers.Metaspace(prepend_scheme="always", split=False)]), 700, False)
    spec["model"]["fuse_unk"] = True
    spec["decoder"] = None

    deepseek = [split(Regex(r"[\r\n]")), split(Regex(r"\s?\p{L}+")), split(Regex(r"\s?\p{P}+")), split(Regex(r"\s+$")),
                split(Regex("[一-龥\u0800-一가-\ud7ff]+")), pre_tokenizers.Digits(individual_digits=True), byte]
    t = byte_level("deepseek", corpus, None, pre_tokenizers.Sequence(deepseek), 800)
    out["deepseek"] = json.loads(t.to_str())

    falcon = [pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=True),
              pre_tokenizers.Digits(individual_digits=False), split(Regex("[0-9][0-9][0-9]"))]
    t = byte_level("falcon", corpus, None, pre_tokenizers.Sequence(falcon), 700)
    out["falcon"] = json.loads(t.to_str())

    mixed = [split("-", "merged_with_previous"), split("/", "merged_with_next"), split(Regex("[,;.]"), "contiguous"),
             split("_", "removed"), split(Regex(r"\p{Lu}+|x{1,2}+|\bw\b"), "isolated", True), split("e", "merged_with_next", True),
             split(Regex(r"^a|(?<=o)$|[^\W\d]{3}(?!\h)"), "merged_with_previous"), byte]
    t = byte_level("mixed", corpus, normalizers.Strip(), pre_tokenizers.Sequence(mixed), 500)
    out["mixed"] = json.loads(t.to_str())
    return out


RULES = """E9\t65
45 301\tE9
FF21 FF22\t41 42
FB01\t66 69
A\t20
D\t20
D A\t20
3000\t20
9\t20
200B\t
AD\t
212B\tE5
61 300\t61
3A9\t3C9
671\t627
302 20\t20
4E00\t31
1F600\t3A 29
A9\t28 63 29
64B\t
""".replace(" \t", "\t")


def charsmap(corpus_file):
    """A small precompiled map, as sentencepiece writes it."""
    rules = pathlib.Path(corpus_file + ".tsv")
    rules.write_text(RULES)
    out = io.BytesIO()
    spm.SentencePieceTrainer.train(
        input=corpus_file, model_writer=out, vocab_size=600, hard_vocab_limit=False, minloglevel=9,
        normalization_rule_tsv=str(rules))
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(out.getvalue())
    return base64.b64encode(model.normalizer_spec.precompiled_charsmap).decode()


def trained(model, trainer, corpus, normalizer, pre, post=None, decoder=None):
    t = Tokenizer(model)
    if normalizer:
        t.normalizer = normalizer
    if pre:
        t.pre_tokenizer = pre
    t.train_from_iterator(corpus, trainer)
    if decoder:
        t.decoder = decoder
    if post:
        t.post_processor = post(t)
    return json.loads(t.to_str())


def words(corpus, special, size, normalizer, pre, post=None, decoder=None, piece=True):
    kind = models.WordPiece if piece else models.WordLevel
    trainer = trainers.WordPieceTrainer if piece else trainers.WordLevelTrainer
    more = {"limit_alphabet": 250} if piece else {}
    return trained(kind(unk_token=special[0]),
                   trainer(vocab_size=size, special_tokens=special, show_progress=False, **more),
                   corpus, normalizer, pre, post, decoder)


def unigram(corpus, special, size, normalizer, pre, post=None, decoder=None):
    trainer = trainers.UnigramTrainer(vocab_size=size, special_tokens=special, unk_token=special[0],
                                      show_progress=False)
    return trained(models.Unigram(), trainer, corpus, normalizer, pre, post, decoder)


def bpe(corpus, size, normalizer, pre, decoder=None, post=None, **how):
    alphabet = how.pop("alphabet", [])
    trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False, limit_alphabet=how.pop("limit", 256),
                                  initial_alphabet=alphabet, special_tokens=how.pop("special", []),
                                  **{k: how[k] for k in how if k == "end_of_word_suffix"})
    return trained(models.BPE(**how), trainer, corpus, normalizer, pre, post, decoder)


def around(first, last):
    return lambda t: processors.TemplateProcessing(
        single=f"{first} $A {last}", pair=f"{first} $A {last} $B:1 {last}:1",
        special_tokens=[(x, t.token_to_id(x)) for x in (first, last)])


def make_other_models(corpus, map_of_characters):
    """WordPiece, WordLevel, Unigram, and what goes with them."""
    N, P, D = normalizers, pre_tokenizers, decoders
    bert = ["[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]"]
    plain = ["<unk>", "<s>", "</s>"]
    mapped = N.Precompiled(base64.b64decode(map_of_characters))
    byte = P.ByteLevel(add_prefix_space=False, use_regex=False)
    out = {}
    out["bert"] = spec = words(corpus, bert, 900, N.BertNormalizer(), P.BertPreTokenizer(), around("[CLS]", "[SEP]"),
                               D.WordPiece())
    add(spec, "word", False, single_word=True)
    out["bert-cased"] = words(
        corpus, bert, 700, N.BertNormalizer(True, False, None, False), P.BertPreTokenizer(),
        lambda t: processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2)), D.WordPiece("##", cleanup=False))
    out["bert-accents"] = spec = words(corpus, bert, 700, N.BertNormalizer(False, True, True, False),
                                       P.BertPreTokenizer(), None, D.WordPiece())
    spec["model"]["max_input_chars_per_word"] = 5
    out["wordlevel"] = words(
        corpus, plain, 600, N.Sequence([N.NFKC(), N.Lowercase()]), P.Whitespace(),
        lambda t: processors.RobertaProcessing(("</s>", 2), ("<s>", 1)), None, piece=False)
    out["folded"] = words(corpus, plain, 600, N.Sequence([N.NFKD(), N.StripAccents(), N.Nmt()]),
                          P.Sequence([P.WhitespaceSplit(), P.Punctuation("removed")]), None, None, piece=False)
    out["t5"] = spec = unigram(corpus, plain, 600, mapped, P.Metaspace(), lambda t: processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 2)]), D.Metaspace())
    add(spec, "<mask>", True, lstrip=True)
    out["xlmr"] = unigram(
        corpus, plain, 500,
        N.Sequence([N.Nmt(), N.NFKC(), N.Replace(Regex(" {2,}"), " ")]),
        P.Sequence([P.WhitespaceSplit(), P.Metaspace()]), around("<s>", "</s>"), D.Metaspace())
    out["albert"] = spec = unigram(
        corpus, plain, 500,
        N.Sequence([N.Replace("``", '"'), N.NFKD(), N.StripAccents(), N.Lowercase(), mapped]), P.UnicodeScripts(), None,
        D.Sequence([D.Replace(Regex("[aeiou]+"), "~"), D.Fuse()]))
    spec["model"]["byte_fallback"] = True
    spec["model"]["vocab"] += [[f"<0x{b:02X}>", -20.0 - b] for b in range(256)]
    spec["decoder"] = {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]}
    for token in spec["added_tokens"]:
        token["normalized"] = False
    out["scripts"] = unigram(corpus, plain, 500, N.NFD(), P.Sequence([P.UnicodeScripts(), P.Punctuation("merged_with_next")]),
                             None, D.Sequence([D.Replace(Regex("[aeiou]+"), "~"), D.Strip("a", 1, 1)]))
    gpt = bpe(corpus, 600, N.BertNormalizer(), P.BertPreTokenizer(), D.BPEDecoder("</w>"), None, unk_token="<unk>",
              end_of_word_suffix="</w>", special=["<unk>"])
    out["openai-gpt"] = gpt
    out["clip"] = bpe(
        corpus, 700, N.Sequence([N.NFC(), N.Replace(Regex(r"\s+"), " "), N.Lowercase()]),
        P.Sequence([P.Split(Regex(CLIP), "removed", True), byte]), D.ByteLevel(),
        lambda t: processors.RobertaProcessing(("</s>", 2), ("<s>", 1), False, False),
        unk_token="<unk>", end_of_word_suffix="</w>", special=plain, alphabet=P.ByteLevel.alphabet(), limit=512)
    taken = vocabulary(out["clip"])
    for byte_char in P.ByteLevel.alphabet():
        if byte_char + "</w>" not in taken:
            taken[byte_char + "</w>"] = ids_of(out["clip"])
    out["ctc"] = words(corpus, ["<unk>", "<pad>"], 200, N.Replace(" ", "|"), P.FixedLength(1), None,
                       D.CTC("<pad>", "|", True), piece=False)
    out["delimited"] = words(corpus, plain, 500, N.Strip(), P.Sequence([P.CharDelimiterSplit("-"), P.FixedLength(3)]),
                             None, None)
    for i, behaviour in enumerate(("merged_with_previous", "merged_with_next", "contiguous")):
        out[f"punctuation{i}"] = words(corpus, plain, 300, None, P.Punctuation(behaviour), None, D.WordPiece("##", False))
    out["kimi"] = bpe(corpus, 800, N.NFKC(), P.Sequence([P.Split(Regex(KIMI), "isolated"), byte]), D.ByteLevel(),
                      alphabet=P.ByteLevel.alphabet())
    odd = [r"[\P{L}\d]+", r"\p{C}+", r"[^\P{Lu}x]", r"[\P{Han}&&[^a-z]]+", r"[^a-y&&\p{Ll}]", r"[\w&&[^\d]&&[^_]]{2}", r"\P{C}{5}"]
    out["classes"] = bpe(corpus, 500, None,
                         P.Sequence([P.Split(Regex(x), "isolated") for x in odd] + [byte]), D.ByteLevel(),
                         alphabet=P.ByteLevel.alphabet())
    out["bytes-first"] = bpe(corpus, 600, N.Sequence([N.NFC(), N.ByteLevel()]), P.Split("Ġ", "merged_with_next"),
                             D.ByteLevel(), alphabet=P.ByteLevel.alphabet())
    return out


def plain(spec):
    """The same, special tokens not found in text by the model either (the reference finds them
    there); and its ids of added tokens to the real ones."""
    copy = json.loads(json.dumps(spec))
    model, special = copy["model"], {a["content"] for a in spec["added_tokens"] if a["special"]}
    if model["type"] == "BPE":
        return None, {}
    hidden = {t: f"\U0010fff0{i}" for t, i in vocabulary(spec).items() if t in special}
    if isinstance(model["vocab"], list):
        model["vocab"] = [[hidden.get(t, t), x] for t, x in model["vocab"]]
    else:
        model["vocab"] = {hidden.get(t, t): i for t, i in model["vocab"].items()}
        model["unk_token"] = hidden.get(model["unk_token"], model["unk_token"])
    copy["post_processor"] = None
    copy["added_tokens"] = sorted(copy["added_tokens"], key=lambda a: a["special"])
    first, real = max(vocabulary(copy).values()) + 1, {}
    for i, a in enumerate(copy["added_tokens"]):
        real[first + i] = a["id"]
        a["id"] = first + i
    return Tokenizer.from_str(json.dumps(copy)), real


def of_tokenizers(spec):
    """Ids with special tokens parsed, and not; and the text of ids."""
    t = Tokenizer.from_str(json.dumps(spec))
    other, real = plain(spec)

    def line(text):
        t.encode_special_tokens = False
        parsed = t.encode(text, add_special_tokens=False).ids
        if other:
            other.encode_special_tokens = True
            bare = [real.get(i, i) for i in other.encode(text, add_special_tokens=False).ids]
        else:
            t.encode_special_tokens = True
            bare = t.encode(text, add_special_tokens=False).ids
        return parsed, bare, t.decode(parsed, skip_special_tokens=False), t.decode(parsed, skip_special_tokens=True)
    return line


def of_sentencepiece(blob):
    sp = spm.SentencePieceProcessor(model_proto=blob)

    def line(text):
        ids = sp.encode(text)
        return ids, ids, sp.decode(ids), sp.decode(ids)
    return line


def of_tiktoken(ranks, pattern, special):
    t = tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=ranks, special_tokens=special)

    def line(text):
        parsed = t.encode(text, allowed_special="all", disallowed_special=())
        bare = t.encode(text, disallowed_special=())
        names = set(special.values())
        return parsed, bare, t.decode(parsed), t.decode([i for i in parsed if i not in names])
    return line


def ranks_of(spec):
    """The tokens of a byte-level BPE as tiktoken has them: by rank, as bytes."""
    chars = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or b >= 174]
    table = {chr(b): b for b in chars}
    table.update({chr(256 + i): b for i, b in enumerate(b for b in range(256) if b not in chars)})
    out = {bytes([b]): b for b in range(256)}
    for left, right in spec["model"]["merges"]:
        out.setdefault(bytes(table[c] for c in left + right), len(out))
    return out


def write_tiktoken(out, name, ranks, config):
    lines = [base64.b64encode(k).decode() + f" {v}" for k, v in ranks.items()]
    (out / f"{name}.tiktoken").write_text("\n".join(lines) + "\n")
    (out / f"{name}.config").write_text(json.dumps(config) + "\n")


def make_containers(out, corpus_file, spec):
    """SentencePiece, tiktoken and tekken files, and what their own libraries say."""
    lines = {}
    models = {
        "spm-unigram": dict(model_type="unigram", normalization_rule_tsv=corpus_file + ".tsv"),
        "spm-bytes": dict(model_type="unigram", byte_fallback=True, normalization_rule_name="identity",
                          user_defined_symbols=["<tool_call>"], control_symbols=["<mask>"]),
        "spm-bpe": dict(model_type="bpe", normalization_rule_name="identity", add_dummy_prefix=False),
        "spm-llama": dict(model_type="bpe", byte_fallback=True, normalization_rule_name="identity",
                          remove_extra_whitespaces=False, user_defined_symbols=["<tool_call>", "a b", "[["]),
        "spm-suffix": dict(model_type="unigram", treat_whitespace_as_suffix=True, normalization_rule_name="identity"),
    }
    for name, how in models.items():
        model = io.BytesIO()
        spm.SentencePieceTrainer.train(input=corpus_file, model_writer=model, vocab_size=900, hard_vocab_limit=False,
                                       minloglevel=9, **how)
        (out / f"{name}.model").write_bytes(model.getvalue())
        lines[name] = of_sentencepiece(model.getvalue())
    ranks = ranks_of(spec)
    n = len(ranks)
    qwen = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] + [f"<|extra_{i}|>" for i in range(205)]
    write_tiktoken(out, "qwen", ranks, {"tokenizer_class": "QWenTokenizer"})
    lines["qwen"] = of_tiktoken(ranks, QWEN2, {t: n + i for i, t in enumerate(qwen)})
    kimi = {n: "[BOS]", n + 1: "[EOS]", n + 7: "<|im_end|>"}
    write_tiktoken(out, "kimi-k2", ranks, {
        "tokenizer_class": "TikTokenTokenizer",
        "added_tokens_decoder": {str(i): {"content": t, "special": True} for i, t in kimi.items()}})
    lines["kimi-k2"] = of_tiktoken(
        ranks, KIMI, {kimi.get(n + i, f"<|reserved_token_{n + i}|>"): n + i for i in range(258)})
    special = ["<unk>", "<s>", "</s>", "[INST]"] + [f"<SPECIAL_{i}>" for i in range(4, 20)]
    tekken = {
        "config": {"pattern": QWEN2, "num_vocab_tokens": n, "default_vocab_size": n + 20 - 5,
                   "default_num_special_tokens": 20, "version": "v7"},
        "vocab": [{"rank": v, "token_bytes": base64.b64encode(k).decode(), "token_str": None} for k, v in ranks.items()],
        "special_tokens": [{"rank": i, "token_str": t, "is_control": True} for i, t in enumerate(special[:4])]}
    (out / "tekken.tekken").write_text(json.dumps(tekken, separators=(",", ":")) + "\n")
    shifted = of_tiktoken({k: v for k, v in ranks.items() if v < n - 5}, QWEN2, {})
    # mistral-common has the ranks behind the special tokens, and takes none of those from text
    def moved(text):
        ids = [i + 20 for i in shifted(text)[1]]
        return ids, ids, text, text
    lines["tekken"] = moved
    return lines


def fnv(text):
    h = 0x811C9DC5
    for b in text.encode():
        h = (h ^ b) * 0x01000193 & 0xFFFFFFFF
    return f"{h:08x}"


def all_texts(strings):
    """The texts, and as many joined from them that there are ALL_TEXTS; the test joins the same."""
    out, state = list(strings), 1

    def number(below):
        nonlocal state
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (state >> 8) % below
    while len(out) < ALL_TEXTS:
        out.append("".join(strings[number(TEXTS)] for _ in range(2 + number(3))))
    return out


def write_sums(path, line_of, strings):
    """One line per BLOCK texts."""
    lines = []
    for i in range(0, len(strings), BLOCK):
        said = []
        for text in strings[i:i + BLOCK]:
            parsed, bare, full, short = line_of(text)
            said.append("|".join([" ".join(map(str, parsed)), " ".join(map(str, bare)), full, short]))
        lines.append(fnv("\n".join(said)))
    path.write_text("\n".join(lines) + "\n")


def main():
    corpus_dir, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    tales = "\n".join(p.read_text()[:100000] for p in sorted(corpus_dir.glob("*.txt")))
    # Short lines: a trainer without a pre-tokenizer takes each as one word.
    lines = [s[i:i + 60] for s in tales.split("\n")[::8] for i in range(0, len(s), 60)]
    training = lines + (WORLD + CODE) * 12
    rng = random.Random(16)
    strings = texts(tales, rng)
    (out / "texts.json").write_text(json.dumps(strings, indent=0, ensure_ascii=False) + "\n")
    strings = all_texts(strings)
    with tempfile.TemporaryDirectory() as scratch:
        corpus_file = str(pathlib.Path(scratch) / "corpus")
        pathlib.Path(corpus_file).write_text("\n".join(training))
        specs = make(training)
        specs.update(make_other_models(training, charsmap(corpus_file)))
        said = make_containers(out, corpus_file, specs["kimi"])
    for name, spec in specs.items():
        (out / f"{name}.json").write_text(json.dumps(spec, ensure_ascii=False, separators=(",", ":")) + "\n")
        said[name] = of_tokenizers(spec)
    for name, line_of in said.items():
        write_sums(out / f"{name}.sum", line_of, strings)
        print(name, file=sys.stderr)
    print("by tokenizers", tokenizers.__version__, "sentencepiece", spm.__version__, "tiktoken", tiktoken.__version__,
          file=sys.stderr)


main()
