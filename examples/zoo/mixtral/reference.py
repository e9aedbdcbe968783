"""Mixtral of transformers."""

import torch
from transformers import MixtralConfig, MixtralForCausalLM


def check(here):
    with torch.device("meta"):
        here.parameters("mixtral_8x7b", MixtralForCausalLM(MixtralConfig()))
    small = here.fill(MixtralForCausalLM(MixtralConfig(
        vocab_size=19, hidden_size=24, intermediate_size=11, num_attention_heads=6,
        num_key_value_heads=2, num_hidden_layers=2, num_local_experts=5, num_experts_per_tok=2,
        rms_norm_eps=1e-5, sliding_window=None, experts_implementation="eager",
        rope_parameters={"rope_type": "default", "rope_theta": 5000.0})))
    here.expect("score", lambda ids: small(input_ids=ids.long()).logits)
