/* Built-in chat formats, for releases that ship no template: each the form that a family of models
 * was trained on, as a Jinja text of heft's own. The beginning of text is the tokenizer's affair.
 *
 * Sources: the families' model cards; what each gives is tested against the formats of the same
 * names in llama.cpp. */
#include "text/chat.h"

/* None of these forms has a place for tools, or for what is no text. */
#define PLAIN(name)                                                                                \
    "{% if tools or documents %}{{ raise_exception('the format " name                              \
    " has no place for tools or documents') }}{% endif %}"                                         \
    "{% for m in messages %}{% if m.content is not string or m.role not in ['system', 'user', "    \
    "'assistant'] %}{{ raise_exception('the format " name                                          \
    " takes texts of system, user and assistant only') }}{% endif %}{% endfor %}"

/* A system text becomes part of the user's text behind it. */
#define SYSTEM_AHEAD                                                                               \
    "{% set ns = namespace(system='') %}{% for m in messages %}{% if m.role == 'system' %}"        \
    "{% set ns.system = ns.system ~ (m.content|trim) %}{% else %}"

static const struct {
    const char *name, *summary, *text;
} formats[] = {
    { "chatml", "<|im_start|>user ... <|im_end|>",
      PLAIN("chatml") "{% for m in messages %}{{ '<|im_start|>' ~ m.role ~ '\\n' ~ m.content ~ "
                      "'<|im_end|>\\n' }}{% endfor %}"
                      "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}" },
    { "llama2", "[INST] <<SYS>> ... [/INST]",
      PLAIN("llama2") "{% set ns = namespace(open=false, first=true) %}"
                      "{% for m in messages %}"
                      "{% if m.role == 'assistant' %}{{ m.content ~ '</s>' }}{% set ns.open = "
                      "false %}"
                      "{% else %}{% if not ns.open %}{{ '[INST] ' if ns.first else '<s>[INST] ' }}"
                      "{% set ns.open = true %}{% set ns.first = false %}{% endif %}"
                      "{% if m.role == 'system' %}{{ '<<SYS>>\\n' ~ m.content ~ "
                      "'\\n<</SYS>>\\n\\n' }}"
                      "{% else %}{{ m.content ~ ' [/INST]' }}{% endif %}{% endif %}{% endfor %}" },
    { "llama3", "<|start_header_id|>user<|end_header_id|> ... <|eot_id|>",
      PLAIN("llama3") "{% for m in messages %}{{ '<|start_header_id|>' ~ m.role ~ "
                      "'<|end_header_id|>\\n\\n' ~ (m.content|trim) ~ '<|eot_id|>' }}{% endfor %}"
                      "{% if add_generation_prompt %}"
                      "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}" },
    { "mistral", "[INST] ... [/INST] (the third of Mistral's tokenizers)",
      PLAIN("mistral") SYSTEM_AHEAD
      "{% if m.role == 'user' %}{{ '[INST] ' ~ (ns.system ~ '\\n\\n' if ns.system else '') ~ "
      "m.content "
      "~ '[/INST]' }}{% set ns.system = '' %}"
      "{% else %}{{ ' ' ~ (m.content|trim) ~ '</s>' }}{% endif %}{% endif %}{% endfor %}" },
    { "mistral-v7", "[SYSTEM_PROMPT] ... [/SYSTEM_PROMPT][INST] ... [/INST]",
      PLAIN("mistral-v7") "{% for m in messages %}"
                          "{% if m.role == 'system' %}"
                          "{{ '[SYSTEM_PROMPT] ' ~ m.content ~ '[/SYSTEM_PROMPT]' }}"
                          "{% elif m.role == 'user' %}{{ '[INST] ' ~ m.content ~ '[/INST]' }}"
                          "{% else %}{{ ' ' ~ m.content ~ '</s>' }}{% endif %}{% endfor %}" },
    { "gemma", "<start_of_turn>user ... <end_of_turn>",
      PLAIN("gemma") SYSTEM_AHEAD
      "{{ '<start_of_turn>' ~ ('model' if m.role == 'assistant' else 'user') ~ '\\n' }}"
      "{% if m.role == 'user' and ns.system %}{{ ns.system ~ '\\n\\n' }}{% set ns.system = '' %}"
      "{% endif %}{{ (m.content|trim) ~ '<end_of_turn>\\n' }}{% endif %}{% endfor %}"
      "{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}" },
    { "phi3", "<|user|> ... <|end|>",
      PLAIN("phi3") "{% for m in messages %}"
                    "{{ '<|' ~ m.role ~ '|>\\n' ~ m.content ~ '<|end|>\\n' }}{% endfor %}"
                    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}" },
    { "phi4", "<|im_start|>user<|im_sep|> ... <|im_end|>",
      PLAIN(
          "phi4") "{% for m in messages %}{{ '<|im_start|>' ~ m.role ~ '<|im_sep|>' ~ m.content ~ "
                  "'<|im_end|>' }}{% endfor %}"
                  "{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif "
                  "%}" },
    { "zephyr", "<|user|> ... <|endoftext|>",
      PLAIN("zephyr") "{% for m in messages %}"
                      "{{ '<|' ~ m.role ~ '|>\\n' ~ m.content ~ '<|endoftext|>\\n' }}{% endfor %}"
                      "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}" },
    { "vicuna", "USER: ... ASSISTANT: ...",
      PLAIN("vicuna") "{% for m in messages %}"
                      "{% if m.role == 'system' %}{{ m.content ~ '\\n\\n' }}"
                      "{% elif m.role == 'user' %}{{ 'USER: ' ~ m.content ~ '\\n' }}"
                      "{% else %}{{ 'ASSISTANT: ' ~ m.content ~ '</s>\\n' }}{% endif %}{% endfor %}"
                      "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}" },
    { "alpaca", "### Instruction: ... ### Response: ...",
      PLAIN(
          "alpaca") "{% for m in messages %}"
                    "{% if m.role == 'system' %}{{ m.content ~ '\\n\\n' }}"
                    "{% elif m.role == 'user' %}{{ '### Instruction:\\n' ~ m.content ~ '\\n\\n' }}"
                    "{% else %}{{ '### Response:\\n' ~ m.content ~ '</s>\\n\\n' }}{% endif %}"
                    "{% endfor %}"
                    "{% if add_generation_prompt %}{{ '### Response:\\n' }}{% endif %}" },
    { "deepseek3",
      "<\xef\xbd\x9cUser\xef\xbd\x9c> ... <\xef\xbd\x9c"
      "Assistant\xef\xbd\x9c>",
      PLAIN("deepseek3") "{% for m in messages %}"
                         "{% if m.role == 'system' %}{{ m.content ~ '\\n\\n' }}"
                         "{% elif m.role == 'user' %}"
                         "{{ '<\xef\xbd\x9cUser\xef\xbd\x9c>' ~ m.content }}"
                         "{% else %}{{ '<\xef\xbd\x9c"
                         "Assistant\xef\xbd\x9c>' ~ m.content ~ "
                         "'<\xef\xbd\x9c"
                         "end\xe2\x96\x81of\xe2\x96\x81sentence\xef\xbd\x9c>' }}"
                         "{% endif %}{% endfor %}{% if add_generation_prompt %}"
                         "{{ '<\xef\xbd\x9c"
                         "Assistant\xef\xbd\x9c>' }}{% endif %}" },
    { "command-r", "<|START_OF_TURN_TOKEN|><|USER_TOKEN|> ... <|END_OF_TURN_TOKEN|>",
      PLAIN(
          "command-r") "{% for m in messages %}"
                       "{{ '<|START_OF_TURN_TOKEN|><|' ~ ('CHATBOT' if m.role == 'assistant' else "
                       "'SYSTEM' if m.role == 'system' else 'USER') ~ '_TOKEN|>' ~ "
                       "(m.content|trim) "
                       "~ '<|END_OF_TURN_TOKEN|>' }}{% endfor %}{% if add_generation_prompt %}"
                       "{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' }}{% endif %}" },
};

const char *heft_chat_format(int32_t i, const char **summary, const char **text)
{
    if (i < 0 || (size_t)i >= sizeof formats / sizeof *formats) return NULL;
    if (summary) *summary = formats[i].summary;
    if (text) *text = formats[i].text;
    return formats[i].name;
}
