"""A conditional neural process whose decoder is a network of coordinates with generated weights, in torch: each
picture by itself, with only the points that are there, in another order."""

import math

import torch
from torch import nn
from torch.nn import functional as F


def waves(x, count):
    angle = math.pi * x[..., None] * 2.0 ** torch.arange(count, dtype=x.dtype)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(-3)


class NeuralProcess(nn.Module):
    def __init__(self, colours, count, field, width, code):
        super().__init__()
        self.count, self.field_width, self.colours = count, field, colours
        self.encoder = nn.ModuleDict({
            "first": nn.Linear(4 * count + colours, width),
            "second": nn.Linear(width, width),
            "third": nn.Linear(width, code),
        })
        sizes = [4 * count, field, field, colours]
        self.field = nn.ModuleDict({"trunk": nn.Linear(code, width)})
        for at, (i, o) in enumerate(zip(sizes, sizes[1:]), 1):
            self.field[f"weights{at}"] = nn.Linear(width, i * o)
            self.field[f"offsets{at}"] = nn.Linear(width, o)

    def decoder(self, x, seen):
        """The network for a picture of which this was seen."""
        h = torch.cat([waves(x, self.count), seen], -1).flip(0)
        for name, layer in self.encoder.items():
            h = layer(h) if name == "third" else torch.relu(layer(h))
        c = torch.relu(self.field["trunk"](h.mean(0)))

        def network(at):
            y = waves(at, self.count)
            for n in (1, 2, 3):
                offsets = self.field[f"offsets{n}"](c)
                y = F.linear(y, self.field[f"weights{n}"](c).view(len(offsets), -1), offsets)
                y = torch.relu(y) if n < 3 else y
            return y

        return network

    def networks(self, x, seen, there):
        return [self.decoder(x[b][there[b]], seen[b][there[b]]) for b in range(len(x))]

    def forward(self, x, seen, there, at):
        return torch.stack([network(it) for network, it in zip(self.networks(x, seen, there), at)])

    def ray(self, x, seen, there, to, **ends):
        share = (torch.arange(16, dtype=x.dtype) + 0.5) / 16
        points = torch.lerp(ends["from"][:, None], to[:, None], share[:, None, None])
        networks = self.networks(x, seen, there)
        return torch.stack([network(it).mean(0) for network, it in zip(networks, points)])


def check(here):
    with torch.device("meta"):
        here.parameters("picture", NeuralProcess(3, 6, 64, 256, 256))
    small = here.fill(NeuralProcess(2, 2, 5, 6, 4))
    here.expect("complete", small)
    here.expect("ray", small.ray)
