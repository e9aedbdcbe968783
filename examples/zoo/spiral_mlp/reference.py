"""The spiral layer as torchvision's deformable convolution with offsets that are not learned."""

import math

import torch
from torch import nn
from torchvision.ops import deform_conv2d


class SpiralLinear(nn.Module):
    """Equations 2 to 4 of the paper, for two partitions of the channels."""

    def __init__(self, wide, reach):
        super().__init__()
        self.map = nn.Linear(wide, wide)
        run = wide // 2
        self.offsets = []
        for c in list(range(run)) * 2:
            far = 2 * reach * (c if c <= run // 2 else run - c) / run
            self.offsets += [round(far * math.cos(math.pi * c / 16)), round(far * math.sin(math.pi * c / 16))]

    def forward(self, x):
        x = x.permute(0, 3, 1, 2)
        offset = torch.tensor(self.offsets, dtype=x.dtype)[None, :, None, None]
        offset = offset.expand(x.shape[0], -1, *x.shape[2:]).contiguous()
        return deform_conv2d(x, offset, self.map.weight[..., None, None], self.map.bias).permute(0, 2, 3, 1)


class Mix(nn.Module):
    def __init__(self, wide, reach):
        super().__init__()
        self.own = nn.Linear(wide, wide, bias=False)
        self.around = SpiralLinear(wide, reach)
        self.weigh1 = nn.Linear(wide, wide // 4)
        self.weigh2 = nn.Linear(wide // 4, 2 * wide)
        self.project = nn.Linear(wide, wide)

    def forward(self, x):
        around, own = self.around(x), self.own(x)
        z = self.weigh2(nn.functional.gelu(self.weigh1((around + own).mean((1, 2)))))
        w = z.unflatten(-1, (-1, 2)).softmax(-1)[:, None, None]
        return self.project(w[..., 0] * around + w[..., 1] * own)


class Block(nn.Module):
    def __init__(self, wide, reach):
        super().__init__()
        self.norm1 = nn.LayerNorm(wide)
        self.mix = Mix(wide, reach)
        self.norm2 = nn.LayerNorm(wide)
        self.up = nn.Linear(wide, 4 * wide)
        self.down = nn.Linear(4 * wide, wide)

    def forward(self, x):
        x = x + self.mix(self.norm1(x))
        return x + self.down(nn.functional.gelu(self.up(self.norm2(x))))


class Down(nn.Module):
    def __init__(self, wide, wider):
        super().__init__()
        self.conv = nn.Conv2d(wide, wider, 3, 2, 1)

    def forward(self, x):
        return self.conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class SpiralMlp(nn.Module):
    def __init__(self, widths, depths, classes, reach=7.0):
        super().__init__()
        self.stem = nn.Conv2d(3, widths[0], 7, 4, 2)
        for i, (wide, depth) in enumerate(zip(widths, depths), 1):
            if i > 1:
                setattr(self, f"down{i}", Down(widths[i - 2], wide))
            setattr(self, f"stage{i}", nn.Sequential(*(Block(wide, reach) for _ in range(depth))))
        self.norm = nn.LayerNorm(widths[-1])
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, image):
        x = self.stage1(self.stem(image).permute(0, 2, 3, 1))
        x = self.stage4(self.down4(self.stage3(self.down3(self.stage2(self.down2(x))))))
        return self.head(self.norm(x).mean((1, 2)))


def check(here):
    with torch.device("meta"):
        here.parameters("spiral_mlp_b1", SpiralMlp([64, 128, 320, 512], [2, 2, 4, 2], 1000))
        here.parameters("spiral_mlp_b5", SpiralMlp([96, 192, 384, 768], [3, 4, 24, 3], 1000))
    small = here.fill(SpiralMlp([12, 16, 20, 24], [1, 2, 1, 2], 7, reach=2.3), [(r"norm(\d?)\.weight", r"norm\1.scale")])
    here.expect("classify", lambda image: small(image))
