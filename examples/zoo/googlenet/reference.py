"""GoogLeNet of torchvision."""

import torch
from torchvision.models import googlenet
from torchvision.models.googlenet import BasicConv2d, Inception

# What comes in, and the channels of the branches, in eighths of the paper's.
MODULES = {
    "3a": (24, 8, 12, 16, 2, 4, 4), "3b": (32, 16, 16, 24, 4, 12, 8),
    "4a": (60, 24, 12, 26, 2, 6, 8), "4b": (64, 20, 14, 28, 3, 8, 8),
    "4c": (64, 16, 16, 32, 3, 8, 8), "4d": (64, 14, 18, 36, 4, 8, 8),
    "4e": (66, 32, 20, 40, 4, 16, 16), "5a": (104, 32, 20, 40, 4, 16, 16),
    "5b": (104, 48, 24, 48, 6, 16, 16),
}

RENAME = [
    (r"^conv1\.", "stem."),
    (r"^conv2\.", "point."),
    (r"^conv3\.", "wide."),
    (r"^fc\.", "head."),
    (r"^inception(\w\w)\.branch1\.", r"i\1.point."),
    (r"^inception(\w\w)\.branch2\.0\.", r"i\1.narrow3."),
    (r"^inception(\w\w)\.branch2\.1\.", r"i\1.wide3."),
    (r"^inception(\w\w)\.branch3\.0\.", r"i\1.narrow5."),
    (r"^inception(\w\w)\.branch3\.1\.", r"i\1.wide5."),
    (r"^inception(\w\w)\.branch4\.1\.", r"i\1.project."),
    (r"\.bn\.", ".norm."),
    (r"norm\.weight", "norm.scale"),
]


def small():
    """The same network with an eighth of the channels, which torchvision does not offer."""
    network = googlenet(num_classes=7, aux_logits=False, init_weights=False)
    network.conv1 = BasicConv2d(3, 8, kernel_size=7, stride=2, padding=3)
    network.conv2 = BasicConv2d(8, 8, kernel_size=1)
    network.conv3 = BasicConv2d(8, 24, kernel_size=3, padding=1)
    for name, channels in MODULES.items():
        setattr(network, f"inception{name}", Inception(*channels))
    network.fc = torch.nn.Linear(128, 7)
    return network


def check(here):
    with torch.device("meta"):
        here.parameters("googlenet", googlenet(aux_logits=False, init_weights=False))
    module = here.fill(small(), RENAME)
    here.expect("classify", lambda image: module(image))
