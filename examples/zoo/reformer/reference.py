"""Reformer of transformers, with rotations that are given in place of drawn ones."""

from unittest import mock

import torch
from transformers import ReformerConfig, ReformerModelWithLMHead

KINDS = ["local", "local", "lsh", "local"]

RENAME = [
    (r"^reformer\.embeddings\.word_embeddings\.weight", "words.table"),
    (r"^reformer\.embeddings\.position_embeddings\.weights\.0", "row"),
    (r"^reformer\.embeddings\.position_embeddings\.weights\.1", "column"),
    (r"^reformer\.encoder\.layer_norm\.", "norm."),
    (r"^reformer\.encoder\.layers\.", "blocks."),
    (r"\.attention\.layer_norm\.", ".norm1."),
    (r"\.attention\.self_attention\.", ".attn."),
    (r"\.query_key\.", ".query."),
    (r"\.attention\.output\.dense\.", ".output."),
    (r"\.feed_forward\.layer_norm\.", ".norm2."),
    (r"\.feed_forward\.dense\.dense\.", ".up."),
    (r"\.feed_forward\.output\.dense\.", ".down."),
    (r"norm(\d?)\.weight", r"norm\1.scale"),
    (r"^lm_head\.decoder\.", "head."),
    (r"^lm_head\.bias", "head.bias"),
]


def network(**sizes):
    return ReformerModelWithLMHead(ReformerConfig(
        is_decoder=True, axial_pos_embds=True, hash_seed=0, hidden_act="relu", use_cache=False, **sizes))


def check(here):
    with torch.device("meta"):
        large = network(
            vocab_size=258, hidden_size=1024, feed_forward_size=4096, num_attention_heads=8,
            attention_head_size=128, attn_layers=KINDS * 3, axial_pos_shape=(128, 512),
            axial_pos_embds_dim=(256, 768), max_position_embeddings=65536, num_buckets=512, num_hashes=4,
            local_attn_chunk_length=128, lsh_attn_chunk_length=256)
        # The head holds its bias twice.
        here.parameters("reformer_enwik8", sum(it.numel() for it in large.parameters()) - 258)

    def score(ids, rotation):
        rounds, half = rotation.shape[2:]
        small = here.fill(network(
            vocab_size=19, hidden_size=12, feed_forward_size=14, num_attention_heads=2, attention_head_size=5,
            attn_layers=KINDS, axial_pos_shape=(4, 6), axial_pos_embds_dim=(5, 7), max_position_embeddings=24,
            num_buckets=2 * half, num_hashes=rounds, local_attn_chunk_length=3, lsh_attn_chunk_length=4), RENAME)
        with mock.patch("torch.randn", lambda shape, **_: rotation.reshape(shape)):
            return small(input_ids=ids).logits

    here.expect("score", score)
