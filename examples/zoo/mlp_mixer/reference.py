"""MLP-Mixer of timm."""

import timm
import torch
from timm.models.mlp_mixer import MlpMixer


def check(here):
    with torch.device("meta"):
        here.parameters("mixer_b16", timm.create_model("mixer_b16_224"))
    small = MlpMixer(img_size=(15, 10), patch_size=5, embed_dim=14, mlp_ratio=(9 / 14, 22 / 14),
                     num_blocks=3, num_classes=7)
    small = here.fill(small)
    here.expect("classify", lambda image: small(image))
