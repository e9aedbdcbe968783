"""Llama of transformers."""

import torch
from transformers import LlamaConfig, LlamaForCausalLM


def check(here):
    with torch.device("meta"):
        here.parameters("llama3_8b", LlamaForCausalLM(LlamaConfig(
            vocab_size=128256, intermediate_size=14336, num_key_value_heads=8, rms_norm_eps=1e-5)))
        here.parameters("llama2_7b", LlamaForCausalLM(LlamaConfig()))
    small = here.fill(LlamaForCausalLM(LlamaConfig(
        vocab_size=19, hidden_size=24, intermediate_size=22, num_attention_heads=6,
        num_key_value_heads=2, num_hidden_layers=2, rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 5000.0})))
    here.expect("score", lambda ids: small(input_ids=ids).logits)
