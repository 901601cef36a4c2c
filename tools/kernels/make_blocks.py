"""Write tests/kernels/blocks.bin: blocks of every format and what ggml reads in them.

Per format: its GGUF type id (uint32), two rows of 256 numbers as stored, the same as 512 float32.
Bytes are random, scales are ordinary halves; one row has a negative scale, one block a zero scale.
The numbers are those of the gguf package; where it has no decoder, ggml's own; where both have one,
they are compared. Run with gguf 0.19, llama-cpp-python 0.3.36 and numpy installed:
python3 tools/kernels/make_blocks.py
"""

import ctypes
import importlib.util
import pathlib
import struct

import gguf
import numpy as np

ROWS, COLS = 2, 256
# format: type id, numbers and bytes of a block, offsets of its halves (scale first)
FORMATS = {
    "Q4_0": (2, 32, 18, [0]),
    "Q8_0": (8, 32, 34, [0]),
    "Q4_K": (12, 256, 144, [0, 2]),
    "Q5_K": (13, 256, 176, [0, 2]),
    "Q6_K": (14, 256, 210, [208]),
    "Q4_1": (3, 32, 20, [0, 2]),
    "Q5_0": (6, 32, 22, [0]),
    "Q5_1": (7, 32, 24, [0, 2]),
    "Q2_K": (10, 256, 84, [80, 82]),
    "Q3_K": (11, 256, 110, [108]),
    "IQ4_NL": (20, 32, 18, [0]),
    "IQ4_XS": (23, 256, 136, [0]),
    "IQ3_XXS": (18, 256, 98, [0]),
    "IQ3_S": (21, 256, 110, [0]),
    "IQ2_XXS": (16, 256, 66, [0]),
    "IQ2_XS": (17, 256, 74, [0]),
    "IQ2_S": (22, 256, 82, [0]),
    "IQ1_S": (19, 256, 50, [0]),
    "IQ1_M": (29, 256, 56, []),
    "TQ1_0": (34, 256, 54, [52]),
    "TQ2_0": (35, 256, 66, [64]),
    "MXFP4": (39, 32, 17, []),
    "NVFP4": (40, 64, 36, []),
    "Q1_0": (41, 128, 18, [0]),
    "Q2_0": (42, 64, 18, [0]),
}


def ggml() -> ctypes.CDLL:
    package = pathlib.Path(importlib.util.find_spec("llama_cpp").origin).parent
    return ctypes.CDLL(str(package / "lib" / "libggml-base.so"))


def put_scales(name: str, data: np.ndarray, rng: np.random.Generator) -> None:
    scales = rng.uniform(0.001, 0.05, len(data)).astype(np.float16)
    scales[-1] = -scales[-1]
    if len(scales) > 2:
        scales[3] = 0
    if name == "MXFP4":  # ordinary exponents, and those of subnormal scales
        data[:, 0] = rng.integers(100, 140, len(data))
        data[:3, 0] = [0, 1, 2]
    elif name == "NVFP4":  # every kind of E4M3: 0, subnormal, 0x7f, a top bit
        data[0, :4] = [0, 5, 0x7F, 0xFF]
    elif name == "IQ1_M":  # a nibble in each of four 16-bit numbers
        for i in range(4):
            nibble = scales.view(np.uint16) >> 4 * i & 15
            data[:, 49 + 2 * i] = data[:, 49 + 2 * i] & 15 | nibble << 4
    for offset in FORMATS[name][3]:
        data[:, offset : offset + 2] = scales.view(np.uint8).reshape(-1, 2)
        scales = rng.uniform(0.001, 0.05, len(data)).astype(np.float16)


def decode(name: str, data: np.ndarray) -> np.ndarray:
    floats = np.zeros((ROWS, COLS), "<f4")
    decoder = getattr(ggml(), "dequantize_row_" + name.lower().replace("_k", "_K"))
    decoder(data.ctypes.data_as(ctypes.c_void_p), floats.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_int64(ROWS * COLS))  # fmt: skip
    kind = getattr(gguf.GGMLQuantizationType, name, None)
    if kind in gguf.quants._type_traits:
        same = gguf.quants.dequantize(data.reshape(ROWS, -1), kind).astype("<f4")
        assert np.array_equal(same, floats), name
    return floats


def make(name: str, rng: np.random.Generator) -> bytes:
    kind, numbers, size, _ = FORMATS[name]
    data = rng.integers(0, 256, (ROWS * COLS // numbers, size), dtype=np.uint8)
    put_scales(name, data, rng)
    floats = decode(name, data)
    assert np.isfinite(floats).all(), name
    return struct.pack("<I", kind) + data.tobytes() + floats.tobytes()


def main() -> None:
    rng = np.random.default_rng(32)
    out = pathlib.Path(__file__).parents[2] / "tests" / "kernels" / "blocks.bin"
    out.write_bytes(b"".join(make(name, rng) for name in FORMATS))


if __name__ == "__main__":
    main()
