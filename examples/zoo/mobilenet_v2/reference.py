"""MobileNetV2 of torchvision."""

import torch
from torchvision.models import mobilenet_v2

# Blocks before each stage, in the order of the network.
STARTS = [1, 2, 4, 7, 11, 14, 17]


def stage(match):
    block = int(match[1])
    number = max(at for at, start in enumerate(STARTS, 1) if start <= block)
    place = block - STARTS[number - 1]
    if number in (1, 7):
        return f"stage{number}."
    return f"stage{number}.first." if place == 0 else f"stage{number}.rest.{place - 1}."


RENAME = [
    (r"^features\.0\.", "stem."),
    (r"^features\.18\.", "last."),
    (r"^classifier\.1\.", "head."),
    (r"^features\.(\d+)\.conv\.", stage),
    # The first block widens nothing.
    (r"^stage1\.0\.", "stage1.depth."),
    (r"^stage1\.1\.", "stage1.project.conv."),
    (r"^stage1\.2\.", "stage1.project.norm."),
    (r"^(stage[2-7]\.(?:first\.|rest\.\d\.)?)0\.", r"\1expand."),
    (r"^(stage[2-7]\.(?:first\.|rest\.\d\.)?)1\.", r"\1depth."),
    (r"^(stage[2-7]\.(?:first\.|rest\.\d\.)?)2\.", r"\1project.conv."),
    (r"^(stage[2-7]\.(?:first\.|rest\.\d\.)?)3\.", r"\1project.norm."),
    (r"\.0\.(?=\w+$)", ".conv."),
    (r"\.1\.(?=\w+$)", ".norm."),
    (r"norm\.weight", "norm.scale"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("mobilenet_v2", mobilenet_v2())
    small = here.fill(mobilenet_v2(width_mult=0.25, round_nearest=1, num_classes=7, inverted_residual_setting=[
        [1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2],
        [6, 320, 1, 1]]), RENAME)
    here.expect("classify", lambda image: small(image))
