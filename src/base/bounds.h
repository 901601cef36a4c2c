/* Every bound on what a file, a peer or a client can number (DESIGN law 6), in one place.
 * A bound is far above every real release and far below what would hurt. */
#ifndef HEFT_BASE_BOUNDS_H
#define HEFT_BASE_BOUNDS_H

enum {
    /* files */
    HEFT_MAX_RANK = 8,          /* dimensions of a tensor */
    HEFT_MAX_TENSORS = 1 << 20, /* in one model */
    HEFT_MAX_KV = 1 << 16,      /* metadata entries of a GGUF file */
    HEFT_MAX_NAME = 65535,      /* bytes of a key or tensor name */
    HEFT_MAX_SHARDS = 4096,     /* files of one model */
    HEFT_MAX_JSON_DEPTH = 64,
    HEFT_MAX_VALUES = 1 << 22,            /* in one tree of values */
    HEFT_MAX_ALIGNMENT = 1 << 20,         /* general.alignment of a GGUF file */
    HEFT_MAX_CONFIG_BYTES = 64 << 20,     /* config.json, generation_config.json, the index */
    HEFT_MAX_HEADER_BYTES = 100 << 20,    /* a safetensors header (the format's own limit) */
    HEFT_MAX_QUANT_STATE_BYTES = 1 << 16, /* JSON beside a weight of bitsandbytes */
    HEFT_MAX_TOKENIZER_BYTES = 512 << 20,
    HEFT_MAX_ARRAY_IN_TREE = 1 << 12, /* elements of a metadata array kept as values */

    /* models */
    HEFT_MAX_LAYERS = 4096,
    HEFT_MAX_DRAFTS = 16,     /* layers behind the last that predict further tokens */
    HEFT_MAX_WIDTH = 1 << 20, /* hidden, feed-forward, heads x head width */
    HEFT_MAX_HEADS = 4096,
    HEFT_MAX_HEAD_WIDTH = 8192,
    HEFT_MAX_EXPERTS = 4096,
    HEFT_MAX_STREAMS = 16,  /* of the residual */
    HEFT_MAX_ROUNDS = 1024, /* that balance what streams are mixed by */
    HEFT_MAX_BLOCK = 4096,  /* tokens of an entry of several */
    HEFT_MAX_CHOSEN = 64,   /* experts of one row */
    HEFT_MAX_TAPS = 16,     /* tokens that a convolution sees */
    HEFT_MAX_VOCAB = 1 << 23,
    HEFT_MAX_CONTEXT = 1 << 27, /* positions */
    HEFT_MAX_TOKEN_BYTES = 1 << 20,
    HEFT_MAX_TEXT_BYTES = 1 << 30, /* tokenized at once */

    /* chat templates */
    HEFT_MAX_TEMPLATES = 64,            /* of one release */
    HEFT_MAX_TEMPLATE_BYTES = 4 << 20,  /* of source */
    HEFT_MAX_TEMPLATE_NESTING = 250,    /* of statements and expressions as written */
    HEFT_MAX_TEMPLATE_DEPTH = 1500,     /* of evaluation: nesting times calls of macros */
    HEFT_MAX_TEMPLATE_STEPS = 1 << 26,  /* of one rendering; 32 bytes copied are a step too */
    HEFT_MAX_TEMPLATE_MEMORY = 1 << 29, /* bytes of one rendering */
    HEFT_MAX_TEMPLATE_RANGE = 100000,   /* numbers of one range() (the reference's own limit) */

    /* running */
    HEFT_MAX_THREADS = 256,
    HEFT_MAX_SEQUENCES = 4096,
    HEFT_MAX_BATCH = 1 << 16,
    HEFT_MAX_STOPS = 64,
    HEFT_MAX_STOP_BYTES = 4096,
};

#endif
