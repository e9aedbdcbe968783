"""ConvFirst blocks, as the paper describes them, of torch's modules, and MBConv blocks of timm."""

import torch
from timm.models._efficientnet_blocks import InvertedResidual, SqueezeExcite
from torch import nn


def conv(inputs, outputs, window=1, stride=1, groups=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, window, stride, padding=window // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs))


class ConvFirst(nn.Module):
    def __init__(self, inputs, outputs, stride, width):
        super().__init__()
        self.filter = conv(inputs, inputs, 3, stride, inputs // width)
        self.expand, self.project = conv(inputs, 4 * inputs), conv(4 * inputs, outputs)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        y = self.project(nn.functional.silu(self.expand(self.filter(x))))
        return x + y if self.adds else y


def stage(make, inputs, outputs, more):
    return nn.Sequential(make(inputs, outputs, 2), *(make(outputs, outputs, 1) for _ in range(more)))


class ConvFirstNet(nn.Module):
    def __init__(self, m, more, classes, width):
        super().__init__()

        def first(inputs, outputs, stride):
            return ConvFirst(inputs, outputs, stride, width)

        def later(inputs, outputs, stride):
            def excite(channels, act_layer, **rest):
                return SqueezeExcite(channels, rd_channels=inputs // 4, act_layer=act_layer, **rest)

            return InvertedResidual(inputs, outputs, stride=stride, exp_ratio=4, act_layer=nn.SiLU, se_layer=excite)

        self.stem = conv(3, m, 3, 2)
        self.stage1 = stage(first, m, 2 * m, more)
        self.stage2 = stage(first, 2 * m, 4 * m, more)
        self.stage3 = stage(later, 4 * m, 6 * m, 2 * more)
        self.stage4 = stage(later, 6 * m, 10 * m, more)
        self.last, self.head = conv(10 * m, 40 * m), nn.Linear(40 * m, classes)

    def forward(self, image):
        x = self.stage2(self.stage1(nn.functional.silu(self.stem(image))))
        x = nn.functional.silu(self.last(self.stage4(self.stage3(x))))
        return self.head(x.mean((2, 3)))


RENAME = [
    (r"^(stage\d)\.0\.", r"\1.halve."),
    (r"^(stage\d)\.(\d+)\.", lambda it: f"{it[1]}.rest.{int(it[2]) - 1}."),
    (r"conv_pw\.", "expand.conv."),
    (r"bn1\.", "expand.norm."),
    (r"conv_dw\.", "depth.conv."),
    (r"bn2\.", "depth.norm."),
    (r"se\.conv_reduce\.", "excite.down."),
    (r"se\.conv_expand\.", "excite.up."),
    (r"conv_pwl\.", "project.conv."),
    (r"bn3\.", "project.norm."),
    (r"(stem|last|filter|expand|project)\.0\.", r"\1.conv."),
    (r"(stem|last|filter|expand|project)\.1\.", r"\1.norm."),
    (r"norm\.weight", "norm.scale"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("convfirstnet", ConvFirstNet(32, 4, 1000, 8))
    small = here.fill(ConvFirstNet(4, 1, 7, 2), RENAME)
    here.expect("classify", lambda image: small(image))
