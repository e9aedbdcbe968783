"""The eight parts in torch: experts one by one, as in expert-choice routing's section 3.2."""

import torch
from torch import nn
from torch.nn.functional import gelu, scaled_dot_product_attention, silu
from transformers.models.t5.modeling_t5 import T5Attention


class Attention(nn.Module):
    def __init__(self, wide, heads, head):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(wide)
        self.query = nn.Linear(wide, heads * head, bias=False)
        self.key = nn.Linear(wide, heads * head, bias=False)
        self.value = nn.Linear(wide, heads * head, bias=False)
        self.bias = nn.Parameter(torch.empty(32, heads))
        self.output = nn.Linear(heads * head, wide, bias=False)

    def forward(self, x):
        n, steps = self.norm(x), torch.arange(x.shape[1])
        q, k, v = (f(n).unflatten(-1, (self.heads, -1)).transpose(1, 2) for f in (self.query, self.key, self.value))
        distance = steps - steps[:, None]
        run = T5Attention._relative_position_bucket(distance, bidirectional=False)
        bias = self.bias[run].permute(2, 0, 1).masked_fill(distance > 0, -torch.inf)
        return x + self.output(scaled_dot_product_attention(q, k, v, bias).transpose(1, 2).flatten(2))


class Experts(nn.Module):
    def __init__(self, wide, hidden, experts, capacity):
        super().__init__()
        self.capacity = capacity
        self.norm = nn.LayerNorm(wide)
        self.router = nn.Linear(wide, experts, bias=False)
        self.gate = nn.Parameter(torch.empty(experts, hidden, wide))
        self.up = nn.Parameter(torch.empty(experts, hidden, wide))
        self.down = nn.Parameter(torch.empty(experts, wide, hidden))

    def forward(self, x):
        out = x.clone()
        for place, n in enumerate(self.norm(x)):
            for likes, gate, up, down in zip(self.router(n).softmax(-1).T, self.gate, self.up, self.down):
                weights, taken = likes.topk(self.capacity)
                made = (silu(n[taken] @ gate.T) * (n[taken] @ up.T)) @ down.T
                out[place].index_add_(0, taken, weights[:, None] * made)
        return out


class Dense(nn.Module):
    def __init__(self, wide, hidden):
        super().__init__()
        self.norm = nn.LayerNorm(wide)
        self.gate = nn.Linear(wide, hidden, bias=False)
        self.up = nn.Linear(wide, hidden, bias=False)
        self.down = nn.Linear(hidden, wide, bias=False)

    def forward(self, x):
        n = self.norm(x)
        return x + self.down(gelu(self.gate(n)) * self.up(n))


class Brainformer(nn.Module):
    ORDER = ["attention1", "experts1", "dense1", "attention2", "experts2", "dense2", "experts3", "dense3"]

    def __init__(self, vocab, wide, hidden, expert, heads, head, experts, blocks, capacity):
        super().__init__()
        kinds = {"a": lambda: Attention(wide, heads, head), "d": lambda: Dense(wide, hidden),
                 "e": lambda: Experts(wide, expert, experts, capacity)}
        self.words = nn.Embedding(vocab, wide)
        self.blocks = nn.ModuleList(
            nn.ModuleDict({name: kinds[name[0]]() for name in self.ORDER}) for _ in range(blocks))
        self.norm = nn.LayerNorm(wide)

    def forward(self, ids):
        x = self.words(ids)
        for block in self.blocks:
            for name in self.ORDER:
                x = block[name](x)
        return self.norm(x) @ self.words.weight.T


RENAME = [
    (r"^words\.weight", "words.table"),
    (r"norm\.weight", "norm.scale"),
    (r"(attention\d)\.bias", r"\1.bias.weight"),
    (r"(experts\d)\.(router|gate|up|down)", r"\1.experts.\2"),
    (r"(dense\d)\.(gate|up|down)", r"\1.mlp.\2"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("brainformer_1", Brainformer(256000, 1024, 2048, 2048, 20, 64, 64, 3, 16))
    small = here.fill(Brainformer(19, 12, 14, 10, 3, 5, 4, 2, 3), RENAME)
    here.expect("score", lambda ids: small(ids))
