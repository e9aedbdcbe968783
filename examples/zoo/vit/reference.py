"""Vision transformer of timm."""

import timm
import torch
from timm.models.vision_transformer import VisionTransformer


def check(here):
    with torch.device("meta"):
        here.parameters("vit_b16", timm.create_model("vit_base_patch16_224"))
    small = here.fill(VisionTransformer(img_size=(15, 10), patch_size=5, embed_dim=12, depth=2,
                                        num_heads=3, mlp_ratio=26 / 12, num_classes=7))
    here.expect("classify", lambda image: small(image))
