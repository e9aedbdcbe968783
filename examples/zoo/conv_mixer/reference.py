"""ConvMixer of timm."""

import timm
import torch
from timm.models.convmixer import ConvMixer

RENAME = [
    (r"^stem\.0\.", "patches."),
    (r"^stem\.2\.", "norm."),
    (r"^blocks\.(\d+)\.0\.fn\.0\.", r"blocks.\1.space."),
    (r"^blocks\.(\d+)\.0\.fn\.2\.", r"blocks.\1.norm1."),
    (r"^blocks\.(\d+)\.1\.", r"blocks.\1.points."),
    (r"^blocks\.(\d+)\.3\.", r"blocks.\1.norm2."),
    (r"(norm\d?)\.weight", r"\1.scale"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("conv_mixer_768_32", timm.create_model("convmixer_768_32"))
    small = here.fill(
        ConvMixer(10, 2, kernel_size=5, patch_size=3, num_classes=7, act_layer=torch.nn.ReLU), RENAME)
    here.expect("classify", lambda image: small(image))
