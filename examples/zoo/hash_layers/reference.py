"""GPT-2's order of things in torch, with the paper's equations 1 to 3 word by word."""

import torch
from torch import nn


class Mlp(nn.Module):
    def __init__(self, wide, hidden):
        super().__init__()
        self.up = nn.Linear(wide, hidden)
        self.down = nn.Linear(hidden, wide)

    def forward(self, x, ids):
        return self.down(self.up(x).relu())


class HashMlp(nn.Module):
    def __init__(self, wide, hidden, experts, hashes):
        super().__init__()
        self.experts = experts
        self.up = nn.Parameter(torch.empty(experts, hashes, hidden // hashes, wide))
        self.up_bias = nn.Parameter(torch.empty(experts, hashes, hidden // hashes))
        self.down = nn.Parameter(torch.empty(experts, hashes, wide // hashes, hidden))
        self.down_bias = nn.Parameter(torch.empty(experts, hashes, wide // hashes))

    def word(self, x, token):
        hashes = range(self.up.shape[1])
        chosen = [((7919 * (m + 1) * token + 104729 * m) % 50261) % self.experts for m in hashes]
        v = torch.cat([self.up[k, m] @ x + self.up_bias[k, m] for m, k in enumerate(chosen)]).relu()
        return torch.cat([self.down[k, m] @ v + self.down_bias[k, m] for m, k in enumerate(chosen)])

    def forward(self, x, ids):
        return torch.stack([torch.stack([self.word(*it) for it in zip(*row)]) for row in zip(x, ids.tolist())])


class Block(nn.Module):
    def __init__(self, wide, heads, mlp):
        super().__init__()
        self.norm1 = nn.LayerNorm(wide)
        self.attn = nn.MultiheadAttention(wide, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(wide)
        self.mlp = mlp

    def forward(self, x, ids):
        n = self.norm1(x)
        later = torch.ones(x.shape[1], x.shape[1], dtype=bool).triu(1)
        x = x + self.attn(n, n, n, attn_mask=later, need_weights=False)[0]
        return x + self.mlp(self.norm2(x), ids)


class HashTransformer(nn.Module):
    def __init__(self, vocab, places, wide, hidden, heads, experts, hashes, between, stages):
        super().__init__()
        self.words = nn.Embedding(vocab, wide)
        self.positions = nn.Parameter(torch.empty(places, wide))
        self.blocks = nn.ModuleList()
        for _ in range(stages):
            self.blocks.extend(Block(wide, heads, Mlp(wide, hidden)) for _ in range(between))
            self.blocks.append(Block(wide, heads, HashMlp(wide, hidden, experts, hashes)))
        self.norm = nn.LayerNorm(wide)

    def forward(self, ids):
        x = self.words(ids) + self.positions[:ids.shape[1]]
        for block in self.blocks:
            x = block(x, ids)
        return self.norm(x) @ self.words.weight.T


RENAME = [
    (r"^words\.weight", "words.table"),
    (r"norm(\d?)\.weight", r"norm\1.scale"),
    (r"^blocks\.0\.", "stages.0.blocks.0."),
    (r"^blocks\.1\.", "stages.0.last."),
    (r"^blocks\.2\.", "stages.1.blocks.0."),
    (r"^blocks\.3\.", "stages.1.last."),
]


def check(here):
    with torch.device("meta"):
        here.parameters("hash_3x32", HashTransformer(50257, 1024, 2048, 8192, 32, 32, 1, 7, 3))
        here.parameters("multihash_3x32", HashTransformer(50257, 1024, 2048, 8192, 32, 32, 4, 7, 3))
    small = here.fill(HashTransformer(19, 11, 12, 18, 3, 5, 3, 1, 2), RENAME)
    here.expect("score", lambda ids: small(ids))
