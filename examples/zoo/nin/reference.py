"""Network in network, from section 3 of the paper and its figure 2, of torch's modules."""

import torch
from torch import nn


def layer(inputs, one, two, three, window):
    return nn.Sequential(
        nn.Conv2d(inputs, one, window, padding=window // 2), nn.ReLU(),
        nn.Conv2d(one, two, 1), nn.ReLU(), nn.Conv2d(two, three, 1), nn.ReLU())


def network(m, classes):
    return nn.Sequential(
        layer(3, 6 * m, 5 * m, 3 * m, 5), nn.MaxPool2d(3, 2, ceil_mode=True),
        layer(3 * m, 6 * m, 6 * m, 6 * m, 5), nn.AvgPool2d(3, 2, ceil_mode=True),
        layer(6 * m, 6 * m, 6 * m, classes, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())


RENAME = [
    (r"^0\.", "layer1."),
    (r"^2\.", "layer2."),
    (r"^4\.", "layer3."),
    (r"\.0\.(?=\w+$)", ".window."),
    (r"\.2\.(?=\w+$)", ".hidden."),
    (r"\.4\.(?=\w+$)", ".output."),
]


def check(here):
    with torch.device("meta"):
        here.parameters("nin_cifar10", network(32, 10))
    small = here.fill(network(1, 7), RENAME)
    here.expect("classify", lambda image: small(image))
