"""SineNet, from section 3 of the paper and the authors' choices for Navier-Stokes, of torch's modules."""

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, seen, inputs, outputs):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(seen, outputs, 3, padding=1), nn.GroupNorm(1, outputs)
        self.conv2, self.norm2 = nn.Conv2d(outputs, outputs, 3, padding=1), nn.GroupNorm(1, outputs)
        self.past = nn.Conv2d(inputs, outputs, 1)

    def forward(self, seen, h):
        y = nn.functional.gelu(self.norm1(self.conv1(torch.cat(seen, 1))))
        return nn.functional.gelu(self.norm2(self.conv2(y))) + self.past(h)


class Wave(nn.Module):
    def __init__(self, widths):
        super().__init__()
        steps = list(zip(widths, widths[1:]))
        self.down = nn.ModuleList(
            Block(i + (widths[0] if at > 0 else 0), i, o) for at, (i, o) in enumerate(steps))
        self.up = nn.ModuleList(Block(i + o, o, i) for i, o in steps)

    def forward(self, x):
        levels, pooled = [x], x
        for at, down in enumerate(self.down):
            pooled, h = (nn.functional.avg_pool2d(it, 2) for it in (pooled, levels[-1]))
            levels.append(down([h, pooled] if at > 0 else [h], h))
        y = levels.pop()
        for up, level in zip(reversed(self.up), reversed(levels)):
            y = nn.functional.interpolate(y, scale_factor=2, mode="bicubic")
            y = up([level, y], y)
        return x + y


class SineNet(nn.Module):
    def __init__(self, times, fields, widths, waves):
        super().__init__()
        self.first = nn.Conv2d(times * fields, widths[0], 3, padding=1)
        self.waves = nn.Sequential(*(Wave(widths) for _ in range(waves)))
        self.last = nn.Conv2d(widths[0], fields, 3, padding=1)

    def forward(self, fields):
        return self.last(self.waves(self.first(fields.flatten(1, 2))))


RENAME = [
    (r"(down|up)\.(\d)\.", lambda it: f"{it[1]}{int(it[2]) + 1}."),
    (r"(norm\d)\.weight", r"\1.scale"),
]


def check(here):
    widths = [int(64 * 1.425**level) for level in range(5)]
    with torch.device("meta"):
        here.parameters("sinenet_8", SineNet(4, 3, widths, 8))
    small = here.fill(SineNet(2, 2, [4, 5, 7, 9, 11], 2), RENAME)
    here.expect("next", lambda fields: small(fields))
