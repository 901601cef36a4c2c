"""The weights of golden models: a hash of (tensor name, element, seed), so that nothing is stored.

tests/golden_model.c makes the same numbers; a change here is a change there. All arithmetic is on
unsigned 64-bit integers and wraps.

    mix(x):     x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9
                x = (x ^ x >> 27) * 0x94D049BB133111EB
                x ^ x >> 31                                   (the finaliser of splitmix64)
    base        = fnv1a(tensor name) ^ mix(seed)
    draw(i)     = mix(base + (i + 1) * 0x9E3779B97F4A7C15)    i: position in the flattened tensor
    grid(i)     = ((draw(i) >> 32) * (2 R + 1) >> 32) - R     an integer in -R .. R
    value(i)    = offset + grid(i) * 2^-exponent

Without an offset R is 127, and in every block b of 32 elements the one at (p & 31) is +127 or, if
p & 32, -127, with p = draw(b + 2^32): so a Q8_0 block has the scale 2^-exponent and loses nothing.
With an offset (norm weights) R is 63. Seven bits and a power of two are exact in F32, F16 and BF16.
"""

import numpy as np

MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15


def fnv1a(data: bytes) -> int:
    h = 0xCBF29CE484222325
    for byte in data:
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def mix(x: np.ndarray) -> np.ndarray:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def draw(name: str, seed: int, index: np.ndarray) -> np.ndarray:
    base = np.uint64(fnv1a(name.encode())) ^ mix(np.array([seed], np.uint64))[0]
    return mix(base + (index + np.uint64(1)) * np.uint64(STEP))


def grid(name: str, seed: int, n: int, offset: float) -> np.ndarray:
    """The n integers of a tensor, as int8."""
    reach = 63 if offset else 127
    index = np.arange(n, dtype=np.uint64)
    q = ((draw(name, seed, index) >> np.uint64(32)) * np.uint64(2 * reach + 1)) >> np.uint64(32)
    q = (q.astype(np.int64) - reach).astype(np.int8)
    if not offset:
        p = draw(name, seed, np.arange((n + 31) // 32, dtype=np.uint64) + np.uint64(1 << 32))
        at = np.arange(len(p), dtype=np.int64) * 32 + (p & np.uint64(31)).astype(np.int64)
        peak = np.where(p & np.uint64(32), -127, 127).astype(np.int8)
        q[at[at < n]] = peak[at < n]
    return q


def text(seed: int, n: int, vocab: int) -> list:
    """n token ids below vocab."""
    ids = draw("text", seed, np.arange(n, dtype=np.uint64))
    return (((ids >> np.uint64(32)) * np.uint64(vocab)) >> np.uint64(32)).astype(int).tolist()
