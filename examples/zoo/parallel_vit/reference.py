"""Blocks of timm's `vit_small_patch16_18x2_224` behind the paper's hMLP stem (its section 5:
convolutions of 4, 2 and 2 with norms and GELUs between them)."""

from torch import nn
import torch
from timm.models.vision_transformer import ParallelThingsBlock, VisionTransformer


class Stem(nn.Module):
    def __init__(self, img_size, embed_dim, **_):
        super().__init__()
        height, width = img_size
        self.num_patches = (height // 16) * (width // 16)
        quarter = embed_dim // 4
        self.proj = nn.Sequential(
            nn.Conv2d(3, quarter, 4, 4), nn.BatchNorm2d(quarter), nn.GELU(),
            nn.Conv2d(quarter, quarter, 2, 2), nn.BatchNorm2d(quarter), nn.GELU(),
            nn.Conv2d(quarter, embed_dim, 2, 2), nn.BatchNorm2d(embed_dim),
        )

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


def network(**sizes):
    return VisionTransformer(patch_size=16, embed_layer=Stem, block_fn=ParallelThingsBlock, **sizes)


def check(here):
    with torch.device("meta"):
        here.parameters("vit_s_18x2", network(img_size=(224, 224), embed_dim=384, depth=18, num_heads=6))
    small = here.fill(network(img_size=(48, 32), embed_dim=12, depth=2, num_heads=3,
                              mlp_ratio=26 / 12, num_classes=7))
    here.expect("classify", lambda image: small(image))
