"""MultiresNet from algorithm 1 of the paper with torch's convolutions, and torch's modules around it."""

import torch
from torch import nn
from torch.nn import functional as F


class Tree(nn.Module):
    def __init__(self, width, levels, window=2):
        super().__init__()
        self.low = nn.Parameter(torch.empty(width, window))
        self.high = nn.Parameter(torch.empty(width, window))
        self.weight = nn.Parameter(torch.empty(width, levels))
        self.rest = nn.Parameter(torch.empty(width))

    def forward(self, x):
        def filtered(x, filters, spread):
            before = F.pad(x, ((filters.shape[1] - 1) * spread, 0))
            return F.conv1d(before, filters[:, None], dilation=spread, groups=len(filters))

        y = 0
        for level in range(self.weight.shape[1]):
            y = y + self.weight[:, level, None] * filtered(x, self.high, 2**level)
            x = filtered(x, self.low, 2**level)
        return y + self.rest[:, None] * x


class Block(nn.Module):
    def __init__(self, width, levels):
        super().__init__()
        self.tree = Tree(width, levels)
        self.skip = nn.Parameter(torch.empty(width))
        self.mix = nn.Linear(width, 2 * width)
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        seen = self.tree(x.transpose(1, 2)).transpose(1, 2) + self.skip * x
        return self.norm(x + F.glu(self.mix(F.gelu(seen)), -1))


class MultiresNet(nn.Module):
    def __init__(self, channels, width, levels, depth, classes):
        super().__init__()
        self.input = nn.Linear(channels, width)
        self.blocks = nn.Sequential(*[Block(width, levels) for _ in range(depth)])
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        return self.head(self.blocks(self.input(x)).mean(1))


def check(here):
    with torch.device("meta"):
        here.parameters("sequential_cifar", MultiresNet(3, 256, 10, 10, 10))
    small = here.fill(MultiresNet(3, 5, 3, 2, 4), [(r"norm\.weight", "norm.scale")])
    here.expect("classify", small)
