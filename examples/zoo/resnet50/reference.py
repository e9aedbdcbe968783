"""ResNet of torchvision."""

import torch
from torch import nn
from torchvision.models import resnet50
from torchvision.models.resnet import Bottleneck, ResNet

RENAME = [
    (r"^conv1\.", "stem."),
    (r"^bn1\.", "stem_norm."),
    (r"^fc\.", "head."),
    (r"^layer(\d)\.0\.", r"stage\1.first."),
    (r"^layer(\d)\.(\d+)\.", lambda it: f"stage{it[1]}.rest.{int(it[2]) - 1}."),
    (r"downsample\.0", "skip.conv"),
    (r"downsample\.1", "skip.norm"),
    (r"\.bn(\d)\.", r".norm\1."),
    (r"norm(\d?)\.weight", r"norm\1.scale"),
]


class Narrow(ResNet):
    """Stages of a sixteenth of the width."""

    def _make_layer(self, block, planes, *rest, **named):
        return super()._make_layer(block, planes // 16, *rest, **named)


def narrow(depths, classes):
    network = Narrow(Bottleneck, depths)
    # 64 channels behind the stem are written out in torchvision's text.
    network.conv1 = nn.Conv2d(3, 4, 7, 2, 3, bias=False)
    network.bn1 = nn.BatchNorm2d(4)
    network.layer1[0].conv1 = nn.Conv2d(4, 4, 1, bias=False)
    network.layer1[0].downsample[0] = nn.Conv2d(4, 16, 1, bias=False)
    network.fc = nn.Linear(128, classes)
    return network


def check(here):
    with torch.device("meta"):
        here.parameters("resnet50", resnet50())
    small = here.fill(narrow([2, 3, 2, 2], 7), RENAME)
    here.expect("classify", lambda image: small(image))
