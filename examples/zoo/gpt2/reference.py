"""GPT-2 of transformers."""

import torch
from transformers import GPT2Config, GPT2Model


def check(here):
    with torch.device("meta"):
        here.parameters("gpt2", GPT2Model(GPT2Config()))
    small = here.fill(GPT2Model(GPT2Config(vocab_size=19, n_positions=11, n_embd=12, n_head=3, n_layer=2)))

    def score(ids):
        return small(input_ids=ids).last_hidden_state @ small.wte.weight.T

    here.expect("score", score)
