"""Equations 1 to 6 in torch. Both branches see all tokens, and masks and zeros undo what routing saves."""

import torch
from torch import nn
from torch.nn.functional import gelu
from transformers.models.t5.modeling_t5 import T5Attention


def linear(wide, out):
    return nn.Linear(wide, out, bias=False)


def shares(s, k, steps=50):
    """The dual ascent of appendix A, with an entropy of weight 1."""
    a, c = torch.zeros(len(s), 1, dtype=s.dtype), -s
    for _ in range(steps):
        a = torch.log(torch.tensor(k)) - (s + c).logsumexp(1, keepdim=True)
        c = -torch.relu(s + a)
    return torch.exp(s + a + c)


def distances(table, rows, columns, both):
    distance = torch.arange(columns) - torch.arange(rows)[:, None]
    return distance, table[T5Attention._relative_position_bucket(distance, bidirectional=both)].permute(2, 0, 1)


class Router(nn.Module):
    def __init__(self, wide, count):
        super().__init__()
        self.count = count
        self.direction = nn.Parameter(torch.empty(wide))

    def forward(self, x):
        """Shares of all tokens, and which of them are picked."""
        share = shares(x @ self.direction, 1.125 * self.count)
        return share[..., None], torch.zeros_like(share).scatter(1, share.topk(self.count).indices, 1.0).bool()


class Attention(nn.Module):
    def __init__(self, wide, head, heads, shared=False):
        super().__init__()
        self.head, keys = head, head if shared else heads * head
        self.query, self.output = linear(wide, heads * head), linear(heads * head, wide)
        self.key, self.value = linear(wide, keys), linear(wide, keys)

    def forward(self, x, to, extra):
        q, k, v = (y.unflatten(-1, (-1, self.head)).transpose(1, 2)
                   for y in (self.query(x), self.key(to), self.value(to)))
        return self.output(((q @ k.mT + extra).softmax(-1) @ v).transpose(1, 2).flatten(2))


class Gated(nn.Module):
    def __init__(self, wide, hidden):
        super().__init__()
        self.gate, self.up, self.down = linear(wide, hidden), linear(wide, hidden), linear(hidden, wide)

    def forward(self, x):
        return self.down(gelu(self.gate(x), approximate="tanh") * self.up(x))


class Block(nn.Module):
    def __init__(self, wide, head, light, heavy, heads, heavy_heads, queries, keys):
        super().__init__()
        self.norm1, self.norm2 = nn.RMSNorm(wide, 1e-6), nn.RMSNorm(wide, 1e-6)
        self.light, self.heavy = Attention(wide, head, heads), Attention(wide, head, heavy_heads)
        self.ask, self.see, self.route = Router(wide, queries), Router(wide, keys), Router(wide, queries)
        self.light_mlp, self.heavy_mlp = Gated(wide, light), Gated(wide, heavy)

    def forward(self, x, near):
        n = self.norm1(x)
        (asking, who), (seeing, whom) = self.ask(n), self.see(n)
        unseen = torch.zeros(whom.shape, dtype=x.dtype).masked_fill(~whom, -torch.inf)[:, None, None]
        x = x + self.light(n, n, near) + asking * who[..., None] * self.heavy(n, seeing * n, unseen)
        n = self.norm2(x)
        share, picked = self.route(n)
        return x + self.light_mlp(n) + share * picked[..., None] * self.heavy_mlp(n)


class Writer(nn.Module):
    def __init__(self, wide, head, hidden, heads):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.RMSNorm(wide, 1e-6) for _ in range(3))
        self.own, self.read = Attention(wide, head, heads), Attention(wide, head, heads, shared=True)
        self.mlp = Gated(wide, hidden)

    def forward(self, x, memory, before):
        n = self.norm1(x)
        x = x + self.own(n, n, before)
        x = x + self.read(self.norm2(x), memory, 0.0)
        return x + self.mlp(self.norm3(x))


class Colt5(nn.Module):
    def __init__(self, vocab, queries, keys, wide, head, light, heavy, heads, heavy_heads, layers, reach):
        super().__init__()
        every, self.reach = heads + heavy_heads, reach
        self.words = nn.Embedding(vocab, wide)
        self.read_bias = nn.Parameter(torch.empty(32, heads))
        self.reader = nn.ModuleList(
            Block(wide, head, light, heavy, heads, heavy_heads, queries, keys) for _ in range(layers))
        self.read_norm = nn.RMSNorm(wide, 1e-6)
        self.write_bias = nn.Parameter(torch.empty(32, every))
        self.writer = nn.ModuleList(Writer(wide, head, 2 * light, every) for _ in range(layers))
        self.write_norm = nn.RMSNorm(wide, 1e-6)
        self.head = linear(wide, vocab)

    def forward(self, ids, target):
        x = self.words(ids)
        distance, near = distances(self.read_bias, ids.shape[1], ids.shape[1], True)
        near = near.masked_fill(distance.abs() > self.reach, -torch.inf)
        for block in self.reader:
            x = block(x, near)
        memory, x = self.read_norm(x), self.words(target)
        distance, before = distances(self.write_bias, target.shape[1], target.shape[1], False)
        before = before.masked_fill(distance > 0, -torch.inf)
        for block in self.writer:
            x = block(x, memory, before)
        return self.head(self.write_norm(x))


RENAME = [
    (r"^words\.weight", "words.table"),
    (r"norm(\d?)\.weight", r"norm\1.scale"),
    (r"_bias$", "_bias.weight"),
    (r"\.(ask|see)\.", r".heavy.\1."),
    (r"\.own\.", "."),
    (r"\.read\.", ".read_"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("colt5_base", Colt5(32128, 1024, 2048, 768, 64, 1024, 8192, 3, 9, 12, 127))
    small = here.fill(Colt5(23, 3, 6, 12, 5, 7, 18, 2, 3, 2, 3), RENAME)
    here.expect("score", lambda ids, target: small(ids, target))
