"""RWKV of transformers."""

import torch
from transformers import RwkvConfig, RwkvForCausalLM

RENAME = [
    (r"rwkv\.embeddings\.weight", "words.table"),
    (r"rwkv\.blocks\.0\.pre_ln", "first"),
    (r"rwkv\.ln_out", "last"),
    (r"rwkv\.blocks", "blocks"),
    (r"\.ln(\d)", r".norm\1"),
    (r"feed_forward", "feed"),
    (r"time_mix_receptance", "mix_r"), (r"time_mix_key", "mix_k"), (r"time_mix_value", "mix_v"),
    (r"time_decay", "decay_log"), (r"time_first", "bonus"),
    (r"(first|last|norm\d)\.weight", r"\1.scale"),
]


def model(**sizes):
    return RwkvForCausalLM(RwkvConfig(rescale_every=0, **sizes))


def check(here):
    with torch.device("meta"):
        here.parameters("rwkv_169m", model(vocab_size=50277, hidden_size=768, num_hidden_layers=12))
    small = here.fill(model(vocab_size=17, hidden_size=6, intermediate_size=10, num_hidden_layers=2), RENAME)
    here.expect("score", lambda ids: small(input_ids=ids.long(), use_cache=False).logits)
