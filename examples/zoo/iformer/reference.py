"""Inception transformer, from section 3 of the paper and its table of iFormer-S, of torch's modules."""

import torch
from torch import nn
from torch.nn import functional as F


class Mixer(nn.Module):
    def __init__(self, width, head, attending, window):
        super().__init__()
        self.low = attending * head
        self.half = (width - self.low) // 2
        self.heads, self.window = attending, window
        all_of = 4 * self.half + self.low
        self.widen1 = nn.Conv2d(self.half, 2 * self.half, 1, bias=False)
        self.depth = nn.Conv2d(2 * self.half, 2 * self.half, 3, padding=1, groups=2 * self.half, bias=False)
        self.widen2 = nn.Conv2d(self.half, 2 * self.half, 1)
        self.qkv = nn.Linear(self.low, 3 * self.low)
        self.fuse = nn.Conv2d(all_of, all_of, 3, padding=1, groups=all_of, bias=False)
        self.proj = nn.Conv2d(all_of, width, 1)

    def attend(self, x):
        x = F.avg_pool2d(x, self.window)
        rows = x.shape[2]
        q, k, v = self.qkv(x.flatten(2).transpose(1, 2)).chunk(3, -1)
        q, k, v = (it.unflatten(-1, (self.heads, -1)).transpose(1, 2) for it in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return F.interpolate(y.transpose(1, 2).unflatten(2, (rows, -1)), scale_factor=self.window)

    def forward(self, x):
        first, second, low = x.split([self.half, self.half, self.low], 1)
        first = F.gelu(self.depth(self.widen1(first)))
        second = F.gelu(self.widen2(F.max_pool2d(second, 3, 1, 1)))
        y = torch.cat([first, second, self.attend(low)], 1)
        return self.proj(y + self.fuse(y))


class Block(nn.Module):
    def __init__(self, head, heads, attending, window, scaled):
        super().__init__()
        width = head * heads
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.mixer = Mixer(width, head, attending, window)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        if scaled:
            self.scale1, self.scale2 = (nn.Parameter(torch.empty(width)) for _ in range(2))
        else:
            self.scale1 = self.scale2 = 1

    def forward(self, x):
        mixed = self.mixer(self.norm1(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        x = x + self.scale1 * mixed
        return x + self.scale2 * self.down(F.gelu(self.up(self.norm2(x))))


class Patches(nn.Module):
    def __init__(self, inputs, outputs, height, width):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(inputs, outputs, 3, 2, padding=1), nn.BatchNorm2d(outputs)
        self.places = nn.Parameter(torch.empty(1, height, width, outputs))

    def forward(self, x):
        return self.norm(self.conv(x)).permute(0, 2, 3, 1) + self.places


class IFormer(nn.Module):
    def __init__(self, height, width, head, classes):
        super().__init__()
        first = 3 * head // 2
        self.conv, self.norm0 = nn.Conv2d(3, first, 3, 2, padding=1), nn.BatchNorm2d(first)
        widths = [first] + [it * head for it in (3, 6, 10, 12)]
        for at, (i, o) in enumerate(zip(widths, widths[1:])):
            setattr(self, f"patches{at + 1}", Patches(i, o, height >> at + 2, width >> at + 2))
        stages = [(3, 1, 2, False, 3), (6, 3, 2, False, 3), (10, 7, 1, True, 4), (10, 9, 1, True, 5),
                  (12, 11, 1, True, 3)]
        for at, (*kind, depth) in enumerate(stages):
            setattr(self, f"stage{at + 1}", nn.Sequential(*(Block(head, *kind) for _ in range(depth))))
        self.norm = nn.LayerNorm(12 * head, eps=1e-6)
        self.head = nn.Linear(12 * head, classes)

    def forward(self, image):
        def images(x):
            return x.permute(0, 3, 1, 2)

        x = self.stage1(self.patches1(F.gelu(self.norm0(self.conv(image)))))
        x = self.stage2(self.patches2(images(x)))
        x = self.stage4(self.stage3(self.patches3(images(x))))
        x = self.stage5(self.patches4(images(x)))
        return self.head(self.norm(x).mean((1, 2)))


RENAME = [
    (r"mixer\.(widen1|depth|widen2)\.", r"mixer.high.\1."),
    (r"mixer\.qkv\.", "mixer.low.qkv."),
    (r"(scale\d)$", r"\1.scale"),
    (r"(norm\d?)\.weight", r"\1.scale"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("iformer_small", IFormer(224, 224, 32, 1000))
    small = here.fill(IFormer(64, 96, 4, 7), RENAME)
    here.expect("classify", lambda image: small(image))
