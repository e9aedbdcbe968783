"""Deep layer aggregation of timm."""

import timm
import torch
from timm.models.dla import DLA, DlaBasic

RENAME = [
    (r"^base_layer\.0\.", "stem.conv."),
    (r"^base_layer\.1\.", "stem.norm."),
    (r"^level([01])\.0\.", r"stage\1.conv."),
    (r"^level([01])\.1\.", r"stage\1.norm."),
    (r"^level2\.", "stage2."),
    (r"^level(\d)\.", r"stage\1.tree."),
    (r"^fc\.", "head."),
    (r"tree1\.", "left."),
    (r"tree2\.", "right."),
    (r"project\.0\.", "project.conv."),
    (r"project\.1\.", "project.norm."),
    (r"\.conv1\.", ".first.conv."),
    (r"\.bn1\.", ".first.norm."),
    (r"\.conv2\.", ".second.conv."),
    (r"\.bn2\.", ".second.norm."),
    (r"\.bn\.", ".norm."),
    (r"norm\.weight", "norm.scale"),
]


class Flat(torch.nn.Linear):
    """The head, which timm has as a convolution."""

    def forward(self, x):
        return super().forward(x.flatten(1))


def check(here):
    with torch.device("meta"):
        here.parameters("dla34", timm.create_model("dla34"))
    small = DLA([1, 1, 1, 2, 2, 1], [2, 4, 8, 16, 32, 64], num_classes=7, block=DlaBasic)
    small.fc, small.flatten = Flat(64, 7), torch.nn.Identity()
    small = here.fill(small, RENAME)
    here.expect("classify", lambda image: small(image))
