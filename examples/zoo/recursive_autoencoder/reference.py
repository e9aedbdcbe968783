"""The encoder and the decoder of section 3 of the paper with torch's convolutions, unrolled for a length."""

import torch
from torch import nn
from torch.nn import functional as F


def conv(features, out):
    return nn.Conv1d(features, out, 3, padding=1)


class Pairs(nn.Module):
    def __init__(self, layers, count):
        super().__init__()
        self.first = nn.ModuleList([layers() for _ in range(count)])
        self.second = nn.ModuleList([layers() for _ in range(count)])

    def forward(self, x):
        for first, second in zip(self.first, self.second):
            x = x + torch.relu(second(torch.relu(first(x))))
        return x


class Grow(nn.Module):
    def __init__(self, width, pairs):
        super().__init__()
        self.wide = conv(width, 2 * width)
        self.next = conv(width, width)
        self.rest = Pairs(lambda: conv(width, width), pairs)

    def forward(self, x):
        y = self.wide(x).unflatten(1, (-1, 2)).transpose(2, 3).flatten(2)
        return self.rest(torch.relu(self.next(torch.relu(y))))


class Autoencoder(nn.Module):
    def __init__(self, width, pairs):
        super().__init__()
        for name in ["prefix", "shrink", "postfix"]:
            setattr(self, name, Pairs(lambda: conv(width, width), pairs + 1))
        for name in ["encoded", "decoded"]:
            setattr(self, name, Pairs(lambda: nn.Linear(4 * width, 4 * width), pairs + 1))
        self.grow = Grow(width, pairs)
        self.head = conv(width, width)
        self.width = width

    def code(self, text):
        x = self.prefix(F.one_hot(text.long(), self.width).transpose(1, 2).to(self.head.weight.dtype))
        while x.shape[2] > 4:
            x = F.max_pool1d(self.shrink(x), 2)
        return self.encoded(x.flatten(1))

    def forward(self, text):
        x = self.decoded(self.code(text)).unflatten(1, (-1, 4))
        while x.shape[2] < text.shape[1]:
            x = self.grow(x)
        return self.head(self.postfix(x)).transpose(1, 2)


def check(here):
    with torch.device("meta"):
        here.parameters("bytes", Autoencoder(256, 3))
    small = here.fill(Autoencoder(5, 1))
    here.expect("spell", small)
    here.expect("code", small.code)
    here.expect("short", small)
