#!/usr/bin/env python3
"""Makes fable, the small model that ships with heft, from the corpus of tales.
Needs torch, transformers, tokenizers and safetensors; the card names the versions.

    python tools/make_fable.py --corpus DIR --out models/fable

Reads aesop.txt, andersen.txt, grimm.txt and oz.txt, prepares the text, trains
the tokenizer, trains the network on the CPU, measures it on the held-out tales
and writes a complete release.  --check measures a finished release again
without training, through transformers.

On two cores the training takes somewhat over an hour.  With glibc it is a
tenth faster under MALLOC_MMAP_THRESHOLD_=8589934592 and
MALLOC_TRIM_THRESHOLD_=17179869184.
"""
import argparse
import bz2
import collections
import hashlib
import json
import math
import os
import random
import re
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

FILES = ["aesop", "andersen", "grimm", "oz"]
SPECIALS = ["<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
EOT, SYS, USER, ASSISTANT, END = range(5)
VOCAB, HIDDEN, INTER, LAYERS, HEADS, KV, HEAD = 2048, 256, 768, 3, 4, 2, 64
MAX_POS, THETA, EPS = 1024, 10000.0, 1e-5

# ---------------------------------------------------------------- the text


def unwrap(text, width=80):
    """Joins hard-wrapped lines: a line continues if the next line's first
    word would not have fitted on it."""
    out = []
    prev = None
    for line in text.split("\n"):
        if prev is not None and prev and line and \
                len(prev) + 1 + len(line.split(" ")[0]) > width:
            out[-1] += " " + line
        else:
            out.append(line)
        prev = line
    return "\n".join(out)


def mend(text):
    """Undoes UTF-8 that was once read as Latin-1."""
    def fix(m):
        try:
            return m.group(0).encode("latin-1").decode("utf-8")
        except UnicodeDecodeError:
            return m.group(0)
    return re.sub("[\u00c2-\u00ef][\u0080-\u00bf]+", fix, text)


def tidy(name, tale):
    """One tale as 'title, blank line, paragraphs one to a line'."""
    tale = mend(tale)
    title, _, body = tale.partition("\n")
    if name == "andersen":
        body = unwrap(body)
    paras = [re.sub(r"[ \t]+", " ", p).strip() for p in body.split("\n")]
    paras = [p for p in paras if p]
    return title.strip(), "\n".join(paras)


def shingles(body, n=8):
    w = re.findall(r"[a-z']+", body.lower())
    return {hash(tuple(w[i:i + n])) for i in range(max(1, len(w) - n + 1))}


def load(corpus):
    """Returns (train, held, hashes): two lists of (title, body, file)."""
    train, held, hashes, seen = [], [], {}, set()
    for name in FILES:
        with open(os.path.join(corpus, name + ".txt"), "rb") as f:
            raw = f.read()
        hashes[name + ".txt"] = hashlib.sha256(raw).hexdigest()
        tales = [t.strip("\n") for t in re.split(r"\n\n\n+", raw.decode("utf-8"))]
        tales = [t for t in tales if t.strip()]
        if name == "grimm":  # a verse set apart in the middle of a tale
            whole = []
            for t in tales:
                if re.search(r'^"|[,.;!?]"?$', t.split("\n")[0]):
                    whole[-1] += "\n\n" + t
                else:
                    whole.append(t)
            tales = whole
        tales = [tidy(name, t) for t in tales]
        if name == "oz":
            title, body = tales[0]
            cut = body.index("\n", int(len(body) * 0.95))
            train.append((title, body[:cut], name))
            held.append((title, body[cut + 1:], name))
            continue
        kept = []
        for title, body in tales:
            if len(body) < 100:  # a heading alone, no tale under it
                continue
            s = shingles(body)
            if len(s & seen) > 0.3 * len(s):  # printed twice
                continue
            seen |= s
            kept.append((title, body, name))
        for i, t in enumerate(kept):
            (held if i % 20 == 19 else train).append(t)
    return train, held, hashes


def join(t):
    return t[0] + "\n\n" + t[1]


def make_tokenizer(train):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    tok.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB, special_tokens=SPECIALS, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tok.train_from_iterator([join(t) for t in train], trainer)
    assert tok.get_vocab_size() == VOCAB
    return tok


ASKS = ["Tell me a tale.", "Tell me a story.", "Tell me a fairy tale.",
        "Tell me the tale of {}.", "Tell me a story about {}.", "{}",
        "Tell me a tale called {}.", "Write a tale about {}.", "Tell me about {}."]


def epoch_stream(tok, train, rng, drop, chat):
    """One epoch of token ids in a fresh order.  Some tales are cut into
    subwords at random (BPE dropout), some are told as an answer to a
    question, some lack their title."""
    order = list(train)
    rng.shuffle(order)
    docs = []
    for title, body, _ in order:
        r = rng.random()
        if r < chat:
            ask = rng.choice(ASKS).format(title)
            sysm = "You tell tales." if rng.random() < 0.2 else None
            docs.append((sysm, ask, body, rng.random() < 0.5))
        elif r < chat + 0.05:
            docs.append((None, None, body, rng.random() < drop[0]))
        else:
            docs.append((None, None, title + "\n\n" + body, rng.random() < drop[0]))
    texts = [d[2] for d in docs]
    enc = [None] * len(docs)
    for noisy in (False, True):
        idx = [i for i, d in enumerate(docs) if (d[3] and drop[0] > 0) == noisy]
        tok.model.dropout = drop[1] if noisy and drop[1] > 0 else None
        for i, e in zip(idx, tok.encode_batch([texts[i] for i in idx], add_special_tokens=False)):
            enc[i] = e.ids
    tok.model.dropout = None
    ids = []
    for d, e in zip(docs, enc):
        ids.append(EOT)
        if d[1] is None:
            ids += e
        else:
            if d[0]:
                ids += [SYS] + tok.encode(d[0]).ids + [END]
            ids += [USER] + tok.encode(d[1]).ids + [END, ASSISTANT] + e + [END]
    return torch.tensor(ids, dtype=torch.long)


# ---------------------------------------------------------------- the network


def rope_tables(n, dtype):
    inv = THETA ** (-torch.arange(0, HEAD, 2, dtype=torch.float64) / HEAD)
    a = torch.outer(torch.arange(n, dtype=torch.float64), inv)
    a = torch.cat([a, a], -1)
    return a.cos().to(dtype), a.sin().to(dtype)


def rms(x, w):
    return F.rms_norm(x, (HIDDEN,), w.to(x.dtype), EPS)


class Loss(torch.autograd.Function):
    """Mean cross-entropy through the tied head, gradients made on the way."""

    @staticmethod
    def forward(ctx, h, emb, targets):
        e = emb.to(h.dtype)
        z = (h @ e.T).float()
        lse = z.logsumexp(-1, keepdim=True)
        loss = (lse - z.gather(1, targets[:, None])).mean()
        p = z.sub_(lse).exp_()
        p.scatter_add_(1, targets[:, None], torch.full((len(p), 1), -1.0))
        p = p.mul_(1.0 / len(p)).to(h.dtype)
        ctx.save_for_backward(p @ e, (p.T @ h).float())
        return loss

    @staticmethod
    def backward(ctx, g):
        dh, de = ctx.saved_tensors
        return dh * g, de * g, None


class Masks:
    """Dropout masks cut from one pool of random numbers (drawing fresh ones
    costs more than a layer does)."""

    def __init__(self, p, dtype, seed, size=1 << 23):
        gen = torch.Generator().manual_seed(seed)
        self.pool = (torch.rand(size, generator=gen) >= p).to(dtype) / (1 - p)
        self.rng = random.Random(seed)

    def __call__(self, x):
        a = self.rng.randrange(self.pool.numel() - x.numel())
        return x * self.pool[a:a + x.numel()].view(x.shape)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1 = nn.Parameter(torch.ones(HIDDEN))
        self.n2 = nn.Parameter(torch.ones(HIDDEN))
        self.qkv = nn.Parameter(torch.empty((HEADS + 2 * KV) * HEAD, HIDDEN))
        self.o = nn.Parameter(torch.empty(HIDDEN, HEADS * HEAD))
        self.gu = nn.Parameter(torch.empty(2 * INTER, HIDDEN))
        self.down = nn.Parameter(torch.empty(HIDDEN, INTER))

    def forward(self, x, cos, sin, drop, dt):
        B, T, _ = x.shape
        h = rms(x, self.n1)
        qkv = F.linear(h, self.qkv.to(dt)).view(B, T, HEADS + 2 * KV, HEAD).transpose(1, 2)
        qk, v = qkv[:, :HEADS + KV], qkv[:, HEADS + KV:]
        a, b = qk.chunk(2, -1)
        qk = qk * cos + torch.cat([-b, a], -1) * sin
        q, k = qk[:, :HEADS], qk[:, HEADS:]
        k = k.repeat_interleave(HEADS // KV, 1)
        v = v.repeat_interleave(HEADS // KV, 1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        y = F.linear(y.transpose(1, 2).reshape(B, T, HEADS * HEAD), self.o.to(dt))
        x = x + drop(y)
        h = rms(x, self.n2)
        g, u = F.linear(h, self.gu.to(dt)).chunk(2, -1)
        h = F.silu(g) * u
        y = F.linear(h, self.down.to(dt))
        return x + drop(y)


class Fable(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Parameter(torch.randn(VOCAB, HIDDEN) * 0.05)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.Parameter(torch.ones(HIDDEN))
        for b in self.blocks:
            for w in (b.qkv, b.gu):
                nn.init.normal_(w, std=HIDDEN ** -0.5)
            for w in (b.o, b.down):
                nn.init.normal_(w, std=0.5 * w.shape[1] ** -0.5 / LAYERS ** 0.5)
        self.drop = None
        self.dt = torch.float32

    def forward(self, ids, targets, cos, sin):
        drop = self.drop if self.training and self.drop else lambda v: v
        x = drop(F.embedding(ids, self.emb).to(self.dt))
        for b in self.blocks:
            x = b(x, cos, sin, drop, self.dt)
        x = rms(x, self.norm).view(-1, HIDDEN)
        if self.training:
            return Loss.apply(x, self.emb, targets.reshape(-1))
        logits = F.linear(x, self.emb)
        return F.cross_entropy(logits.float(), targets.reshape(-1), reduction="none")


def newton_schulz(g, steps=5):
    x = g.bfloat16()
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        a = x @ x.T
        b = -4.7750 * a + 2.0315 * (a @ a)
        x = 3.4445 * x + b @ x
    return (x.T if tall else x).float()


class Muon:
    """Momentum whose step is made orthogonal (Newton-Schulz), for the matrices."""

    def __init__(self, mats, lr, wd, beta=0.95):
        self.mats, self.lr0, self.wd, self.beta = mats, lr, wd, beta
        self.m = [torch.zeros_like(w) for w, _ in mats]

    @torch.no_grad()
    def step(self, scale):
        lr = self.lr0 * scale
        for (w, parts), m in zip(self.mats, self.m):
            m.lerp_(w.grad, 1 - self.beta)
            g = w.grad.lerp(m, self.beta)
            w.mul_(1 - lr * self.wd)
            for wp, gp in zip(w.split(parts), g.split(parts)):
                u = newton_schulz(gp)
                wp.add_(u, alpha=-lr * max(1, wp.shape[0] / wp.shape[1]) ** 0.5)


# ---------------------------------------------------------------- measuring


@torch.no_grad()
def held_nll(model, docs, ctx, stride):
    """Total negative log-likelihood in nats of the documents (lists of ids
    that begin with <|endoftext|>).  Windows of ctx tokens advance by stride;
    every token is scored once, with the longest context its window gives."""
    model.eval()
    dt, model.dt = model.dt, torch.float32
    cos, sin = rope_tables(ctx, torch.float32)
    total = 0.0
    rows = []
    for d in docs:
        done = 0
        start = 0
        while done < len(d) - 1:
            ids = d[start:start + ctx + 1]
            n = len(ids) - 1
            rows.append((ids, done - start, n))
            done = start + n
            start += stride
    rows.sort(key=lambda r: r[2])
    i = 0
    while i < len(rows):
        n = rows[min(len(rows), i + 8) - 1][2]
        batch = rows[i:i + 8]
        i += 8
        x = torch.zeros(len(batch), n + 1, dtype=torch.long)
        keep = torch.zeros(len(batch), n, dtype=torch.bool)
        for j, (ids, a, m) in enumerate(batch):
            x[j, :m + 1] = torch.tensor(ids)
            keep[j, a:m] = True
        loss = model(x[:, :-1], x[:, 1:], cos[:n], sin[:n]).view(len(batch), n)
        total += loss[keep].double().sum().item()
    model.train()
    model.dt = dt
    return total


def size(tales):
    return sum(len(join(t).encode()) for t in tales)


def bits_per_byte(model, tok, held, ctx, stride):
    docs = [[EOT] + tok.encode(join(t)).ids for t in held]
    return held_nll(model, docs, ctx, stride) / math.log(2) / size(held)


# ---------------------------------------------------------------- the release

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ '<|system|>' + message['content'] + '<|end|>' }}"
    "{% elif message['role'] == 'user' %}{{ '<|user|>' + message['content'] + '<|end|>' }}"
    "{% elif message['role'] == 'assistant' %}{{ '<|assistant|>' + message['content'] + '<|end|>' }}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}")


def release_tensors(model):
    t = {"model.embed_tokens.weight": model.emb, "model.norm.weight": model.norm}
    for i, b in enumerate(model.blocks):
        p = f"model.layers.{i}."
        q, k, v = b.qkv.split([HEADS * HEAD, KV * HEAD, KV * HEAD])
        g, u = b.gu.split(INTER)
        t[p + "input_layernorm.weight"] = b.n1
        t[p + "post_attention_layernorm.weight"] = b.n2
        t[p + "self_attn.q_proj.weight"] = q
        t[p + "self_attn.k_proj.weight"] = k
        t[p + "self_attn.v_proj.weight"] = v
        t[p + "self_attn.o_proj.weight"] = b.o
        t[p + "mlp.gate_proj.weight"] = g
        t[p + "mlp.up_proj.weight"] = u
        t[p + "mlp.down_proj.weight"] = b.down
    return {k: x.detach().to(torch.bfloat16).contiguous().clone() for k, x in t.items()}


def put(path, data):
    tmp = path + ".tmp"
    with open(tmp, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode("utf-8"))
    os.replace(tmp, path)


def put_json(path, obj):
    put(path, json.dumps(obj, indent=2, ensure_ascii=False) + "\n")


def write_release(out, model, tok):
    from safetensors.torch import save
    os.makedirs(out, exist_ok=True)
    put_json(os.path.join(out, "config.json"), {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": EOT,
        "eos_token_id": EOT,
        "head_dim": HEAD,
        "hidden_act": "silu",
        "hidden_size": HIDDEN,
        "initializer_range": 0.02,
        "intermediate_size": INTER,
        "max_position_embeddings": MAX_POS,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS,
        "num_key_value_heads": KV,
        "pad_token_id": EOT,
        "pretraining_tp": 1,
        "rms_norm_eps": EPS,
        "rope_scaling": None,
        "rope_theta": THETA,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.57.6",
        "use_cache": True,
        "vocab_size": VOCAB,
    })
    put_json(os.path.join(out, "generation_config.json"), {
        "bos_token_id": EOT,
        "do_sample": True,
        "eos_token_id": [EOT, END],
        "pad_token_id": EOT,
        "temperature": 0.7,
        "top_p": 0.95,
        "transformers_version": "4.57.6",
    })
    put(os.path.join(out, "tokenizer.json"), tok.to_str(pretty=True) + "\n")
    put_json(os.path.join(out, "tokenizer_config.json"), {
        "add_prefix_space": False,
        "added_tokens_decoder": {str(i): {
            "content": s, "lstrip": False, "normalized": False, "rstrip": False,
            "single_word": False, "special": True} for i, s in enumerate(SPECIALS)},
        "additional_special_tokens": SPECIALS[1:],
        "bos_token": SPECIALS[EOT],
        "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "eos_token": SPECIALS[EOT],
        "extra_special_tokens": {},
        "model_input_names": ["input_ids", "attention_mask"],
        "model_max_length": 1000000000000000019884624838656,
        "pad_token": SPECIALS[EOT],
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": None,
    })
    def entry(s):
        return {"content": s, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    put_json(os.path.join(out, "special_tokens_map.json"), {
        "additional_special_tokens": [entry(s) for s in SPECIALS[1:]],
        "bos_token": entry(SPECIALS[EOT]),
        "eos_token": entry(SPECIALS[EOT]),
        "pad_token": entry(SPECIALS[EOT]),
    })
    put(os.path.join(out, "model.safetensors"), save(release_tensors(model), metadata={"format": "pt"}))


def rounded(model):
    """The network with the weights as the release stores them."""
    r = Fable()
    r.load_state_dict({k: v.to(torch.bfloat16).float() for k, v in model.state_dict().items()})
    return r


# ---------------------------------------------------------------- the check

OPENINGS = [
    "Once upon a time", "There was once a king", "There was once a poor woman",
    "A fox once", "In a village there lived", "A long time ago", "Far out at sea",
    "One day a soldier", "There was once a miller", "In the middle of the forest",
    "A wolf", "The old man said", "Two brothers", "It was a dark night", "A little bird",
    "The princess", "Early in the morning", "There was once a tailor", "In the garden", "The wind"]
WORD = r"[^\W\d_]+(?:'[^\W\d_]+)*"


def words(text):
    return re.findall(WORD, text.lower().replace("\u2019", "'"))


def fivegrams(ws):
    c = collections.Counter(tuple(ws[i:i + 5]) for i in range(len(ws) - 4))
    return max(c.values(), default=0)


def check(out, train, held):
    """Measures a release as a stranger would: loaded by transformers."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    tok = AutoTokenizer.from_pretrained(out)
    net = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32).eval()

    def nll(ids):  # windows of 1024 tokens, 512 apart
        total, done, start = 0.0, 0, 0
        with torch.no_grad():
            while done < len(ids) - 1:
                w = torch.tensor([ids[start:start + 1025]])
                n = w.shape[1] - 1
                lp = net(w[:, :-1]).logits[0].log_softmax(-1)
                l = -lp.gather(1, w[0, 1:, None])[:, 0]
                total += l[done - start:].double().sum().item()
                done = start + n
                start += 512
        return total

    f = {"parameters": sum(p.numel() for p in net.parameters()), "held_out": {}}
    tot = [0.0, 0, 0]
    for t in held:
        ids = [EOT] + tok(join(t)).input_ids
        row = f["held_out"].setdefault(t[2], [0.0, 0, 0])
        n = nll(ids)
        for r in (row, tot):
            r[0] += n
            r[1] += size([t])
            r[2] += len(ids) - 1
    f["held_out"]["all"] = tot
    f["held_out"] = {k: {"bits_per_byte": round(v[0] / math.log(2) / v[1], 4), "bytes": v[1], "tokens": v[2]}
                     for k, v in f["held_out"].items()}
    known = set()
    for t in train + held:
        known.update(words(join(t)))
    torch.manual_seed(20)
    texts = []
    for o in OPENINGS:
        x = tok(o, return_tensors="pt")
        y = net.generate(**x, max_new_tokens=200, min_new_tokens=200, do_sample=True, temperature=0.7,
                         top_k=0, top_p=1.0, eos_token_id=None, pad_token_id=EOT)
        texts.append(tok.decode(y[0]))
    every, good, worst, pooled, odd = 0, 0, 0, [], collections.Counter()
    for t in texts:
        ws = words(re.sub(r"<\|\w+\|>", " . ", t))[:-1]  # the last word may be cut off
        every += len(ws)
        good += sum(w in known for w in ws)
        odd.update(w for w in ws if w not in known)
        worst = max(worst, fivegrams(ws))
        pooled += ws
    f["samples"] = {"words": every, "known_percent": round(100 * good / every, 2),
                    "most_often_a_five_gram_in_one_sample": worst,
                    "most_often_a_five_gram_in_all_samples": fivegrams(pooled),
                    "unknown": sorted(odd), "texts": texts}
    return f


# ---------------------------------------------------------------- the card

CARD = """---
license: apache-2.0
language:
- en
library_name: transformers
pipeline_tag: text-generation
tags:
- llama
- tales
- tiny
---

# fable

fable is a very small language model that tells tales. It ships with heft so that every part of heft can be
tried and tested at once, without a download: it has the form of a full release, in {mb} MB. It was trained from
nothing on English fairy tales and fables in the public domain. It knows no facts and follows no orders; what it
can do is carry on a tale in the manner of Andersen, the brothers Grimm, Aesop or Baum.

| | |
|---|---|
| shape | Llama (`LlamaForCausalLM`), {layers} layers, width {hidden}, gated SiLU of width {inter} |
| attention | {heads} query heads of {head} over {kv} key/value heads, rotary positions with base 10000 |
| vocabulary | {vocab:,} byte-level subwords, input and output tables tied |
| longest text | {maxpos} tokens, about {maxwords} words |
| parameters | {params:,} |
| weights | bfloat16, safetensors |
| licence | Apache-2.0 |

## Use

Give it the opening of a tale and it goes on. Temperature 0.7 suits it. There are five special tokens:
`<|endoftext|>` stands before every tale, and `<|system|>`, `<|user|>`, `<|assistant|>` and `<|end|>` make up the
chat form, which the template in `tokenizer_config.json` writes:

```
<|endoftext|><|user|>Tell me a tale.<|end|><|assistant|>
```

The tokenizer adds no token of its own accord. The answer to any question is a tale, and often not about what
was asked.

## Data

Four files of tales in the public domain, about 4 MB. The files are not part of the release; these are their
SHA-256 sums.

| file | what | SHA-256 |
|---|---|---|
| `aesop.txt` | "The Aesop for Children", 1919 | `{aesop}` |
| `andersen.txt` | tales of H. C. Andersen, English of H. P. Paull, 1872 | `{andersen}` |
| `grimm.txt` | tales of J. and W. Grimm, English of Margaret Hunt, 1884 | `{grimm}` |
| `oz.txt` | L. Frank Baum, "The Wonderful Wizard of Oz", 1900 | `{oz}` |

Preparation: tales are separated by two blank lines and begin with their title. Hard-wrapped lines (Andersen) are
joined; runs of blanks become one; accents damaged by a wrong decoding are mended; verses set apart within a tale
are put back into it; headings with no tale under them are left out, and so is a tale of which more than three
tenths (in runs of eight words) has been seen before, since some are printed twice under two titles. A tale is
then its title, a blank line, and its paragraphs one to a line. Nothing else is changed, and the figures below
count the bytes of this form.

Held out: counting what is left of each of the first three files, every twentieth tale (the 20th, the 40th, ...);
of `oz.txt`, which is one long tale, the last twentieth. That is {nheld} pieces and {heldbytes:,} bytes; {ntrain}
pieces and {trainbytes:,} bytes were trained on. The tokenizer too was trained on the training part alone. Of all
the runs of eight words in the held-out pieces, {shared:.2f} % occur in the training part.

## Training

`python tools/make_fable.py --corpus DIR --out models/fable` does all of it: the text, the tokenizer, the
training, the measuring and this card. Seed {seed}; torch {torch}, tokenizers {tokenizers},
transformers {transformers}, safetensors {safetensors}. The last digits depend on the processor and on the number of threads.

- {steps:,} steps of {batch:,} tokens, {tokens:.1f} million in all, not quite {epochs} times through the text;
  {minutes:.0f} minutes on two processor cores that were busy with other work too.
- Windows of 256 tokens for eleven passes, of 512 for one and of 1,024 for the last two; new offsets and a new
  order of the tales in each pass.
- The matrices are trained with Muon (rate {lr}, momentum 0.95, weight decay {wd}), the embedding and the norms
  with AdamW (rate {emb_lr}); {warmup} steps of warm-up, constant for the first {flat:.0f} % of the steps, then
  falling to zero in four straight stretches (the table is in the script): the run was made shorter three times
  while it went, and the first of these steps is known only to within five. Gradient norm cut at 1. Arithmetic in
  bfloat16 over float32 weights.
- Dropout {dropout} on the embedding and on what each layer adds. Until {bpe_until:.0f} % of the steps, half of
  the tales in each pass are cut into subwords at random (BPE dropout {bpe_drop}).
- In each pass {chat:.0f} % of the tales are told in the chat form, and one in twenty without its title.
- The last weights are released; the held-out tales chose neither a checkpoint nor a setting.

## Evaluation

Held-out tales, each after one `<|endoftext|>`, in windows of 1,024 tokens that advance by 512, each token scored
once; the weights are the bfloat16 ones of the release. Bits per byte is the summed negative log-likelihood in
bits over the number of UTF-8 bytes, title included. For comparison, bzip2 needs {bzip2:.2f} bits per byte on the
whole prepared text.

| held out from | bytes | tokens | bits per byte |
|---|---|---|---|
{rows}

Twenty samples of 200 tokens at temperature 0.7, nothing else cut off, from twenty short openings, seed 20
(`--check` repeats this): {known} % of {nwords:,} words occur in the corpus; no run of five words occurs more
than {five} in one sample, nor more than {fiveall} in all twenty together.

One of them, not chosen for its merit (it is the first):

> {sample}

## Limits

The sentences are mostly well formed, but a tale loses its thread within a paragraph: people change, the dead
come back, nobody gets home. It knows only what some old tales say, in the words in which they say it, with their
cruelty, their piety and the prejudices of their day. It is not for advice, for facts or for children left alone
with it. It understands English only, and that of long ago. Past {maxpos} tokens it has never seen anything.
"""


def times(n):
    return {1: "once", 2: "twice", 3: "three times"}.get(n, f"{n} times")


def card(args, tok, train, held, hashes, run, f):
    import safetensors
    import tokenizers
    import transformers
    text = "\n\n\n".join(join(t) for t in train + held).encode()
    s = f["samples"]
    seen = set().union(*(shingles(t[1]) for t in train))
    asked = [shingles(t[1]) for t in held]
    shared = 100 * sum(len(a & seen) for a in asked) / sum(map(len, asked))
    rows = "\n".join(f"| {k} | {v['bytes']:,} | {v['tokens']:,} | {v['bits_per_byte']:.3f} |"
                     for k, v in f["held_out"].items())
    sample = re.sub(r"\n+", "\n>\n> ", s["texts"][0].strip())
    sha = {k[:-4]: v for k, v in hashes.items()}
    return CARD.format(
        mb=round(os.path.getsize(os.path.join(args.out, "model.safetensors")) / 1e6, 1),
        layers=LAYERS, hidden=HIDDEN, inter=INTER, heads=HEADS, head=HEAD, kv=KV, vocab=VOCAB, maxpos=f"{MAX_POS:,}",
        maxwords=f"{round(MAX_POS * 0.63, -2):,.0f}", params=f["parameters"], **sha,
        nheld=len(held), heldbytes=size(held), ntrain=len(train), trainbytes=size(train), shared=shared, seed=args.seed,
        torch=torch.__version__.split("+")[0], tokenizers=tokenizers.__version__,
        transformers=transformers.__version__, safetensors=safetensors.__version__,
        steps=run["steps"], batch=args.batch, tokens=run["tokens"] / 1e6, epochs=run["epochs"],
        minutes=run["seconds"] / 60, lr=args.lr, wd=args.wd, emb_lr=args.emb_lr, warmup=args.warmup,
        flat=100 * STRETCHES[0][1] / STRETCHES[-1][1], dropout=args.dropout,
        bpe_until=100 * args.bpe_until, bpe_drop=args.bpe_drop,
        chat=100 * args.chat, bzip2=8 * len(bz2.compress(text, 9)) / len(text), rows=rows,
        known=s["known_percent"], nwords=s["words"], five=times(s["most_often_a_five_gram_in_one_sample"]),
        fiveall=times(s["most_often_a_five_gram_in_all_samples"]), sample=sample)


# ---------------------------------------------------------------- training
# ---------------------------------------------------------------- training


# The learning rate over the run: each stretch is (from, to, rate at its start, rate at its end).
# It jumps where the run of the release was made shorter (step 1914 is known to within five).
STRETCHES = [(0, 1520, 1.0, 1.0), (1520, 1914, 1.0, 0.8272), (1914, 2060, 0.5667, 0.4828), (2060, 2338, 0.3951, 0.2235),
             (2338, 2560, 0.1445, 0.0)]
# Length of the windows in the passes that begin before this part of the run.
STAGES = [(256, 0.78), (512, 0.85), (1024, 1.01)]


def schedule(frac):
    step = frac * STRETCHES[-1][1]
    for a, b, x, y in STRETCHES:
        if step < b:
            return x + (y - x) * (step - a) / (b - a)
    return 0.0


def train_model(args, tok, train, held):
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    model = Fable()
    model.dt = torch.bfloat16 if args.bf16 else torch.float32
    model.drop = Masks(args.dropout, model.dt, args.seed) if args.dropout else None
    model.train()
    mats = []
    for b in model.blocks:
        mats += [(b.qkv, [HEADS * HEAD, KV * HEAD, KV * HEAD]), (b.o, [HIDDEN]),
                 (b.gu, [INTER, INTER]), (b.down, [HIDDEN])]
    muon = Muon(mats, args.lr, args.wd)
    rest = [b.n1 for b in model.blocks] + [b.n2 for b in model.blocks] + [model.norm]
    adam = torch.optim.AdamW([{"params": [model.emb], "weight_decay": args.emb_wd},
                              {"params": rest, "weight_decay": 0.0}],
                             lr=args.emb_lr, betas=(0.9, 0.98), fused=True)
    docs_eval = [[EOT] + tok.encode(join(t)).ids for t in held]
    held_bytes = size(held)
    step, epoch, t0, run_loss, run_n, toks = 0, 0, time.time(), 0.0, 0, 0
    while step < args.steps:
        frac = step / args.steps
        ctx = next(c for c, f in STAGES if frac < f)
        drop = (args.bpe_frac, args.bpe_drop) if frac < args.bpe_until else (0.0, 0.0)
        s = epoch_stream(tok, train, rng, drop, args.chat)
        off = rng.randrange(ctx)
        n = (len(s) - 1 - off) // ctx
        x = s[off:off + n * ctx].view(n, ctx)
        y = s[off + 1:off + 1 + n * ctx].view(n, ctx)
        perm = list(range(n))
        rng.shuffle(perm)
        per = args.batch // ctx
        micro = max(1, args.micro // ctx)
        cos, sin = rope_tables(ctx, model.dt)
        epoch += 1
        for b0 in range(0, n - per + 1, per):
            scale = min(1.0, (step + 1) / args.warmup) * schedule(step / args.steps)
            for j in range(b0, b0 + per, micro):
                ix = perm[j:j + micro]
                loss = model(x[ix], y[ix], cos, sin) * (len(ix) / per)
                loss.backward()
                run_loss += loss.item()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            muon.step(scale)
            for g in adam.param_groups:
                g["lr"] = args.emb_lr * scale
            adam.step()
            model.zero_grad(set_to_none=True)
            run_n += 1
            step += 1
            toks += args.batch
            if step % 50 == 0 or step == args.steps:
                dt = time.time() - t0
                print(f"step {step} epoch {epoch} ctx {ctx} loss {run_loss / run_n:.4f} "
                      f"{dt:.0f}s {toks / dt:.0f} tok/s", flush=True)
                run_loss, run_n = 0.0, 0
            if step % args.eval_every == 0 or step == args.steps:
                bpb = held_nll(rounded(model), docs_eval, 512, 512) / math.log(2) / held_bytes
                print(f"  held-out {bpb:.4f} bits per byte (windows of 512)", flush=True)
                if args.checkpoint:
                    torch.save(model.state_dict(), args.checkpoint)
            if step >= args.steps:
                break
    return model, {"seconds": time.time() - t0, "tokens": toks, "epochs": epoch, "steps": step}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--corpus", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--steps", type=int, default=2560)
    ap.add_argument("--batch", type=int, default=6144)
    ap.add_argument("--micro", type=int, default=3072)
    ap.add_argument("--lr", type=float, default=0.02)
    ap.add_argument("--wd", type=float, default=0.2)
    ap.add_argument("--emb-lr", dest="emb_lr", type=float, default=0.004)
    ap.add_argument("--emb-wd", dest="emb_wd", type=float, default=0.1)
    ap.add_argument("--warmup", type=int, default=60)
    ap.add_argument("--dropout", type=float, default=0.1)
    ap.add_argument("--bpe-frac", dest="bpe_frac", type=float, default=0.5)
    ap.add_argument("--bpe-drop", dest="bpe_drop", type=float, default=0.05)
    ap.add_argument("--bpe-until", dest="bpe_until", type=float, default=0.92)
    ap.add_argument("--chat", type=float, default=0.08)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--no-bf16", dest="bf16", action="store_false")
    ap.add_argument("--eval-every", dest="eval_every", type=int, default=500)
    ap.add_argument("--checkpoint", default="", help="keep the latest weights in this file")
    ap.add_argument("--finish", default="", help="release the weights of this checkpoint; do not train")
    ap.add_argument("--run", default="", help="with --finish: seconds,tokens,epochs,steps of that training")
    ap.add_argument("--check", action="store_true", help="measure the release in --out")
    args = ap.parse_args()
    torch.set_num_threads(args.threads)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    train, held, hashes = load(args.corpus)
    if args.check:
        print(json.dumps(check(args.out, train, held), indent=2))
        return
    tok = make_tokenizer(train)
    print(f"{len(train)} tales to train on, {size(train)} bytes; {len(held)} held out, {size(held)} bytes", flush=True)
    if args.finish:
        model = Fable()
        model.load_state_dict(torch.load(args.finish))
        run = dict(zip(["seconds", "tokens", "epochs", "steps"], map(int, args.run.split(","))))
    else:
        model, run = train_model(args, tok, train, held)
    write_release(args.out, model, tok)
    bpb = bits_per_byte(rounded(model), tok, held, 1024, 512)
    print(f"{bpb:.4f} bits per byte held out, windows of 1024 by 512")
    figures = check(args.out, train, held)
    print(json.dumps(figures, indent=2))
    put(os.path.join(args.out, "README.md"), card(args, tok, train, held, hashes, run, figures))


if __name__ == "__main__":
    main()
