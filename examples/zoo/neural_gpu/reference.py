"""The convolutional gated recurrent unit of section 2 of the paper with torch's convolutions."""

import torch
from torch import nn


class Cgru(nn.Module):
    def __init__(self, maps):
        super().__init__()
        self.update, self.reset, self.new = (nn.Conv2d(maps, maps, 3, padding=1) for _ in range(3))

    def forward(self, s):
        u, r = torch.sigmoid(self.update(s)), torch.sigmoid(self.reset(s))
        return u * s + (1 - u) * torch.tanh(self.new(r * s))


class NeuralGpu(nn.Module):
    def __init__(self, symbols, maps, layers, width):
        super().__init__()
        self.symbols = nn.Embedding(symbols, maps)
        self.layers = nn.Sequential(*[Cgru(maps) for _ in range(layers)])
        self.output = nn.Linear(maps, symbols)
        self.width = width

    def forward(self, ids):
        first = self.symbols(ids.long()).transpose(1, 2)
        s = torch.stack([first] + [torch.zeros_like(first)] * (self.width - 1), -1)
        for _ in range(ids.shape[1]):
            s = self.layers(s)
        return self.output(s[..., 0].transpose(1, 2))


def check(here):
    with torch.device("meta"):
        here.parameters("arithmetic", NeuralGpu(5, 24, 2, 4))
    here.expect("compute", here.fill(NeuralGpu(6, 5, 2, 3), [(r"symbols\.weight", "symbols.table")]))
