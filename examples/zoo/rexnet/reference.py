"""ReXNet of timm."""

import timm
import torch
from timm.models.rexnet import RexNet

# Blocks before each stage, in the order of the network.
STARTS = [0, 1, 3, 5, 8, 11]


def stage(match):
    block = int(match[1])
    number = max(at for at, start in enumerate(STARTS, 1) if start <= block)
    place = block - STARTS[number - 1]
    if number == 1:
        return "stage1."
    return f"stage{number}.first." if place == 0 else f"stage{number}.rest.{place - 1}."


RENAME = [
    (r"^head\.fc\.", "head."),
    (r"^features\.16\.", "last."),
    (r"^features\.(\d+)\.", stage),
    (r"conv_exp\.", "expand."),
    (r"conv_dw\.", "depth."),
    (r"conv_pwl\.", "project."),
    (r"\.se\.fc1\.", ".excite.down."),
    (r"\.se\.bn\.", ".excite.norm."),
    (r"\.se\.fc2\.", ".excite.up."),
    (r"\.bn\.", ".norm."),
    (r"norm\.weight", "norm.scale"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("rexnet_100", timm.create_model("rexnet_100"))
    # An eighth of the width of what is behind the blocks, and of what they grow by.
    small = here.fill(RexNet(width_mult=1 / 8, initial_chs=4, final_chs=88, num_classes=7), RENAME)
    here.expect("classify", lambda image: small(image))
