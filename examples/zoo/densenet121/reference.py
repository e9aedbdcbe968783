"""DenseNet of torchvision."""

import torch
from torchvision.models import densenet121
from torchvision.models.densenet import DenseNet

RENAME = [
    (r"^features\.conv0\.", "stem."),
    (r"^features\.norm0\.", "stem_norm."),
    (r"^features\.norm5\.", "norm."),
    (r"^classifier\.", "head."),
    (r"^features\.denseblock(\d)\.denselayer(\d+)\.", lambda it: f"block{it[1]}.layers.{int(it[2]) - 1}."),
    (r"^features\.transition(\d)\.", r"halve\1."),
    (r"norm(\d?)\.weight", r"norm\1.scale"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("densenet121", densenet121())
    small = here.fill(DenseNet(growth_rate=8, block_config=(2, 3, 4, 1), num_init_features=16,
                               num_classes=7), RENAME)
    here.expect("classify", lambda image: small(image))
