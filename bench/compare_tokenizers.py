#!/usr/bin/env python3
"""heft's tokenizer beside tokenizers and tiktoken: the same vocabulary, texts and run, one thread.

    bench/compare_tokenizers.py --heft build/bench/bench_tokenize [-r 5] VOCABULARY.gguf DIR TEXT...

The byte-level vocabulary and merges of VOCABULARY.gguf are written as a tokenizer.json with the
pattern of Llama 3 to DIR, made 128,000 tokens long by doubling its longest words (no text contains
these). Every round runs each program once on each text; what counts is the median of processor time, and
the median of the ratio within a round. Ids are compared: a program that gives others is named.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"

PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
           r"|\s*[\r\n]+|\s+(?!\S)|\s+")
SIZE = 128000


def bytes_of():
    """What each character of a byte-level vocabulary stands for."""
    shown = [b for b in range(256) if 0x21 <= b <= 0x7E or 0xA1 <= b != 0xAD]
    hidden = [b for b in range(256) if b not in shown]
    return {chr(b): b for b in shown} | {chr(256 + i): b for i, b in enumerate(hidden)}


def write_release(path, gguf, directory):
    """Writes tokenizer.json; returns the ranks as tiktoken wants them."""
    from gguf import GGUFReader

    fields = GGUFReader(gguf).fields
    tokens, merges = (fields[f"tokenizer.ggml.{k}"].contents() for k in ("tokens", "merges"))
    # The alphabet, then what merges make in their order: ids that tiktoken can take for ranks.
    vocab = {c: i for i, c in enumerate(sorted(bytes_of()))}
    pairs = []
    for m in merges:
        left, right = m.split(" ")
        if left in vocab and right in vocab and left + right not in vocab:
            pairs.append([left, right])
            vocab[left + right] = len(vocab)
    for word in sorted(tokens, key=lambda t: (-len(t), t)):
        if len(vocab) >= SIZE:
            break
        if word in vocab and len(word) < 60 and word + word not in vocab:
            pairs.append([word, word])
            vocab[word + word] = len(vocab)
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": True,
             "vocab": vocab, "merges": pairs}
    spec = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]}, "post_processor": None,
            "decoder": level, "model": model}
    os.makedirs(directory, exist_ok=True)
    with open(path, "w") as f:
        json.dump(spec, f, ensure_ascii=False)
    byte = bytes_of()
    return {bytes(byte[c] for c in word): i for word, i in vocab.items()}


def checksum(ids):
    total = 0xCBF29CE484222325
    for i in ids:
        for byte in int(i).to_bytes(4, "little"):
            total = (total ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{total:016x}"


def timed(f):
    begin = time.process_time()
    value = f()
    return value, time.process_time() - begin


def run_heft(program, directory, texts):
    out = subprocess.run([program, directory, *texts, "-n", "1"], check=True, capture_output=True, text=True).stdout
    opened = re.match(r"open ([\d.]+) ms, ([\d.]+) MB", out)
    rows = re.findall(r", ([0-9a-f]{16}): ([\d.]+) MiB/s", out)
    return float(opened[1]), float(opened[2]), [(s, float(v)) for s, v in rows]


def main():
    import tiktoken
    import tokenizers

    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--heft", required=True)
    p.add_argument("-r", type=int, default=5)
    p.add_argument("vocabulary")
    p.add_argument("directory")
    p.add_argument("text", nargs="+")
    a = p.parse_args()
    path = os.path.join(a.directory, "tokenizer.json")
    ranks = write_release(path, a.vocabulary, a.directory)
    hf, hf_open = timed(lambda: tokenizers.Tokenizer.from_file(path))
    tik, tik_open = timed(lambda: tiktoken.Encoding("bench", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={}))
    peers = {f"tokenizers {tokenizers.__version__}": lambda s: hf.encode(s, add_special_tokens=False).ids,
             f"tiktoken {tiktoken.__version__}": tik.encode_ordinary}
    contents = [open(t, encoding="utf-8", newline="").read() for t in a.text]
    speed = {name: [[] for _ in a.text] for name in ["heft", *peers]}
    opens, memory, sums = [], [], {}
    for _ in range(a.r):
        opened, grown, rows = run_heft(a.heft, a.directory, a.text)
        opens.append(opened)
        memory.append(grown)
        for i, (total, mib) in enumerate(rows):
            sums["heft", i] = total
            speed["heft"][i].append(mib)
        for name, encode in peers.items():
            for i, s in enumerate(contents):
                ids, took = timed(lambda: encode(s))
                speed[name][i].append(len(s.encode()) / 2**20 / took)
                if (name, i) not in sums:
                    sums[name, i] = checksum(ids)
    print(f"{len(ranks)} tokens, {os.path.getsize(path) / 1e6:.1f} MB of JSON; opening: heft "
          f"{statistics.median(opens):.0f} ms and {statistics.median(memory):.0f} MB, tokenizers {1e3 * hf_open:.0f} ms, "
          f"tiktoken, from a table in memory, {1e3 * tik_open:.0f} ms")
    for i, t in enumerate(a.text):
        for name, of in speed.items():
            ratio = statistics.median(h / o for h, o in zip(speed["heft"][i], of[i]))
            same = "" if sums[name, i] == sums["heft", i] else "  OTHER IDS"
            print(f"{os.path.basename(t):16} {name:20} {statistics.median(of[i]):8.2f} MiB/s  heft is {ratio:6.2f} x{same}")


if __name__ == "__main__":
    main()
