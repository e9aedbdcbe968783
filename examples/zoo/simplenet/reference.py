"""SimpleNet, from the paper's figure 1 and its table of widths, of torch's modules."""

import torch
from torch import nn

# Widths for M = 1, with 1 behind those that see one pixel; 0 is a pool.
LAYERS = [1, 2, 2, 2, 0, 2, 2, 4, 0, 4, 4, 0, 8, (32, 1), (4, 1), 0, 4]


def network(m, classes):
    modules, before = [], 3
    for layer in LAYERS:
        width, window = layer if isinstance(layer, tuple) else (layer, 3)
        if width == 0:
            modules.append(nn.MaxPool2d(2))
            continue
        modules.append(nn.Sequential(
            nn.Conv2d(before, m * width, window, padding=window // 2), nn.BatchNorm2d(m * width), nn.ReLU()))
        before = m * width
    return nn.Sequential(*modules, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(before, classes))


# The places of convolutions among the modules.
PLACES = [at for at, layer in enumerate(LAYERS) if layer != 0]

RENAME = [
    (r"^19\.", "head."),
    (r"^(\d+)\.0\.", lambda it: f"conv{PLACES.index(int(it[1])) + 1}.conv."),
    (r"^(\d+)\.1\.", lambda it: f"conv{PLACES.index(int(it[1])) + 1}.norm."),
    (r"norm\.weight", "norm.scale"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("simplenet_cifar", network(64, 10))
    small = here.fill(network(2, 7), RENAME)
    here.expect("classify", lambda image: small(image))
