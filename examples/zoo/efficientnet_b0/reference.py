"""EfficientNet of torchvision."""

import torch
from torchvision.models import efficientnet_b0
from torchvision.models.efficientnet import EfficientNet, MBConvConfig


def stage(match):
    number, block = int(match[1]), int(match[2])
    if number in (1, 7):
        return f"stage{number}."
    return f"stage{number}.first." if block == 0 else f"stage{number}.rest.{block - 1}."


BLOCK = r"^(stage[2-7]\.(?:first\.|rest\.\d\.)?)"
RENAME = [
    (r"^features\.0\.", "stem."),
    (r"^features\.8\.", "last."),
    (r"^classifier\.1\.", "head."),
    (r"^features\.(\d)\.(\d)\.block\.", stage),
    # The first block widens nothing.
    (r"^stage1\.0\.", "stage1.depth."),
    (r"^stage1\.1\.", "stage1.excite."),
    (r"^stage1\.2\.", "stage1.project."),
    (BLOCK + r"0\.", r"\1expand."),
    (BLOCK + r"1\.", r"\1depth."),
    (BLOCK + r"2\.", r"\1excite."),
    (BLOCK + r"3\.", r"\1project."),
    (r"fc1\.", "down."),
    (r"fc2\.", "up."),
    (r"\.0\.(?=\w+$)", ".conv."),
    (r"\.1\.(?=\w+$)", ".norm."),
    (r"norm\.weight", "norm.scale"),
]


class Exact(MBConvConfig):
    """Channels as they are said, where torchvision makes multiples of 8 of them."""

    @staticmethod
    def adjust_channels(channels, width_mult, min_value=None):
        return int(channels * width_mult)


def check(here):
    with torch.device("meta"):
        here.parameters("efficientnet_b0", efficientnet_b0())
    stages = [(1, 3, 1, 32, 16, 1), (6, 3, 2, 16, 24, 2), (6, 5, 2, 24, 40, 2), (6, 3, 2, 40, 80, 3),
              (6, 5, 1, 80, 112, 3), (6, 5, 2, 112, 192, 4), (6, 3, 1, 192, 320, 1)]
    small = here.fill(EfficientNet([Exact(*it, width_mult=0.25) for it in stages], dropout=0,
                                   num_classes=7), RENAME)
    here.expect("classify", lambda image: small(image))
