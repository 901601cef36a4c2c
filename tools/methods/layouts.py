"""How each method stores a matrix: the tensors of a weight, and the float32 numbers that they mean.

Every function takes a float32 matrix (out, in) and gives (tensors by suffix, the numbers as float32,
what packages said the same). The numbers are computed here, by the formula of the format; where a
package has an implementation of its own that runs without a GPU, it is asked too.
"""

import importlib.metadata
import json

import torch

E2M1 = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6])


def version(package):
    return f"{package} {importlib.metadata.version(package)}"


def same(ours, theirs, package, ulps=0):
    """Both are the same numbers, within so many units in the last place; -0 is 0."""
    a, b = ((x.float() + 0.0).contiguous().view(torch.int32) for x in (ours, theirs))
    far = int((a.long() - b.long()).abs().max())
    assert far <= ulps, f"{package} differs by {far} units"
    return f"{version(package)}" + (f", within {ulps} units in the last place" if ulps else "")


def spread(scale, rows, cols, block):
    """One scale for each block of a matrix, ragged at the ends."""
    return scale.repeat_interleave(block[0], 0)[:rows].repeat_interleave(block[1], 1)[:, :cols]


def e8m0(scale):
    """The power of two above, as a byte."""
    return torch.clamp(torch.ceil(torch.log2(scale)) + 127, 1, 254).to(torch.uint8)


def power(byte):
    return torch.ldexp(torch.ones(byte.shape), byte.int() - 127)


# ---- FP8 -------------------------------------------------------------------


def fp8(w, block, kind=torch.float32, suffix="weight_scale_inv", shape=None):
    """block: rows and columns that share a scale; 0: all."""
    rows, cols = w.shape
    block = [block[0] or rows, block[1] or cols]
    high, wide = -(-rows // block[0]), -(-cols // block[1])
    scale = torch.empty(high, wide)
    for i in range(high):
        for j in range(wide):
            part = w[i * block[0] : (i + 1) * block[0], j * block[1] : (j + 1) * block[1]]
            scale[i, j] = part.abs().max() / 448
    if kind == torch.float8_e8m0fnu:
        byte = e8m0(scale)
        stored, scale = byte.view(torch.float8_e8m0fnu), power(byte)
    else:
        stored = scale.to(kind)
        scale = stored.float()
    q = (w / spread(scale, rows, cols, block)).clamp(-448, 448).to(torch.float8_e4m3fn)
    if shape is not None:
        stored = stored.reshape(shape)
    return {"weight": q, suffix: stored}, q.float() * spread(scale, rows, cols, block), []


# ---- FP4 -------------------------------------------------------------------


def nearest_e2m1(x):
    code = (x.abs().unsqueeze(-1) - E2M1[:8]).abs().argmin(-1)
    return torch.where(x < 0, code + 8, code).to(torch.uint8)


def pairs(code):
    return code[..., 0::2] | code[..., 1::2] << 4


def mx(w):
    """E2M1 in pairs, an E8M0 for 32."""
    blocks = w.reshape(*w.shape[:-1], -1, 32)
    byte = e8m0(blocks.abs().amax(-1) / 6)
    code = nearest_e2m1(blocks / power(byte).unsqueeze(-1))
    return pairs(code), byte, (E2M1[code.long()] * power(byte).unsqueeze(-1)).reshape(w.shape)


def mxfp4(w):
    """gpt-oss: experts (E, out, in)."""
    from transformers.integrations.mxfp4 import convert_moe_packed_tensors

    packed, byte, numbers = mx(w)
    theirs = convert_moe_packed_tensors(packed, byte, dtype=torch.float32).transpose(1, 2)
    return {"blocks": packed, "scales": byte}, numbers, [same(numbers, theirs, "transformers")]


def fp4_deepseek(w):
    packed, byte, numbers = mx(w)
    tensors = {"weight": packed.reshape(w.shape[0], -1).view(torch.int8), "scale": byte.view(torch.float8_e8m0fnu)}
    return tensors, numbers, []


def nvfp4(w, divides):
    from compressed_tensors.compressors import unpack_fp4_from_uint8

    top = w.abs().max() / (448 * 6)
    second = (1 / top if divides else top).reshape(1).float()
    inverse = second if divides else 1 / second
    blocks = w.reshape(w.shape[0], -1, 16)
    scale = (blocks.abs().amax(-1) / 6 * inverse).clamp(2**-9, 448).to(torch.float8_e4m3fn)
    d = scale.float() / second if divides else scale.float() * second
    code = nearest_e2m1(blocks / d.unsqueeze(-1))
    numbers = (E2M1[code.long()] * d.unsqueeze(-1)).reshape(w.shape)
    packed = pairs(code.reshape(w.shape[0], -1))
    theirs = unpack_fp4_from_uint8(packed, *w.shape, dtype=torch.float32).reshape(blocks.shape) * d.unsqueeze(-1)
    said = [same(numbers, theirs.reshape(w.shape), "compressed-tensors")]
    if divides:
        return {"weight_packed": packed, "weight_scale": scale, "weight_global_scale": second}, numbers, said
    return {"weight": packed, "weight_scale": scale, "weight_scale_2": second.reshape(())}, numbers, said


def ct_mxfp4(w):
    packed, byte, numbers = mx(w)
    return {"weight_packed": packed.reshape(w.shape[0], -1), "weight_scale": byte}, numbers, []


# ---- integers --------------------------------------------------------------


def words(q, bits):
    """Unsigned numbers along the last axis, the lowest bits of an int32 first."""
    per = 32 // bits
    assert q.shape[-1] % per == 0
    q = q.reshape(*q.shape[:-1], -1, per).long()
    return (q << (torch.arange(per) * bits)).sum(-1).to(torch.int64).to(torch.uint32).view(torch.int32)


def affine(w, group, bits, symmetric, kind, order=None):
    """q, zero and scale of groups along the inputs. order: the group of every input."""
    rows, cols = w.shape
    group = group or cols
    index = torch.arange(cols) // group if order is None else order
    groups = -(-cols // group)
    scale, zero = torch.empty(rows, groups), torch.empty(rows, groups)
    top = 2**bits - 1
    for g in range(groups):
        part = w[:, index == g]
        if symmetric:
            scale[:, g], zero[:, g] = part.abs().amax(1) / (2 ** (bits - 1) - 1), 2 ** (bits - 1)
        else:
            low, high = part.amin(1).clamp(max=0), part.amax(1).clamp(min=0)
            scale[:, g] = (high - low) / top
            zero[:, g] = (-low / scale[:, g]).round().clamp(0, top)
    scale = scale.to(kind)
    d, z = scale.float()[:, index], zero[:, index]
    q = (w / d + z).round().clamp(0, top)
    return q, zero, scale, index, (q - z) * d


def packed(w, group, bits=4, symmetric=True, kind=torch.bfloat16, order=None):
    from compressed_tensors.compressors import unpack_from_int32

    q, zero, scale, index, numbers = affine(w, group, bits, symmetric, kind, order)
    tensors = {
        "weight_packed": words(q, bits),
        "weight_scale": scale,
        "weight_shape": torch.tensor(w.shape),
    }
    theirs = unpack_from_int32(tensors["weight_packed"], bits, w.shape).float()
    z = zero
    if not symmetric:
        tensors["weight_zero_point"] = words(zero.T.contiguous(), bits).T.contiguous()
        z = unpack_from_int32(tensors["weight_zero_point"], bits, zero.shape, 0).float() + 2 ** (bits - 1)
    if order is not None:
        tensors["weight_g_idx"] = order.int()
    theirs = (theirs - (z - 2 ** (bits - 1))[:, index]) * scale.float()[:, index]
    return tensors, numbers, [same(numbers, theirs, "compressed-tensors")]


def int8_rows(w, kind=torch.bfloat16):
    q, zero, scale, _, numbers = affine(w, 0, 8, True, kind)
    return {"weight": (q - 128).to(torch.int8), "weight_scale": scale}, numbers, []


def gptq(w, group, bits=4, symmetric=False, old=True, order=None):
    q, zero, scale, index, numbers = affine(w, group, bits, symmetric, torch.float16, order)
    stored = (zero - 1) % 2**bits if old else zero
    tensors = {
        "qweight": words(q, bits).T.contiguous(),
        "qzeros": words(stored.T.contiguous(), bits),
        "scales": scale.T.contiguous(),
        "g_idx": index.int(),
    }
    return tensors, numbers, []


def awq(w, group):
    q, zero, scale, _, numbers = affine(w, group, 4, False, torch.float16)
    order = torch.tensor([0, 2, 4, 6, 1, 3, 5, 7])

    def across(x):  # (in, out): nibble n of a word is column order[n] of its eight
        return words(x.T.reshape(x.shape[1], -1, 8)[..., order].reshape(x.shape[1], -1), 4)

    return {"qweight": across(q), "qzeros": across(zero), "scales": scale.T.contiguous()}, numbers, []


# ---- bitsandbytes ----------------------------------------------------------


def bnb4(w, kind, double):
    import bitsandbytes.functional as F

    data, state = F.quantize_4bit(w.contiguous(), blocksize=64, compress_statistics=double, quant_type=kind)
    tensors = {"weight": data}
    for name, t in state.as_dict(packed=True).items():
        tensors["weight." + name] = t
    code = tensors["weight.quant_map"]
    absmax = tensors["weight.absmax"]
    if double:
        facts = json.loads(bytes(tensors[f"weight.quant_state.bitsandbytes__{kind}"].tolist()))
        big = tensors["weight.nested_absmax"].repeat_interleave(facts["nested_blocksize"])[: len(absmax)]
        absmax = tensors["weight.nested_quant_map"][absmax.long()] * big + facts["nested_offset"]
    flat = data.flatten()
    q = torch.stack([flat >> 4, flat & 15], 1).flatten().long()
    numbers = (code[q] * absmax.repeat_interleave(64)[: len(q)]).reshape(w.shape)
    if w.shape[1] % 64:  # without a GPU the package has blocks that run on over rows wrong (0.50.2)
        return tensors, numbers, []
    return tensors, numbers, [same(numbers, F.dequantize_4bit(data, state), "bitsandbytes", 2 if double else 0)]


def bnb8(w):
    import bitsandbytes.functional as F

    top = w.abs().amax(1)
    q = (w / top[:, None] * 127).round().to(torch.int8)
    numbers = q.float() * (top / 127)[:, None]
    tensors = {"weight": q, "SCB": top, "weight_format": torch.tensor(0, dtype=torch.uint8)}
    return tensors, numbers, [same(numbers, F.int8_vectorwise_dequant(q, top), "bitsandbytes", 2)]
