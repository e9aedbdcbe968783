"""ZFNet of figure 3 of the paper with torch's layers, and the deconvnet of section 2.1 with torch's
pooling indices and transposed convolutions."""

import torch
from torch import nn
from torch.nn import functional as F


def side(n):
    for window, pad in [(7, 1), (5, 0)]:
        n = ((n + 2 * pad - window) // 2 + 1) // 2
    return n // 2


class ZfNet(nn.Module):
    def __init__(self, k1, k2, k3, hidden, size, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, k1, 7, 2, 1)
        self.conv2 = nn.Conv2d(k1, k2, 5, 2)
        self.conv3 = nn.Conv2d(k2, k3, 3, 1, 1)
        self.conv4 = nn.Conv2d(k3, k3, 3, 1, 1)
        self.conv5 = nn.Conv2d(k3, k2, 3, 1, 1)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True, return_indices=True)
        self.norm = nn.LocalResponseNorm(5, 1e-4, 0.75, 2)
        self.hidden, self.hidden2 = nn.Linear(k2 * side(size[0]) * side(size[1]), hidden), nn.Linear(hidden, hidden)
        self.head = nn.Linear(hidden, classes)

    def forward(self, image):
        x = self.norm(self.pool(torch.relu(self.conv1(image)))[0])
        x = self.norm(self.pool(torch.relu(self.conv2(x)))[0])
        for conv in [self.conv3, self.conv4, self.conv5]:
            x = torch.relu(conv(x))
        x = self.pool(x)[0].flatten(1)
        return self.head(torch.relu(self.hidden2(torch.relu(self.hidden(x)))))

    def shown(self, image, feature):
        first = torch.relu(self.conv1(image))
        pooled, indices = self.pool(first)
        y = torch.relu(self.conv2(self.norm(pooled)))
        only = torch.zeros_like(y)
        for b, map in enumerate(feature.long()):
            at = y[b, map].argmax()
            only[b, map].view(-1)[at] = y[b, map].view(-1)[at]

        def adjoint(conv, y, like):
            out = [n - ((m - 1) * 2 + conv.kernel_size[0] - 2 * conv.padding[0]) for n, m in zip(like, y.shape[2:])]
            return F.conv_transpose2d(y, conv.weight, None, 2, conv.padding, out)

        back = adjoint(self.conv2, only, pooled.shape[2:])
        wide = torch.zeros_like(first).flatten(2).scatter_add(2, indices.flatten(2), back.flatten(2))
        return adjoint(self.conv1, torch.relu(wide.view_as(first)), image.shape[2:])


def check(here):
    with torch.device("meta"):
        here.parameters("imagenet", ZfNet(96, 256, 384, 4096, (224, 224), 1000))
    small = here.fill(ZfNet(4, 5, 3, 6, (49, 56), 7))
    here.expect("classify", small)
    here.expect("shown", small.shown)
