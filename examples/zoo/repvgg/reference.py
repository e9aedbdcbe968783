"""RepVGG of timm."""

import timm
import torch
from timm.models.byobnet import ByobNet, ByoBlockCfg, ByoModelCfg

RENAME = [
    (r"^stages\.3\.0\.", "stage4."),
    (r"^stages\.(\d)\.0\.", lambda it: f"stage{int(it[1]) + 1}.first."),
    (r"^stages\.(\d)\.(\d+)\.", lambda it: f"stage{int(it[1]) + 1}.rest.{int(it[2]) - 1}."),
    (r"^head\.fc\.", "head."),
    (r"conv_kxk\.conv\.", "three."),
    (r"conv_1x1\.conv\.", "one."),
    (r"conv_kxk\.bn\.", "norm3."),
    (r"conv_1x1\.bn\.", "norm1."),
    (r"identity\.", "norm0."),
    (r"(norm\d)\.weight", r"\1.scale"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("repvgg_a0", timm.create_model("repvgg_a0"))
    blocks = [ByoBlockCfg(type="rep", d=d, c=c) for d, c in [(2, 16), (4, 32), (14, 64), (1, 24)]]
    config = ByoModelCfg(blocks=tuple(blocks), stem_type="rep", stem_chs=16)
    small = here.fill(ByobNet(config, num_classes=7), RENAME)
    here.expect("classify", lambda image: small(image))
