"""T5 of transformers."""

import torch
from transformers import T5Config, T5ForConditionalGeneration


def check(here):
    with torch.device("meta"):
        here.parameters("t5_small", T5ForConditionalGeneration(T5Config()))
    small = here.fill(T5ForConditionalGeneration(T5Config(
        vocab_size=23, d_model=10, d_ff=18, num_heads=3, d_kv=4, num_layers=2, num_decoder_layers=3,
        relative_attention_num_buckets=12)))

    def score(ids, there, target):
        return small(input_ids=ids, attention_mask=there, decoder_input_ids=target).logits

    here.expect("score", score)
