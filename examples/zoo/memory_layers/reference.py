"""A Llama in torch whose memories score every pair of keys, without product keys' short cut."""

import torch
from torch import nn
from torch.nn.functional import embedding_bag, scaled_dot_product_attention, silu


class Memory(nn.Module):
    def __init__(self, wide, half, side, heads, chosen):
        super().__init__()
        self.chosen, self.heads = chosen, heads
        self.query = nn.Linear(wide, heads * 2 * half)
        self.query_norm = nn.RMSNorm(half, 1e-6)
        self.keys = nn.Parameter(torch.empty(heads, 2, side, half))
        self.key_norm = nn.RMSNorm(half, 1e-6)
        self.gate = nn.Linear(wide, wide, bias=False)
        self.output = nn.Linear(wide, wide, bias=False)

    def forward(self, x, values):
        q = self.query_norm(self.query(x).unflatten(-1, (self.heads, 2, -1)))
        scores = torch.einsum("bthri,hrsi->rbths", q, self.key_norm(self.keys)) / q.shape[-1] ** 0.5
        every = (scores[0][..., :, None] + scores[1][..., None, :]).flatten(-2)
        best, place = every.topk(self.chosen)
        bags = place.flatten(0, 1).flatten(1), best.softmax(-1).flatten(0, 1).flatten(1)
        y = embedding_bag(bags[0], values.flatten(0, 1), per_sample_weights=bags[1], mode="sum").view_as(x)
        return self.output(y * silu(self.gate(x)))


class Mlp(nn.Module):
    def __init__(self, wide, hidden):
        super().__init__()
        self.gate = nn.Linear(wide, hidden, bias=False)
        self.up = nn.Linear(wide, hidden, bias=False)
        self.down = nn.Linear(hidden, wide, bias=False)

    def forward(self, x, values):
        return self.down(silu(self.gate(x)) * self.up(x))


class Attention(nn.Module):
    def __init__(self, wide, heads):
        super().__init__()
        self.heads = heads
        for name in ("query", "key", "value", "output"):
            setattr(self, name, nn.Linear(wide, wide, bias=False))

    def rotated(self, x):
        pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
        steps = torch.arange(x.shape[2], dtype=x.dtype)[:, None]
        rates = 10000.0 ** (-torch.arange(pairs.shape[-1], dtype=x.dtype) / pairs.shape[-1])
        return torch.view_as_real(pairs * torch.exp(1j * steps * rates)).flatten(-2)

    def forward(self, x):
        q, k, v = (f(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for f in (self.query, self.key, self.value))
        o = scaled_dot_product_attention(self.rotated(q), self.rotated(k), v, is_causal=True)
        return self.output(o.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, wide, heads, name, mlp):
        super().__init__()
        self.name = name
        self.norm1 = nn.RMSNorm(wide, 1e-5)
        self.attn = Attention(wide, heads)
        self.norm2 = nn.RMSNorm(wide, 1e-5)
        setattr(self, name, mlp)

    def forward(self, x, values):
        x = x + self.attn(self.norm1(x))
        return x + getattr(self, self.name)(self.norm2(x), values)


class MemoryTransformer(nn.Module):
    def __init__(self, vocab, wide, hidden, heads, half, side, memory_heads, before, behind, stages, chosen=32):
        super().__init__()
        self.words = nn.Embedding(vocab, wide)
        self.values = nn.Parameter(torch.empty(side, side, wide))
        plain = lambda: Block(wide, heads, "mlp", Mlp(wide, hidden))  # noqa: E731
        self.stages = nn.ModuleList(nn.ModuleDict({
            "before": nn.ModuleList(plain() for _ in range(before)),
            "middle": Block(wide, heads, "memory", Memory(wide, half, side, memory_heads, chosen)),
            "behind": nn.ModuleList(plain() for _ in range(behind)),
        }) for _ in range(stages))
        self.norm = nn.RMSNorm(wide, 1e-5)
        self.head = nn.Linear(wide, vocab, bias=False)

    def forward(self, ids):
        x = self.words(ids)
        for stage in self.stages:
            for block in [*stage["before"], stage["middle"], *stage["behind"]]:
                x = block(x, self.values)
        return self.head(self.norm(x))


RENAME = [(r"^words\.weight", "words.table"), (r"(norm\w*)\.weight", r"\1.scale")]


def check(here):
    with torch.device("meta"):
        here.parameters("memory_1b", MemoryTransformer(32000, 2048, 5632, 16, 256, 1024, 4, 4, 3, 3))
    small = here.fill(MemoryTransformer(19, 12, 18, 3, 5, 6, 2, 1, 1, 2, chosen=3), RENAME)
    here.expect("score", lambda ids: small(ids))
