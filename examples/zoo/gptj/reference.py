"""GPT-J of transformers."""

import torch
from transformers import GPTJConfig, GPTJForCausalLM


def check(here):
    with torch.device("meta"):
        here.parameters("gptj_6b", GPTJForCausalLM(GPTJConfig()))
    small = here.fill(GPTJForCausalLM(GPTJConfig(
        vocab_size=19, n_positions=11, n_embd=18, n_inner=22, n_head=3, rotary_dim=4, n_layer=2)))
    here.expect("score", lambda ids: small(input_ids=ids).logits)
