"""Blocks of transformers' GPT-2 with equation 1 of the paper between them."""

import torch
from torch import nn
from transformers import GPT2Config, GPT2Model

RENAME = [
    (r"^gpt\.wte\.weight", "words.table"),
    (r"^gpt\.wpe\.weight", "positions"),
    (r"^gpt\.ln_f\.", "norm."),
    (r"^gpt\.h\.", "blocks."),
    (r"\.ln_(\d)\.", r".norm\1."),
    (r"norm(\d?)\.weight", r"norm\1.scale"),
    # GPT-2's maps are stored as [in, out].
    (r"attn\.c_attn\.weight", "attn.qkv.weight", (1, 0)),
    (r"attn\.c_proj\.weight", "attn.output.weight", (1, 0)),
    (r"mlp\.c_fc\.weight", "up.weight", (1, 0)),
    (r"mlp\.c_proj\.weight", "down.weight", (1, 0)),
    (r"attn\.c_attn\.", "attn.qkv."),
    (r"attn\.c_proj\.", "attn.output."),
    (r"mlp\.c_fc\.", "up."),
    (r"mlp\.c_proj\.", "down."),
]


class DenseFormer(nn.Module):
    def __init__(self, **sizes):
        super().__init__()
        self.gpt = GPT2Model(GPT2Config(bos_token_id=0, eos_token_id=0, **sizes))
        self.weights = nn.ParameterList(torch.zeros(i + 2) for i in range(len(self.gpt.h)))

    def forward(self, ids):
        y = self.gpt.wte(ids) + self.gpt.wpe.weight[:ids.shape[1]]
        so_far = [y]
        # Added to the scores: a block alone does not know that what comes later is not seen.
        mask = torch.full((1, 1, ids.shape[1], ids.shape[1]), -torch.inf, dtype=y.dtype).triu(1)
        for block, weights in zip(self.gpt.h, self.weights):
            y = block(y, attention_mask=mask)
            so_far.append(y[0] if isinstance(y, tuple) else y)
            y = sum(weight * x for weight, x in zip(weights, so_far))
        return self.gpt.ln_f(y) @ self.gpt.wte.weight.T


def check(here):
    with torch.device("meta"):
        here.parameters("denseformer_48", DenseFormer(n_layer=48))
    small = here.fill(DenseFormer(vocab_size=19, n_positions=11, n_embd=12, n_head=3, n_layer=4), RENAME)
    here.expect("score", lambda ids: small(ids))
