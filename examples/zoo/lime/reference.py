"""Parts of transformers' Llama, with keys and values mixed over blocks and heads by einsum."""

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import (
    LlamaMLP, LlamaRMSNorm, LlamaRotaryEmbedding, apply_rotary_pos_emb)


class Block(nn.Module):
    def __init__(self, config, place):
        super().__init__()
        self.config, wide = config, config.hidden_size
        head = wide // config.num_attention_heads
        self.norm1 = LlamaRMSNorm(wide, config.rms_norm_eps)
        self.query = nn.Linear(wide, wide, bias=False)
        self.key = nn.Linear(wide, config.num_key_value_heads * head, bias=False)
        self.value = nn.Linear(wide, config.num_key_value_heads * head, bias=False)
        self.output = nn.Linear(wide, wide, bias=False)
        self.norm2 = LlamaRMSNorm(wide, config.rms_norm_eps)
        self.mlp = LlamaMLP(config)
        # The first block has no other to read, and no router.
        heads = config.num_key_value_heads
        self.router = nn.Parameter(torch.empty(heads, place + 1, heads)) if place else None

    def heads(self, x, count):
        return x.unflatten(-1, (count, -1)).transpose(1, 2)

    def forward(self, x, cache, angles):
        config, n = self.config, self.norm1(x)
        cache.append((self.heads(self.key(n), config.num_key_value_heads),
                      self.heads(self.value(n), config.num_key_value_heads)))
        if self.router is None:
            k, v = cache[0]
        else:
            k, v = (torch.einsum("glm,lbmtd->bgtd", self.router, torch.stack(of)) for of in zip(*cache))
        q, k = apply_rotary_pos_emb(self.heads(self.query(n), config.num_attention_heads), k, *angles)
        o = scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + self.output(o.transpose(1, 2).flatten(2))
        return x + self.mlp(self.norm2(x))


class Lime(nn.Module):
    def __init__(self, **sizes):
        super().__init__()
        config = LlamaConfig(rms_norm_eps=1e-5, **sizes)
        self.words = nn.Embedding(config.vocab_size, config.hidden_size)
        self.blocks = nn.ModuleList(Block(config, place) for place in range(config.num_hidden_layers))
        self.norm = LlamaRMSNorm(config.hidden_size, config.rms_norm_eps)
        self.rotary = LlamaRotaryEmbedding(config)

    def forward(self, ids):
        x, cache = self.words(ids), []
        angles = self.rotary(x, torch.arange(ids.shape[1])[None])
        for block in self.blocks:
            x = block(x, cache, angles)
        return self.norm(x) @ self.words.weight.T


RENAME = [
    (r"^words\.weight", "words.table"),
    (r"norm(\d?)\.weight", r"norm\1.scale"),
    (r"_proj\.weight", ".weight"),
    (r"^blocks\.0\.", "first."),
] + [(rf"^blocks\.{i + 1}\.router", f"routers.{i}") for i in range(3)] + [
    (rf"^blocks\.{i + 1}\.", f"rest.{i}.") for i in range(3)]


def check(here):
    with torch.device("meta"):
        here.parameters("lime_1b", Lime(
            vocab_size=50257, hidden_size=2048, intermediate_size=8192, num_attention_heads=32,
            num_key_value_heads=32, num_hidden_layers=16))
    small = here.fill(Lime(
        vocab_size=19, hidden_size=24, intermediate_size=22, num_attention_heads=6, num_key_value_heads=2,
        num_hidden_layers=4, rope_parameters={"rope_type": "default", "rope_theta": 5000.0}), RENAME)
    here.expect("score", lambda ids: small(ids))
