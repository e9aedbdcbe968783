"""Hyena of order 2 from sections 3.2 and 3.3 of the paper, with convolutions as sums in time: no Fourier
transform. The waves and the window of the filter are those of the authors' published code."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class Filter(nn.Module):
    def __init__(self, steps, width, hidden, waves):
        super().__init__()
        self.first = nn.Linear(2 * waves + 1, hidden)
        self.second, self.third = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, width, bias=False)
        self.frequency = nn.Parameter(torch.empty(hidden))
        self.steps, self.waves, self.width = steps, waves, width

    def forward(self):
        double = {"dtype": torch.float64}
        time = torch.linspace(0, 1, self.steps, **double)
        bands = torch.linspace(1e-4, self.waves - 1, self.waves, **double)
        circle = 2 * math.pi * torch.arange(self.steps, **double) / self.steps
        turns = torch.exp(-1j * torch.outer(circle, bands))
        h = torch.cat([time[:, None], turns.real, turns.imag], 1)
        for layer in [self.first, self.second, self.third]:
            h = torch.sin(self.frequency * layer(h))
        fall = torch.linspace(math.log(1e-2) / 1.5, math.log(1e-2) / 0.3, self.width, **double)
        return self.last(h) * torch.exp(time[:, None] * fall)


class Operator(nn.Module):
    def __init__(self, steps, width, hidden, waves):
        super().__init__()
        self.input = nn.Linear(width, 3 * width)
        self.short = nn.Parameter(torch.empty(3 * width, 3))
        self.short_bias = nn.Parameter(torch.empty(3 * width))
        self.filter = Filter(steps, width, hidden, waves)
        self.share = nn.Parameter(torch.empty(width))
        self.out = nn.Linear(width, width)

    def forward(self, x):
        u = F.pad(self.input(x).transpose(1, 2), (2, 0))
        u = F.conv1d(u, self.short[:, None], self.short_bias, groups=len(self.short))
        x1, x2, v = u.transpose(1, 2).chunk(3, -1)
        v, k = x2 * v, self.filter()
        y = torch.stack([sum(k[s] * v[:, t - s] for s in range(t + 1)) for t in range(v.shape[1])], 1)
        return self.out(x1 * (y + self.share * v))


class Block(nn.Module):
    def __init__(self, steps, width, hidden, waves):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mixer = Operator(steps, width, hidden, waves)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x):
        x = x + self.mixer(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Hyena(nn.Module):
    def __init__(self, words, steps, width, hidden, waves, depth):
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.blocks = nn.Sequential(*[Block(steps, width, hidden, waves) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)

    def forward(self, ids):
        return self.norm(self.blocks(self.words(ids.long()))) @ self.words.weight.T


def check(here):
    with torch.device("meta"):
        here.parameters("hyena_125m", Hyena(50257, 2048, 768, 64, 16, 18))
    small = here.fill(Hyena(17, 12, 5, 4, 3, 2), [(r"norm(\d?)\.weight", r"norm\1.scale"), (r"words\.weight", "words.table")])
    here.expect("score", small)
