"""Make tests/text/golden/chat_releases.json: what transformers makes of the places where a release may
keep its chat templates and tokens, and tests/text/golden/chat_formats.json: what llama.cpp makes of
its built-in formats.

    python3 tools/jinja/make_releases.py

Each case of the first names the files of a release (but for the tokenizer, which is that of
models/fable), a conversation, and the prompt; of the second, a format's name, messages and prompt.
"""
import ctypes
import json
import pathlib
import shutil
import tempfile

import llama_cpp
import transformers

ROOT = pathlib.Path(__file__).parents[2]
GOLDEN = ROOT / "tests/text/golden"
FABLE = ROOT / "models/fable/tokenizer.json"

SHOW = ("{{ bos_token }}|{{ eos_token }}|{{ unk_token }}|{{ pad_token }}|{{ sep_token }}|{{ cls_token }}|"
        "{{ mask_token }}|{{ additional_special_tokens }}|{{ image_token }}|{{ messages|tojson }}|{{ tools }}|"
        "{{ documents }}|{{ add_generation_prompt }}|{{ switch }}")
USER = [{"role": "user", "content": "Hi"}]
TOOL = [{"type": "function", "function": {"name": "f", "parameters": {}}}]


def added(text):
    return {"__type": "AddedToken", "content": text, "lstrip": False, "rstrip": False, "normalized": False,
            "single_word": False, "special": True}


BASE = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|endoftext|>", "eos_token": "<|end|>",
        "added_tokens_decoder": {"0": {**added("<|endoftext|>")}}}
LIST = [{"name": "default", "template": "D" + SHOW}, {"name": "tool_use", "template": "T" + SHOW},
        {"name": "rag", "template": "R" + SHOW}]
RELEASES = [
    ({"tokenizer_config.json": {**BASE, "chat_template": SHOW}}, {}),
    ({"tokenizer_config.json": {**BASE, "chat_template": SHOW}}, {"tools": TOOL}),
    ({"tokenizer_config.json": {**BASE, "chat_template": SHOW}}, {"kwargs": {"switch": True, "bos_token": "B"}}),
    ({"tokenizer_config.json": {**BASE, "chat_template": SHOW}}, {"no_generation_prompt": True}),
    ({"tokenizer_config.json": {**BASE, "chat_template": LIST}}, {}),
    ({"tokenizer_config.json": {**BASE, "chat_template": LIST}}, {"tools": TOOL}),
    ({"tokenizer_config.json": {**BASE, "chat_template": LIST}}, {"tools": []}),
    ({"tokenizer_config.json": {**BASE, "chat_template": LIST}}, {"template": "rag"}),
    ({"tokenizer_config.json": {**BASE, "chat_template": LIST}}, {"template": "rag", "tools": TOOL}),
    ({"tokenizer_config.json": {**BASE, "chat_template": LIST}, "chat_template.jinja": "J" + SHOW}, {"tools": TOOL}),
    ({"tokenizer_config.json": {**BASE, "chat_template": "C"}, "chat_template.jinja": "J" + SHOW + "\n"}, {}),
    ({"tokenizer_config.json": BASE, "chat_template.jinja": "J" + SHOW,
      "additional_chat_templates/tool_use.jinja": "A" + SHOW}, {"tools": TOOL}),
    ({"tokenizer_config.json": BASE, "chat_template.jinja": "J" + SHOW,
      "additional_chat_templates/tool_use.jinja": "A" + SHOW}, {}),
    ({"tokenizer_config.json": {**BASE, "chat_template": SHOW},
      "additional_chat_templates/tool_use.jinja": "A" + SHOW}, {"tools": TOOL}),
    ({"tokenizer_config.json": {**BASE, "bos_token": added("<|user|>"), "unk_token": None,
                                "pad_token": added("<|endoftext|>"), "chat_template": SHOW,
                                "additional_special_tokens": ["<|user|>", added("<|system|>")]}}, {}),
    ({"tokenizer_config.json": {**BASE, "extra_special_tokens": {"image_token": "<|system|>"}, "chat_template": SHOW}}, {}),
    ({"tokenizer_config.json": {**BASE, "chat_template": SHOW},
      "special_tokens_map.json": {"bos_token": "<|user|>", "cls_token": "<|system|>"}}, {}),
    ({"tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|endoftext|>",
                                "eos_token": "<|end|>", "chat_template": SHOW},
      "special_tokens_map.json": {"bos_token": "<|user|>", "cls_token": added("<|system|>"),
                                  "additional_special_tokens": ["<|assistant|>"]}}, {}),
    ({"tokenizer_config.json": BASE, "chat_template.json": {"chat_template": "P" + SHOW}}, {}),
    ({"tokenizer_config.json": BASE, "processor_config.json": {"chat_template": "Q" + SHOW}}, {"tools": TOOL}),
    ({"tokenizer_config.json": BASE, "chat_template.json": {"chat_template": "P" + SHOW},
      "processor_config.json": {"chat_template": "Q"}}, {}),
    ({"tokenizer_config.json": {**BASE, "chat_template": SHOW}, "chat_template.json": {"chat_template": "P"}}, {}),
    ({"tokenizer_config.json": BASE, "chat_template.jinja": "J" + SHOW, "chat_template.json": {"chat_template": "P"}}, {}),
    ({"tokenizer_config.json": {"tokenizer_class": "Qwen2Tokenizer", "chat_template": SHOW, "added_tokens_decoder": {}}}, {}),
    ({"tokenizer_config.json": {"tokenizer_class": "LlamaTokenizerFast", "chat_template": SHOW, "pad_token": None,
                                "added_tokens_decoder": {}}}, {}),
    ({"tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", "bos_token": None, "chat_template": SHOW,
                                "added_tokens_decoder": {}}}, {}),
    ({"tokenizer_config.json": {"tokenizer_class": "CohereTokenizer", "chat_template": SHOW, "added_tokens_decoder": {}}}, {}),
    ({"tokenizer_config.json": {"tokenizer_class": "GPTNeoXTokenizer", "chat_template": SHOW, "added_tokens_decoder": {}}}, {}),
    ({"tokenizer_config.json": {"tokenizer_class": "BloomTokenizerFast", "chat_template": SHOW, "added_tokens_decoder": {}}}, {}),
    ({"tokenizer_config.json": {"tokenizer_class": "GemmaTokenizer", "chat_template": SHOW, "added_tokens_decoder": {}}}, {}),
]


def prompt_of(files, talk):
    with tempfile.TemporaryDirectory() as place:
        here = pathlib.Path(place)
        shutil.copy(FABLE, here)
        (here / "config.json").write_text('{"model_type": "llama"}')
        for name, content in files.items():
            (here / name).parent.mkdir(exist_ok=True)
            (here / name).write_text(content if isinstance(content, str) else json.dumps(content))
        t = transformers.AutoTokenizer.from_pretrained(place)
        if not t.chat_template:  # then that of a processor, which writes it through its tokenizer
            t.chat_template = transformers.ProcessorMixin.get_processor_dict(place)[0]["chat_template"]
        return t.apply_chat_template(
            USER, tools=talk.get("tools"), chat_template=talk.get("template"), tokenize=False,
            add_generation_prompt=not talk.get("no_generation_prompt", False), **talk.get("kwargs", {}))


FORMATS = {"chatml": "chatml", "llama2": "llama2-sys-bos", "llama3": "llama3", "mistral": "mistral-v3", "mistral-v7": "mistral-v7",
           "gemma": "gemma", "phi3": "phi3", "phi4": "phi4", "zephyr": "zephyr", "vicuna": "vicuna",
           "deepseek3": "deepseek3", "command-r": "command-r"}
TALKS = [
    [("user", "Hi there")],
    [("system", "Be brief."), ("user", "Hi")],
    [("user", "Hi"), ("assistant", "Hello."), ("user", "Bye")],
    [("system", "Be\nbrief."), ("user", "Hi"), ("assistant", "Hello."), ("user", "Bye {x}"), ("assistant", "B"), ("user", "?")],
]


def builtin(name, talk):
    chat = (llama_cpp.llama_chat_message * len(talk))(
        *[llama_cpp.llama_chat_message(role=r.encode(), content=c.encode()) for r, c in talk])
    out = ctypes.create_string_buffer(1 << 16)
    n = llama_cpp.llama_chat_apply_template(name.encode(), chat, len(talk), True, out, len(out))
    assert n >= 0, name
    return out.raw[:n].decode()


def write(name, value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace('],[', '],\n[').replace('},{"files', '},\n{"files')
    (GOLDEN / name).write_text(text + "\n")


write("chat_releases.json", {
    "made_by": f"transformers {transformers.__version__}",
    "cases": [{"files": {k: v if isinstance(v, str) else json.dumps(v) for k, v in files.items()}, "talk": talk,
               "prompt": prompt_of(files, talk)} for files, talk in RELEASES]})
write("chat_formats.json", {
    "made_by": f"llama-cpp-python {llama_cpp.__version__}",
    "cases": [{"format": ours, "messages": [{"role": r, "content": c} for r, c in talk], "prompt": builtin(theirs, talk)}
              for ours, theirs in FORMATS.items() for talk in TALKS]})
