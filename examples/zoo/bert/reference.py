"""BERT of transformers."""

import torch
from transformers import BertConfig, BertModel


def check(here):
    with torch.device("meta"):
        here.parameters("bert_base", BertModel(BertConfig()))
    small = here.fill(BertModel(BertConfig(
        vocab_size=19, max_position_embeddings=11, type_vocab_size=2, hidden_size=12,
        intermediate_size=22, num_attention_heads=3, num_hidden_layers=2)))

    def read(ids, segment, there):
        return small(input_ids=ids, token_type_ids=segment, attention_mask=there)

    here.expect("encode", lambda **inputs: read(**inputs).last_hidden_state)
    here.expect("pooled", lambda **inputs: read(**inputs).pooler_output)
