"""Mamba of transformers."""

import torch
from transformers import MambaConfig, MambaForCausalLM


def check(here):
    with torch.device("meta"):
        here.parameters("mamba_130m", MambaForCausalLM(MambaConfig(
            vocab_size=50280, hidden_size=768, state_size=16, num_hidden_layers=24)))
    small = here.fill(MambaForCausalLM(MambaConfig(
        vocab_size=17, hidden_size=6, state_size=3, num_hidden_layers=2, time_step_rank=5)))
    here.expect("score", lambda ids: small(input_ids=ids.long(), use_cache=False).logits)
