"""Run a golden model in the reference library and in llama.cpp."""

import contextlib
import ctypes
import importlib.metadata
import json
import math
import pathlib
import re
import sys
import tempfile

import gguf
import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM, logging

try:
    from transformers.modeling_utils import no_init_weights
except ImportError:  # transformers 5
    from transformers.initialization import no_init_weights

import apart
import hybrids
import latent
import mixtures
import weights
from containers_classics import CLASSICS

torch.set_num_threads(1)
logging.set_verbosity_error()

# Families whose attention has no function of its own, or another than newer ones.
OLDER = set(CLASSICS) | {"gptj", "gpt_neo", "opt"}

# Standard deviation of what a tensor makes of an input of about 1, by Hugging Face name: "hot", so
# that a missing bias, norm or scaling shows. First match wins; the others are matrices of gain 1.
GAINS = [
    (r"(embed_tokens|embed_positions|embed_in|word_embeddings|wte|wpe)\.weight$", None),
    (r"(lm_head|embed_out)\.weight$", 10.0),
    (r"(query_key_value|c_attn|Wqkv|qkv_proj)\.weight$", 1.4),
    (r"(dense_h_to_4h|c_fc|fc_in|fc1)\.weight$", 1.4),
    (r"q_proj\.weight$", 1.7),
    (r"q_b_proj\.weight$", 1.7),
    (r"k_proj\.weight$", 1.1),
    (r"mlp\.experts\.gate_up_proj$", 2.5),
    (r"((gate|up|gate_up)_proj|\.w1|\.w3)(\.weight)?$", 1.2),
    (r"(down_proj|\.w2)(\.weight)?$", 1.4),
    (r"(gate|router)\.weight$", 1.5),
    (r"router\.proj\.weight$", 12.0),  # what it reads is divided by the root of the width
]


# Model types whose activation llama.cpp rounds to half precision, and what that costs.
TABLED = {"gemma", "gemma2", "gemma3_text", "gemma3", "gemma4_text"}
# Model types whose norms multiply by 1 + w, all but those of NOT_ONE_PLUS.
ONE_PLUS = {"gemma", "gemma2", "gemma3_text", "gemma3", "nemotron"} | hybrids.KINDS
NOT_ONE_PLUS = r"(linear_attn\.norm|ssm_norm)\.weight$"
TABLED_TOLERANCE = 1e-4


# The same where a family needs others: queries that nothing scales, norms whose epsilon is fixed
# (an embedding small enough to show it).
OWN_GAINS = {
    "deepseek_v4": [
        (r"^embed\.weight$", None),
        (r"^head\.weight$", 10.0),
        (r"(wgate|weights_proj)\.weight$", 2.0),
    ],
    "gpt_neo": [(r"[qk]_proj\.weight$", 0.7)],
    "olmo": [(r"embed_tokens\.weight$", 0.125)],
    "opt": [
        (r"embed_(tokens|positions)\.weight$", 0.16),
        (r"out_proj\.weight$", 0.04),
        (r"project_out\.weight$", 80.0),
    ],
}
# (exponent, offset) where a family needs its own: what a small embedding is added to or read by.
OWN_SCALES = {
    "deepseek_v4": [
        (r"kv_norm\.weight$|compressor\.norm\.weight$", (6, 2.0)),
        (r"\.ape$", (6, 0.0)),
        (r"hc_\w+_scale$", (6, 1.0)),
        (r"attn_sink$", (5, 0.0)),
        (r"gate\.bias$", (9, 0.0)),
    ],
    "opt": [
        (r"out_proj\.bias$", (12, 0.0)),
        (r"decoder\.final_layer_norm\.weight$", (0, 128.0)),
    ],
}


def scale(name: str, shape: list, kind: str) -> tuple:
    """(exponent, offset) of a tensor of a model type."""
    if kind == "gemma4_text" and re.search(r"(q|k)_norm\.weight$|scalar$|_scale$|\.scale$", name):
        return 7, 1.0
    for pattern, own in OWN_SCALES.get(kind, []):
        if re.search(pattern, name):
            return own
    if kind in hybrids.KINDS and hybrids.scale(name):
        return hybrids.scale(name)
    if kind in ONE_PLUS and re.search(r"norm\.weight$", name) and not re.search(NOT_ONE_PLUS, name):
        return (6, 0.5) if re.search(r"(q|k)_norm\.weight$", name) else (8, 0.0)
    if re.search(r"(q|k)_(layer)?norm\.", name) and name.endswith("weight"):
        return 6, 2.0
    if re.search(r"(norm|norm_f|norm_[12]|ln_f|ln_[12]|ln_attn|ln_mlp)\.weight$", name):
        return 7, 1.0
    if name.endswith("sinks"):
        return 5, 0.0
    if name.endswith("correction_bias"):
        return 9, 0.0
    if len(shape) == 1 or name.endswith("_bias"):
        return 7, 0.0
    gains = OWN_GAINS.get(kind, []) + GAINS
    gain = next((g for pattern, g in gains if re.search(pattern, name)), 1.0)
    # (in, out) matrices: experts in one tensor (E, in, out), and gpt2's
    fan_in = shape[-2] if len(shape) == 3 or transposed(kind, name) else shape[-1]
    sigma = gain / fan_in**0.5 if gain else 1.0
    return round(np.log2(76.0 / sigma)), 0.0


def transposed(family: str, name: str) -> bool:
    """Is the matrix stored (in, out)?"""
    pattern = CLASSICS.get(family, {}).get("transposed")
    return bool(pattern and re.search(pattern, name))


def load(config: dict, dtype=torch.float32):
    """The reference's model of config.json as a release writes it, weights not set."""
    if config["model_type"] in mixtures.OWN:
        return mixtures.OWN[config["model_type"]](config, dtype)
    with tempfile.TemporaryDirectory() as at:
        pathlib.Path(at, "config.json").write_text(json.dumps(latent.known(config)))
        parsed = AutoConfig.from_pretrained(at)
    if hasattr(parsed, "_experts_implementation"):  # of transformers 5
        parsed._experts_implementation = "eager"  # its others know no float64
    # The eager function of Falcon adds ALiBi twice, once with the mask; the default one does not.
    attention = "sdpa" if config.get("alibi") else "eager"
    with no_init_weights():  # StableLM's cannot initialise a norm without bias
        kind = hybrids.model_class(config) or AutoModelForCausalLM
        model = kind.from_config(parsed, dtype=dtype, attn_implementation=attention)
    model.tie_weights()
    if dtype == torch.float64:
        widen_routers(model)
    latent.correct(model)
    return model.eval()


def made_by(config: dict) -> str:
    """What runs such a model."""
    library = "transformers " + importlib.metadata.version("transformers")
    return f"tools/golden/mixtures.py on {library}" if config["model_type"] in mixtures.OWN else library


def widen_routers(model) -> None:
    """Routers that give float32 weights whatever the model's type."""

    def widened(_, __, out):
        return tuple(o.double() if o.is_floating_point() else o for o in out)

    for module in model.modules():
        if type(module).__name__.endswith("TopkRouter"):
            module.register_forward_hook(widened)


def tensors(model, seed: int, left_out: str = "") -> list:
    """Set the model's weights; the table of what a release stores, under names less the prefix
    left out."""
    table = []
    state = model.state_dict()
    tied = set(model._tied_weights_keys or []) if model.config.tie_word_embeddings else set()
    for name, parameter in state.items():
        if name in tied:
            continue
        for name, part in apart.parts(model.config.model_type, name.removeprefix(left_out), parameter):
            shape = list(part.shape)
            if name.endswith("tid2eid"):
                table.append(by_token(name, seed, part, model.config.n_routed_experts))
                continue
            exponent, offset = scale(name, shape, model.config.model_type)
            if not shape:
                continue
            q = weights.grid(name, seed, part.numel(), offset)
            value = offset + q.astype(np.float64) * 2.0**-exponent
            part.copy_(torch.from_numpy(value.reshape(shape)))
            row = {"name": name, "shape": shape, "exponent": int(exponent), "offset": offset, "q": q}
            if len(shape) <= 3:  # heft's tests write no more; a tower has tensors of four axes
                table.append(row)
    return table


def by_token(name: str, seed: int, table, experts: int) -> dict:
    """Set a table of experts by token: those of a token are neighbours, from one that is drawn."""
    q = weights.grid(name, seed, table.numel(), 0.0)
    table.copy_(torch.from_numpy(neighbours(q, list(table.shape), experts)))
    return {"name": name, "shape": list(table.shape), "exponent": 0, "offset": 0.0, "below": experts, "q": q}


def neighbours(q: np.ndarray, shape: list, below: int) -> np.ndarray:
    first = (q.reshape(shape)[:, :1].astype(np.int64) + 127) % below
    return (first + np.arange(shape[1])) % below


def beside(shapes: dict, seed: int) -> list:
    """The same of tensors that a release has and the reference leaves out."""
    return [
        {"name": name, "shape": shape, "exponent": 7, "offset": 0.0, "q": weights.grid(name, seed, math.prod(shape), 0.0)}
        for name, shape in shapes.items()
    ]


def activated(model) -> list:
    """The modules whose output the activation of feed-forward blocks takes."""
    named = list(model.named_modules())
    gates = r"\.(gate(_up)?_proj|w1|experts|dense_h_to_4h|c_fc|fc_in|fc1|ffn\.up_proj)$"
    found = [m for name, m in named if re.search(gates, name)]
    found = found or [m for name, m in named if name.endswith(".up_proj")]  # a block without a gate
    if not found:
        sys.exit(f"which modules of {model.config.model_type} are activated? `activated` of reference.py should say")
    return found


@contextlib.contextmanager
def largest(model):
    """Watch the largest attention score and feed-forward input of the runs within."""
    seen = {"score": 0.0, "feed_forward": 0.0}
    module = sys.modules[type(model).__module__]
    older = model.config.model_type in OLDER
    eager = None if older else getattr(module, "eager_attention_forward", None)
    softmax = torch.nn.functional.softmax

    def watched_softmax(scores, *rest, **kw):  # of families that attend by themselves
        if scores.dim() == 4:
            seen["score"] = max(seen["score"], float(scores[scores > -1e30].abs().max()))
        return softmax(scores, *rest, **kw)

    def watched(attention, query, key, value, mask, *rest, scaling, **kw):
        keys = key.repeat_interleave(query.shape[1] // key.shape[1], dim=1)
        score = (query @ keys.transpose(2, 3)) * scaling
        seen["score"] = max(seen["score"], float(score.tril().abs().max()))
        return eager(attention, query, key, value, mask, *rest, scaling=scaling, **kw)

    def input_of_activation(_, __, output):
        seen["feed_forward"] = max(seen["feed_forward"], float(output.abs().max()))

    hooks = [m.register_forward_hook(input_of_activation) for m in activated(model)]
    if eager:
        module.eager_attention_forward = watched
    else:
        torch.nn.functional.softmax = watched_softmax
    try:
        yield seen
    finally:
        torch.nn.functional.softmax = softmax
        if eager:
            module.eager_attention_forward = eager
        for hook in hooks:
            hook.remove()


def decoder_layers(model):
    n = model.config.get_text_config().num_hidden_layers
    return next(m for m in model.modules() if isinstance(m, torch.nn.ModuleList) and len(m) == n)


def attention(model):
    """That of the first layer which has one by this name, or None."""
    each = (getattr(layer, "self_attn", None) for layer in decoder_layers(model))
    return next((a for a in each if a), None)


@torch.no_grad()
def forward(model, ids: list):
    """Logits (T, V) and hidden states (L + 1, T, D): after the embedding and after each layer."""
    last = []
    hook = decoder_layers(model)[-1].register_forward_hook(
        lambda _, __, out: last.append(out[0] if isinstance(out, tuple) else out)
    )
    torch.set_default_dtype(model.dtype)  # MPT makes its mask in the default type
    out = model(torch.tensor([ids]), output_hidden_states=True, use_cache=False)
    torch.set_default_dtype(torch.float32)
    hook.remove()
    hidden = [h[0] for h in out.hidden_states[:-1]] + [last[0][0]]
    return out.logits[0].numpy(), torch.stack(hidden).flatten(2).numpy()


def greedy(model, ids: list, n: int, choices: int):
    """The text with n tokens chosen below `choices`, and the smallest lead of one over the next.

    Every run is over the full length, so that a rope table that depends on the length is that of a
    sequence of this length from the first token on; what comes later in the text is not seen."""
    text = ids + [0] * n
    margin = np.inf
    for t in range(len(ids), len(text)):
        logits, _ = forward(model, text)
        row = logits[t - 1, :choices]
        second, first = np.sort(row)[-2:]
        margin = min(margin, float(first - second))
        text[t] = int(row.argmax())
    return text, margin


GGUF_TYPES = {
    "u32": gguf.GGUFWriter.add_uint32,
    "f32": gguf.GGUFWriter.add_float32,
    "bool": gguf.GGUFWriter.add_bool,
    "string": gguf.GGUFWriter.add_string,
    "strings": gguf.GGUFWriter.add_array,
    "i32s": gguf.GGUFWriter.add_array,
    "bools": gguf.GGUFWriter.add_array,
    "f32s": gguf.GGUFWriter.add_array,
}


def permuted(array: np.ndarray, head_width: int) -> np.ndarray:
    """Rows of each head in GGUF's order: row 2 m + s was row s * width / 2 + m."""
    heads = array.reshape(-1, 2, head_width // 2, *array.shape[1:])
    return heads.swapaxes(1, 2).reshape(array.shape)


def unfused(array: np.ndarray, width: int, queries: int) -> np.ndarray:
    """Rows of q, k and v by group, in GGUF's order: all queries, all keys, all values."""
    groups = array.reshape(-1, queries + 2, width, *array.shape[1:])
    parts = groups[:, :queries], groups[:, queries : queries + 1], groups[:, queries + 1 :]
    return np.concatenate([p.reshape(-1, *array.shape[1:]) for p in parts])


def chosen(array: np.ndarray, runs: list, axis: int) -> np.ndarray:
    """The places of an axis that runs (first, count, ...) name."""
    places = [np.arange(first, first + n) for first, n in zip(runs[::2], runs[1::2])]
    return array.take(np.concatenate(places), axis)


def gguf_arrays(table: list) -> dict:
    """The tensors of a GGUF file by name: experts stacked, fused ones apart, all [.., out, in]."""
    arrays = {}
    for t in table:
        array = (t["offset"] + t["q"].astype(np.float64) * 2.0 ** -t["exponent"]).astype(np.float32)
        array = array.reshape(t["shape"]) + np.float32(t.get("plus", 0))
        if "below" in t:
            array = neighbours(t["q"], t["shape"], t["below"]).astype(np.int32)
        if t.get("permuted"):
            array = permuted(array, t["permuted"])
        if t.get("fused"):
            array = unfused(array, *t["fused"])
        if t.get("transposed"):
            array = array.swapaxes(-1, -2)
        if "heads" in t:
            array = array.reshape(t["heads"], -1, array.shape[-1])
        if array.ndim > 1 and 1 in array.shape:
            array = array.squeeze()
        if t.get("minus_exp"):
            array = (-np.exp(array.astype(np.float64))).astype(np.float32)
        if "cols" in t:
            array = chosen(array, t["cols"], -1)
        if "rows" in t:
            arrays[t["gguf"]] = [chosen(array, t["rows"], 0)]
            if "gguf_up" in t:
                arrays[t["gguf_up"]] = [chosen(array, t["rows_up"], 0)]
        elif "gguf_up" in t:
            half = array.shape[1] // 2
            gate, up = (array[:, ::2], array[:, 1::2]) if t.get("alternate") else (array[:, :half], array[:, half:])
            if "heads" in t:
                gate = gate.swapaxes(1, 2)
            arrays[t["gguf"]], arrays[t["gguf_up"]] = [gate], [up]
        else:
            arrays.setdefault(t["gguf"], []).append(array)
    return {name: np.ascontiguousarray(a[0] if len(a) == 1 else np.stack(a)) for name, a in arrays.items()}


def write_gguf(path: str, entries: list, table: list, extra: list) -> None:
    writer = gguf.GGUFWriter(path, entries[0][2])
    for key, kind, value in entries[1:]:
        GGUF_TYPES[kind](writer, key, value)
    for name, array in gguf_arrays(table).items():
        writer.add_tensor(name, array)
    for t in extra:
        writer.add_tensor(t["name"], np.array(t["values"], np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


ERROR = 4  # GGML_LOG_LEVEL_ERROR
DOES_NOT_LOAD = "Names and metadata are those of containers*.py; llama_cpp_refuses in the case says why it cannot."


def llama_cpp(path: str, ids: list, vocab: int, length: int) -> np.ndarray:
    """llama.cpp's logits (T, V) of a GGUF file, with a cache in float32."""
    import llama_cpp as lib

    said = []
    kept = lib.llama_log_callback(lambda level, text, _: said.append(text.decode()) if level == ERROR else None)
    lib.llama_log_set(kept, ctypes.c_void_p(0))
    lib.llama_backend_init()
    parameters = lib.llama_model_default_params()
    parameters.use_extra_bufts = False
    model = lib.llama_model_load_from_file(path.encode(), parameters)
    if not model:
        sys.exit(f"llama.cpp does not load the GGUF file: {''.join(said).strip()}\n{DOES_NOT_LOAD}")
    options = lib.llama_context_default_params()
    options.n_ctx = options.n_batch = options.n_ubatch = length
    options.n_threads = options.n_threads_batch = 1
    options.type_k = options.type_v = 0  # F32
    options.flash_attn_type = 0
    context = lib.llama_init_from_model(model, options)
    batch = lib.llama_batch_init(len(ids), 0, 1)
    batch.n_tokens = len(ids)
    for i, token in enumerate(ids):
        batch.token[i] = token
        batch.pos[i] = i
        batch.n_seq_id[i] = 1
        batch.seq_id[i][0] = 0
        batch.logits[i] = 1
    if lib.llama_decode(context, batch) != 0:
        raise RuntimeError("llama.cpp does not run")
    rows = [lib.llama_get_logits_ith(context, i) for i in range(len(ids))]
    logits = [np.ctypeslib.as_array(row, (vocab,)).copy() for row in rows]
    lib.llama_batch_free(batch)
    lib.llama_free(context)
    lib.llama_model_free(model)
    return np.stack(logits)
