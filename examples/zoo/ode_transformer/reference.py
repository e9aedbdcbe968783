"""The parallel block of section 3 of the paper with torch's attention, and solvers by their Butcher tableaus."""

import torch
from torch import nn
from torch.nn import functional as F

TABLEAUS = {
    "classify": ([[]], [1]),
    "midpoints": ([[], [1 / 2]], [0, 1]),
    "kutta": ([[], [1 / 2], [0, 1 / 2], [0, 0, 1]], [1 / 6, 1 / 3, 1 / 3, 1 / 6]),
}


class Slope(nn.Module):
    def __init__(self, width, hidden, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        n = self.norm1(x)
        return self.attn(n, n, n, need_weights=False)[0] + self.down(F.gelu(self.up(self.norm2(x))))


class OdeVit(nn.Module):
    def __init__(self, width, hidden, heads, depth, rows, columns, classes, pixels):
        super().__init__()
        self.patches = nn.Conv2d(3, width, pixels, pixels)
        self.own = nn.Parameter(torch.empty(width))
        self.positions = nn.Parameter(torch.empty(rows * columns + 1, width))
        self.blocks = nn.ModuleList([Slope(width, hidden, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)

    def forward(self, solver, image):
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.own.expand(len(x), 1, -1), x], 1) + self.positions
        earlier, weights = TABLEAUS[solver]
        for block in self.blocks:
            slopes = []
            for row in earlier:
                slopes.append(block(x + sum(a * k for a, k in zip(row, slopes))))
            x = x + sum(b * k for b, k in zip(weights, slopes))
        return self.head(self.norm(x[:, 0]))


def check(here):
    with torch.device("meta"):
        here.parameters("tiny", OdeVit(192, 768, 3, 12, 14, 14, 1000, 16))
    small = here.fill(OdeVit(6, 7, 3, 2, 2, 3, 5, 4), [(r"(norm\d?)\.weight", r"\1.scale")])
    for solver in TABLEAUS:
        here.expect(solver, lambda image, solver=solver: small(solver, image))
