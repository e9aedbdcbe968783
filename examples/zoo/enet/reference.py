"""ENet, from the paper's table 1 and figure 2 and the authors' program for Torch 7, of torch's modules."""

import torch
from torch import nn


def bend(width, learned):
    return nn.PReLU(width) if learned else nn.ReLU()


def norm(width):
    return nn.BatchNorm2d(width, eps=1e-3)


class Bottleneck(nn.Module):
    """All bottlenecks: `scale` is 2 for half the size, -2 for twice, and 1 else."""

    def __init__(self, inputs, outputs, scale=1, spread=1, cross=False, learned=True):
        super().__init__()
        inner = outputs // 4
        window = max(scale, 1)
        self.scale, self.extra = scale, outputs - inputs
        if scale == -2:
            middle = nn.ConvTranspose2d(inner, inner, 3, 2, padding=1, output_padding=1)
            self.past = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), norm(outputs))
        elif cross:
            middle = nn.Sequential(nn.Conv2d(inner, inner, (1, 5), padding=(0, 2), bias=False),
                                   nn.Conv2d(inner, inner, (5, 1), padding=(2, 0)))
        else:
            middle = nn.Conv2d(inner, inner, 3, padding=spread, dilation=spread)
        self.main = nn.Sequential(
            nn.Conv2d(inputs, inner, window, window, bias=False), norm(inner), bend(inner, learned),
            middle, norm(inner), bend(inner, learned), nn.Conv2d(inner, outputs, 1, bias=False), norm(outputs))
        self.bend = bend(outputs, learned)

    def forward(self, x, places=None):
        y = self.main(x)
        if self.scale == 2:
            x, places = nn.functional.max_pool2d(x, 2, return_indices=True)
            x = nn.functional.pad(x, (0, 0, 0, 0, 0, self.extra))
            return self.bend(y + x), places
        if self.scale == -2:
            x = nn.functional.max_unpool2d(self.past(x), places, 2)
        return self.bend(y + x)


class ENet(nn.Module):
    def __init__(self, m, classes):
        super().__init__()
        small, middle, wide = 4 * m, 16 * m, 32 * m
        self.first = nn.Conv2d(3, small - 3, 3, 2, padding=1)
        self.norm, self.bend = norm(small), nn.PReLU(small)
        self.halve1 = Bottleneck(small, middle, 2)
        self.plain1 = nn.ModuleList(Bottleneck(middle, middle) for _ in range(4))
        self.halve2 = Bottleneck(middle, wide, 2)
        kinds = [{}, {"spread": 2}, {"cross": True}, {"spread": 4}, {}, {"spread": 8}, {"cross": True}, {"spread": 16}]
        self.rounds = nn.ModuleList(Bottleneck(wide, wide, **kind) for kind in 2 * kinds)
        self.double1 = Bottleneck(wide, middle, -2, learned=False)
        self.plain2 = nn.ModuleList(Bottleneck(middle, middle, learned=False) for _ in range(2))
        self.double2 = Bottleneck(middle, small, -2, learned=False)
        self.plain3 = Bottleneck(small, small, learned=False)
        self.head = nn.ConvTranspose2d(small, classes, 2, 2)

    def forward(self, image):
        x = torch.cat([self.first(image), nn.functional.max_pool2d(image, 2)], 1)
        x, places1 = self.halve1(self.bend(self.norm(x)))
        for block in self.plain1:
            x = block(x)
        x, places2 = self.halve2(x)
        for block in self.rounds:
            x = block(x)
        x = self.double1(x, places2)
        for block in self.plain2:
            x = block(x)
        return self.head(self.plain3(self.double2(x, places1)))


ROUND = ["one", "two", "three", "four", "five", "six", "seven", "eight"]

RENAME = [
    (r"^rounds\.(\d+)\.", lambda it: f"rounds.{int(it[1]) // 8}.{ROUND[int(it[1]) % 8]}."),
    (r"^(double\d)\.main\.0\.", r"\1.narrow.conv."),
    (r"^(double\d)\.main\.1\.", r"\1.narrow.norm."),
    (r"^(double\d)\.main\.3\.", r"\1.grow."),
    (r"^(double\d)\.main\.4\.", r"\1.norm1."),
    (r"^(double\d)\.main\.6\.", r"\1.widen."),
    (r"^(double\d)\.main\.7\.", r"\1.norm2."),
    (r"^(double\d)\.past\.0\.", r"\1.past."),
    (r"^(double\d)\.past\.1\.", r"\1.norm3."),
    (r"main\.0\.", "narrow.conv."),
    (r"main\.1\.", "narrow.norm."),
    (r"main\.2\.", "narrow.bend."),
    (r"main\.3\.0\.", "middle.filter.row."),
    (r"main\.3\.1\.", "middle.filter.col."),
    (r"main\.3\.", "middle.filter."),
    (r"main\.4\.", "middle.norm1."),
    (r"main\.5\.", "middle.bend."),
    (r"main\.6\.", "middle.widen."),
    (r"main\.7\.", "middle.norm2."),
    (r"bend\.weight", "bend.slopes.weight"),
    (r"(norm\d?)\.weight", r"\1.scale"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("enet", ENet(4, 20))
    small = here.fill(ENet(2, 2), RENAME)
    here.expect("segment", lambda image: small(image))
