"""LTG-BERT's layers in torch, each reading a mean of the outputs before it (equation 1)."""

import math

import torch
from torch import nn
from torch.nn.functional import gelu, layer_norm


def plain_norm(x):
    return layer_norm(x, x.shape[-1:], eps=1e-7)


def run(distance, near, far):
    """The place of a distance among `2 * near - 1`, by the definition in DeBERTa's section 3.1."""
    half, size = near // 2, abs(distance)
    if size > half:
        size = half + math.ceil(math.log(size / half) / math.log((far - 1) / half) * (half - 1))
    return near - 1 + int(math.copysign(size, distance))


class Layer(nn.Module):
    def __init__(self, wide, hidden, heads, before):
        super().__init__()
        self.heads = heads
        self.qk = nn.Linear(wide, 2 * wide)
        self.value = nn.Linear(wide, wide)
        self.output = nn.Linear(wide, wide)
        self.norm = nn.LayerNorm(wide, eps=1e-7)
        self.up = nn.Linear(wide, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, wide, bias=False)
        self.alpha = nn.Parameter(torch.empty(before))

    def forward(self, states, far, places, there):
        x = torch.einsum("j,jbtd->btd", self.alpha.softmax(0), torch.stack(states))
        n = plain_norm(x)
        split = lambda y: y.unflatten(-1, (self.heads, -1)).transpose(-3, -2)  # noqa: E731
        q, k = map(split, self.qk(n).chunk(2, -1))
        fq, fk = (split(y)[:, places] for y in self.qk(far).chunk(2, -1))
        scores = (q @ k.mT + torch.einsum("bntd,ntjd->bntj", q, fk) + torch.einsum("bnjd,ntjd->bntj", k, fq))
        scores = scores / math.sqrt(3 * q.shape[-1])
        p = scores.masked_fill(~there[:, None, None], -torch.inf).softmax(-1)
        h = self.norm(self.output((p @ split(self.value(n))).transpose(1, 2).flatten(2)))
        a, gate = self.up(plain_norm(h)).chunk(2, -1)
        return h + self.down(plain_norm(a * gelu(gate, approximate="tanh")))


class ElcBert(nn.Module):
    def __init__(self, vocab, far, wide, hidden, heads, layers, near=32):
        super().__init__()
        self.near, self.far = near, far
        self.words = nn.Embedding(vocab, wide)
        self.distances = nn.Parameter(torch.empty(2 * near - 1, wide))
        self.far_norm = nn.LayerNorm(wide, eps=1e-7)
        self.blocks = nn.ModuleList(Layer(wide, hidden, heads, i + 1) for i in range(layers))
        self.dense = nn.Linear(wide, wide)
        self.bias = nn.Parameter(torch.empty(vocab))

    def forward(self, ids, there):
        steps = range(ids.shape[1])
        places = torch.tensor([[run(i - j, self.near, self.far) for j in steps] for i in steps])
        states = [plain_norm(self.words(ids))]
        for block in self.blocks:
            states.append(block(states, self.far_norm(self.distances), places, there))
        h = plain_norm(gelu(self.dense(plain_norm(states[-1]))))
        return h @ self.words.weight.T + self.bias


RENAME = [
    (r"^words\.weight", "words.table"),
    (r"norm\.weight", "norm.scale"),
    (r"^blocks\.(\d+)\.alpha", r"weights.\1"),
    (r"^blocks\.(\d+)\.(qk|value|output|norm)\.", r"blocks.\1.attn.\2."),
]


def check(here):
    with torch.device("meta"):
        here.parameters("elc_bert_base", ElcBert(16384, 512, 768, 2048, 12, 12))
    small = here.fill(ElcBert(19, 23, 12, 14, 3, 4, near=6), RENAME)
    here.expect("score", lambda ids, there: small(ids, there.bool()))
