#!/usr/bin/env python3
"""heft beside its peers on the same files, interleaved, in one run.

    bench/compare.py --heft build/bin/heft --peer llama.cpp=PATH/llama-bench [--peer ...] \
        [-p 512] [-n 64] [-d 0 ...] [-t 2] [-r 5] [--csv OUT.csv] [--svg OUT.svg] MODEL.gguf...

A peer is any program that takes llama-bench's -m -p -n -t -r -o json (and -d, where depths are
asked for), with options of its own behind its path. Every round runs each program once on each file, so that a busy neighbour hurts all
alike; what counts is the median over the rounds of each program, and of the ratio within a round.
Beside decode stands the share of the memory bandwidth: weight bytes per token times tokens/s over
what `heft bench` without a model reads per second in the same round.
"""
import argparse
import csv
import json
import math
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
from xml.sax.saxutils import escape


def run(command, **changed):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | changed)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr[-2000:]}")
    return json.loads("".join(x for x in done.stdout.splitlines(True) if not x.startswith("WARNING")))


def heft(path, model, a, depth):
    r = run([path, "bench", model, "-p", str(a.p), "-n", str(a.n), "-d", str(depth), "-t", str(a.t),
             "-r", "1", "--json"])
    return r["prefill"], r["decode"], r["bytes_per_token"]


def peer(path, model, a, depth):
    command = [*shlex.split(path), "-m", model, "-p", str(a.p), "-n", str(a.n), "-t", str(a.t), "-r", "1", "-o", "json"]
    tests = run(command + (["-d", str(depth)] if depth else []))
    prefill = [t["avg_ts"] for t in tests if not t["n_gen"]]
    decode = [t["avg_ts"] for t in tests if not t["n_prompt"]]
    return prefill[0], decode[0], None


def bandwidth(path, a):
    """Bytes per second that memory is read with. The profile of the machine is not to be overwritten."""
    with tempfile.TemporaryDirectory() as elsewhere:
        return run([path, "bench", "-t", str(a.t), "--json"], XDG_CACHE_HOME=elsewhere)["read"]


def measure(a):
    """rows[(model, depth)][program] = [(prefill, decode) of each round]; read speeds of each round."""
    programs = [("heft", a.heft, heft)] + [(*p.split("=", 1), peer) for p in a.peer]
    rows, reads, sizes = {}, [], {}
    for round_ in range(a.r):
        reads.append(bandwidth(a.heft, a))
        for model in a.model:
            for depth in a.d:
                for name, path, measure_one in programs:
                    prefill, decode, size = measure_one(path, model, a, depth)
                    rows.setdefault((model, depth), {}).setdefault(name, []).append((prefill, decode))
                    if size:
                        sizes[model] = size
        print(f"round {round_ + 1} of {a.r}", file=sys.stderr)
    return rows, reads, sizes


def tabulate(a, rows, reads, sizes):
    table = []
    for (model, depth), of in rows.items():
        for what, i, tokens in (("prefill", 0, a.p), ("decode", 1, a.n)):
            for name, rounds in of.items():
                speed = statistics.median(r[i] for r in rounds)
                ratio = statistics.median(h[i] / r[i] for h, r in zip(of["heft"], rounds))
                share = statistics.median(sizes[model] * r[1] / b for r, b in zip(rounds, reads))
                table.append({"model": os.path.basename(model), "depth": depth, "test": what, "tokens": tokens,
                              "threads": a.t, "program": name, "tokens_per_s": round(speed, 2),
                              "heft_over_it": round(ratio, 3),
                              "bandwidth_share": round(share, 3) if i else ""})
    return table


def ticks(most):
    """Round numbers from 0 to the first that is not below `most`, four to nine steps."""
    power = 10 ** math.floor(math.log10(most))
    step = next(s * power for s in (0.2, 0.5, 1, 2) if most <= 6 * s * power)
    return [i * step for i in range(math.ceil(most / step - 1e-9) + 1)]


def panel(out, x0, y0, wide, tall, title, lines, colour):
    """Axes with ticks and units, and a line with dots per program."""
    top = ticks(max(v for line in lines.values() for _, v in line))
    depths = sorted({d for line in lines.values() for d, _ in line})
    deep = depths[-1] or 1
    at = lambda d, v: (x0 + d / deep * wide, y0 + tall - v / top[-1] * tall)
    out.append(f'<text x="{x0}" y="{y0 - 12}" font-size="11" font-weight="bold">{escape(title)}</text>')
    for v in top:
        y = at(0, v)[1]
        out.append(f'<line x1="{x0}" y1="{y:.1f}" x2="{x0 + wide}" y2="{y:.1f}" stroke="#ddd"/>'
                   f'<text x="{x0 - 6}" y="{y + 4:.1f}" text-anchor="end">{v:g}</text>')
    last = -math.inf
    for d in depths:
        x = at(d, 0)[0]
        out.append(f'<line x1="{x:.1f}" y1="{y0 + tall}" x2="{x:.1f}" y2="{y0 + tall + 4}" stroke="#333"/>')
        if x - last >= 36:
            out.append(f'<text x="{x:.1f}" y="{y0 + tall + 17}" text-anchor="middle">{d}</text>')
            last = x
    out.append(f'<path d="M{x0} {y0}V{y0 + tall}H{x0 + wide}" fill="none" stroke="#333"/>'
               f'<text x="{x0 + wide / 2}" y="{y0 + tall + 34}" text-anchor="middle">tokens before it</text>'
               f'<text transform="translate({x0 - 48} {y0 + tall / 2}) rotate(-90)" text-anchor="middle">tokens/s</text>')
    for name, line in lines.items():
        points = [at(d, v) for d, v in line]
        out.append('<polyline points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
                   + f'" fill="none" stroke="{colour[name]}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour[name]}"/>' for x, y in points]


def plot(path, table):
    """Tokens/s against depth: prefill and decode side by side, a row per model, a line per program."""
    names = list(dict.fromkeys(r["program"] for r in table))
    palette = ["#0b6e4f", "#c44536", "#5f7cba", "#8d6a9f", "#b8860b", "#4a4a4a"]
    colour = {n: palette[i % len(palette)] for i, n in enumerate(names)}
    models = list(dict.fromkeys(r["model"] for r in table))
    wide, tall, w, h, head, out = 360, 200, 470, 290, 40, []
    for i, model in enumerate(models):
        for k, test in enumerate(("prefill", "decode")):
            rows = [r for r in table if (r["model"], r["test"]) == (model, test)]
            lines = {n: sorted((r["depth"], r["tokens_per_s"]) for r in rows if r["program"] == n) for n in names}
            title = f"{model}: {test}, {rows[0]['tokens']} tokens, {rows[0]['threads']} threads"
            panel(out, 70 + k * w, head + 30 + i * h, wide, tall, title, lines, colour)
    for i, n in enumerate(names):
        x = 70 + 130 * i
        out.append(f'<line x1="{x}" y1="20" x2="{x + 24}" y2="20" stroke="{colour[n]}" stroke-width="2"/>'
                   f'<circle cx="{x + 12}" cy="20" r="3" fill="{colour[n]}"/><text x="{x + 30}" y="24">{escape(n)}</text>')
    with open(path, "w") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * w + 20}" height="{head + len(models) * h}" '
                f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>'
                f'{"".join(out)}</svg>\n')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--heft", required=True)
    p.add_argument("--peer", action="append", default=[], metavar="NAME=PATH")
    p.add_argument("-p", type=int, default=512)
    p.add_argument("-n", type=int, default=64)
    p.add_argument("-d", type=int, nargs="+", default=[0])
    p.add_argument("-t", type=int, default=2)
    p.add_argument("-r", type=int, default=5)
    p.add_argument("--csv")
    p.add_argument("--svg")
    p.add_argument("model", nargs="+")
    a = p.parse_args()
    table = tabulate(a, *measure(a))
    for r in table:
        print(f"{r['model']:32} d{r['depth']:<6} {r['test']:8} {r['program']:12} {r['tokens_per_s']:9.2f} t/s"
              f"  heft is {r['heft_over_it']:6.3f} x"
              + (f"  {100 * r['bandwidth_share']:5.1f} % of the bandwidth" if r["bandwidth_share"] else ""))
    if a.csv:
        with open(a.csv, "w", newline="") as f:
            w = csv.DictWriter(f, table[0].keys(), lineterminator="\n")
            w.writeheader()
            w.writerows(table)
    if a.svg:
        plot(a.svg, table)


if __name__ == "__main__":
    main()
