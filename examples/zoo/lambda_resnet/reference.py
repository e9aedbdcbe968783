"""LambdaResNet of timm."""

import timm
import torch
from timm.models.byobnet import ByoBlockCfg, ByobNet, ByoModelCfg, interleave_blocks

RENAME = [
    (r"^stem\.conv(\d)\.", r"stem\1."),
    *[(rf"^stages\.{i // 2}\.{i % 2}\.", f"block{i + 1}.") for i in range(8)],
    (r"\.conv1_1x1\.", ".narrow."),
    (r"\.conv2_kxk\.", ".filter."),
    (r"\.conv3_1x1\.", ".widen."),
    (r"\.shortcut\.", ".skip."),
    (r"\.self_attn\.conv_lambda\.bias", ".attn.place_bias"),
    (r"\.self_attn\.conv_lambda\.weight", ".attn.place"),
    (r"\.self_attn\.", ".attn."),
    (r"\.post_attn\.", ".norm."),
    (r"\.bn\.", ".norm."),
    (r"(norm\w*)\.weight", r"\1.scale"),
    (r"^head\.fc\.", "head."),
]


def check(here):
    with torch.device("meta"):
        here.parameters("lambda_resnet26", timm.create_model("lambda_resnet26t"))
    small = ByobNet(ByoModelCfg(
        blocks=(
            ByoBlockCfg(type="bottle", d=2, c=64, s=1, gs=0, br=0.25),
            ByoBlockCfg(type="bottle", d=2, c=128, s=2, gs=0, br=0.25),
            interleave_blocks(types=("bottle", "self_attn"), d=2, c=256, s=2, gs=0, br=0.25),
            ByoBlockCfg(type="self_attn", d=2, c=512, s=2, gs=0, br=0.25),
        ),
        stem_chs=16, stem_type="tiered", stem_pool="maxpool", self_attn_layer="lambda",
        self_attn_kwargs=dict(r=3, num_heads=2, dim_head=5)), num_classes=7)
    small = here.fill(small, RENAME)
    here.expect("classify", lambda image: small(image))
