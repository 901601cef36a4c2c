"""Write tests/kernels/blocks.bin: blocks of every format and what the gguf package reads in them.

Per format: its GGUF type id (uint32), two rows of 256 numbers as stored, the same as 512 float32.
Bytes are random, scales are ordinary halves; one row has a negative scale, one block a zero scale.
Run with the gguf package (0.19) and numpy installed: python3 tools/kernels/make_blocks.py
"""

import pathlib
import struct

import gguf
import numpy as np

ROWS, COLS = 2, 256
# format: offsets of its halves (scale first) within a block
FORMATS = {"Q4_0": [0], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}


def make(name: str, rng: np.random.Generator) -> bytes:
    kind = gguf.GGMLQuantizationType[name]
    numbers, size = gguf.GGML_QUANT_SIZES[kind]
    data = rng.integers(0, 256, (ROWS * COLS // numbers, size), dtype=np.uint8)
    for offset in FORMATS[name]:
        scales = rng.uniform(0.001, 0.05, len(data)).astype(np.float16)
        if offset == FORMATS[name][0]:
            scales[-1] = -scales[-1]
            if len(scales) > 2:
                scales[3] = 0
        data[:, offset : offset + 2] = scales.view(np.uint8).reshape(-1, 2)
    floats = gguf.quants.dequantize(data.reshape(ROWS, -1), kind).astype("<f4")
    assert floats.shape == (ROWS, COLS) and np.isfinite(floats).all()
    return struct.pack("<I", kind.value) + data.tobytes() + floats.tobytes()


def main() -> None:
    rng = np.random.default_rng(32)
    out = pathlib.Path(__file__).parents[2] / "tests" / "kernels" / "blocks.bin"
    out.write_bytes(b"".join(make(name, rng) for name in FORMATS))


if __name__ == "__main__":
    main()
