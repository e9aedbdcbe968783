"""ConvNeXt of timm."""

import timm
import torch
from timm.models.convnext import ConvNeXt


def check(here):
    with torch.device("meta"):
        here.parameters("convnext_tiny", timm.create_model("convnext_tiny"))
    small = here.fill(ConvNeXt(depths=(1, 2, 3, 1), dims=(6, 12, 24, 48), num_classes=7))
    here.expect("classify", lambda image: small(image))
