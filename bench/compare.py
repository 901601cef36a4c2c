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
import os
import shlex
import statistics
import subprocess
import sys
import tempfile


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


def plot(path, table):
    """Tokens/s against depth: a panel per model and test, a line per program."""
    panels = sorted({(r["model"], r["test"]) for r in table})
    names = list(dict.fromkeys(r["program"] for r in table))
    colour = ["#0b6e4f", "#c44536", "#5f7cba", "#8d6a9f"]
    w, h, out = 420, 260, []
    for i, (model, test) in enumerate(panels):
        lines = {n: sorted((r["depth"], r["tokens_per_s"]) for r in table
                           if (r["model"], r["test"], r["program"]) == (model, test, n)) for n in names}
        most = max(v for line in lines.values() for _, v in line)
        deep = max(d for line in lines.values() for d, _ in line) or 1
        x0, y0 = 50 + i % 2 * w, 30 + i // 2 * h
        out.append(f'<text x="{x0}" y="{y0 - 8}">{model}: {test}, tokens/s (top {most:.1f}) to depth {deep}</text>'
                   f'<rect x="{x0}" y="{y0}" width="{w - 70}" height="{h - 70}" fill="none" stroke="#999"/>')
        for k, (name, line) in enumerate(lines.items()):
            at = " ".join(f"{x0 + d / deep * (w - 70):.1f},{y0 + (1 - v / most) * (h - 70):.1f}" for d, v in line)
            c = colour[k % len(colour)]
            out.append(f'<polyline points="{at}" fill="none" stroke="{c}" stroke-width="2"/>'
                       f'<text x="{x0 + 90 * k}" y="{y0 + h - 50}" fill="{c}">{name}</text>')
    tall = (len(panels) + 1) // 2 * h
    with open(path, "w") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * w}" height="{tall}" font-family="sans-serif" '
                f'font-size="11"><rect width="100%" height="100%" fill="white"/>{"".join(out)}</svg>\n')


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
