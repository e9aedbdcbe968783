"""GREAD from equations 9 to 15 of the paper with a dense matrix of neighbours, in torch."""

import torch
from torch import nn


class Gread(nn.Module):
    def __init__(self, features, width, classes, time, steps):
        super().__init__()
        self.input = nn.Linear(features, width)
        self.alpha = nn.Parameter(torch.empty(width))
        self.beta = nn.Parameter(torch.empty(width))
        self.head = nn.Linear(width, classes)
        self.time, self.steps = time, steps

    def forward(self, reaction, x, sources, targets, weight):
        start = self.input(x)
        neighbours = torch.zeros(len(x), len(x), dtype=x.dtype)
        neighbours.index_put_((targets.long(), sources.long()), weight.to(x.dtype), accumulate=True)
        laplacian = torch.eye(len(x), dtype=x.dtype) - neighbours

        reactions = {
            "classify": lambda h: neighbours @ h - neighbours @ (neighbours @ h),
            "fisher": lambda h: h - h**2,
            "allen_cahn": lambda h: h - h**3,
            "zeldovich": lambda h: h**2 - h**3,
            "source": lambda h: start,
        }

        def change(h):
            alpha, beta = torch.sigmoid(self.alpha), torch.sigmoid(self.beta)
            return -alpha * (laplacian @ h) + beta * reactions[reaction](h)

        h, step = start, self.time / self.steps
        for _ in range(self.steps):
            k1 = change(h)
            k2 = change(h + step / 2 * k1)
            k3 = change(h + step / 2 * k2)
            k4 = change(h + step * k3)
            h = h + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return self.head(torch.relu(h))


def check(here):
    with torch.device("meta"):
        here.parameters("cora", Gread(1433, 64, 7, 3.790184, 8))
    small = here.fill(Gread(6, 5, 4, 1.7, 3))
    for entry in ["classify", "fisher", "allen_cahn", "zeldovich", "source"]:
        here.expect(entry, lambda x, to, weight, entry=entry, **rest: small(entry, x, rest["from"], to, weight))
