"""The paper's inverted bottleneck MLP (its section 3), in torch's modules."""

import torch
from torch import nn


class Bottleneck(nn.Module):
    def __init__(self, thin, wide):
        super().__init__()
        self.block = nn.Sequential(nn.Linear(thin, wide), nn.GELU(), nn.Linear(wide, thin))

    def forward(self, x):
        return self.block(x)


class Mlp(nn.Module):
    def __init__(self, inputs, thin, wide, depth, classes):
        super().__init__()
        self.linear_in = nn.Linear(inputs, thin)
        self.blocks = nn.ModuleList(Bottleneck(thin, wide) for _ in range(depth))
        self.layernorms = nn.ModuleList(nn.LayerNorm(thin) for _ in range(depth))
        self.linear_out = nn.Linear(thin, classes)

    def forward(self, image):
        x = self.linear_in(image.flatten(1))
        for norm, block in zip(self.layernorms, self.blocks):
            x = x + block(norm(x))
        return self.linear_out(x)


def check(here):
    with torch.device("meta"):
        here.parameters("b12_wi1024", Mlp(3 * 64 * 64, 1024, 4096, 12, 1000))
    small = here.fill(Mlp(60, 14, 23, 3, 7))
    here.expect("classify", lambda image: small(image))
