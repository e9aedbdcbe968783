"""GPT-BigCode of transformers."""

import torch
from transformers import GPTBigCodeConfig, GPTBigCodeForCausalLM


def check(here):
    with torch.device("meta"):
        here.parameters("starcoderbase_1b", GPTBigCodeForCausalLM(GPTBigCodeConfig(
            vocab_size=49152, n_positions=8192, n_embd=2048, n_head=16, n_layer=24)))
    small = here.fill(GPTBigCodeForCausalLM(GPTBigCodeConfig(
        vocab_size=19, n_positions=13, n_embd=12, n_head=3, n_layer=2)))
    before = []

    def score(ids):
        return small(input_ids=ids).logits

    def step(ids, **_):
        before.append(ids)
        return score(torch.cat(before, dim=1))[:, -ids.shape[1]:]

    here.expect("score", score)
    here.expect("step", step)
