"""ParNet, from section 3 of the paper, its figure 2 and the authors' program, of torch's modules.

The second call is of the same network in which each window and point are one convolution, whose
weights are found by what the two do with unit images."""

import copy

import torch
from torch import nn


class Branches(nn.Module):
    def __init__(self, inputs, outputs, stride, groups):
        super().__init__()
        self.three = nn.Conv2d(inputs, outputs, 3, stride, padding=1, groups=groups, bias=False)
        self.norm3 = nn.BatchNorm2d(outputs)
        self.pool = nn.AvgPool2d(stride)
        self.one = nn.Conv2d(inputs, outputs, 1, groups=groups, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.norm3(self.three(x)) + self.norm1(self.one(self.pool(x)))

    def merged(self):
        """The convolution that does the same: it is linear but for what it gives for zeros."""
        conv = self.three
        whole = nn.Conv2d(conv.in_channels, conv.out_channels, 3, conv.stride, padding=1).double()
        inputs = torch.eye(9 * conv.in_channels).double().view(-1, conv.in_channels, 3, 3)
        # The window at (1, 1) in steps of `stride` sees an image of 3 by 3 that starts there.
        at = conv.stride[0] - 1
        images = nn.functional.pad(inputs, (at, 5 - at, at, 5 - at))
        place = (at + 1) // conv.stride[0]
        zero = self(torch.zeros_like(images[:1]))[0, :, place, place]
        found = self(images)[:, :, place, place] - zero
        whole.weight.data = found.T.reshape(whole.weight.shape)
        whole.bias.data = zero
        return whole


class Block(nn.Module):
    def __init__(self, inputs, outputs=None, stride=1, groups=1):
        super().__init__()
        self.branches = Branches(inputs, outputs or inputs, stride, groups)
        self.norm = nn.BatchNorm2d(inputs) if outputs is None else None
        self.weigh = nn.Conv2d(inputs, outputs or inputs, 1, groups=groups, bias=False)
        self.shuffle = nn.ChannelShuffle(groups)

    def factor(self, x):
        return torch.sigmoid(self.weigh(x.mean((2, 3), keepdim=True)))

    def forward(self, x):
        y = self.branches(x)
        if self.norm is not None:
            n = self.norm(x)
            return nn.functional.silu(y + n * self.factor(n))
        return self.shuffle(nn.functional.silu(y * 2 * self.factor(x)))


class Fuse(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(inputs)
        self.change = Block(2 * inputs, outputs, stride, 2)

    def forward(self, x, y):
        return self.change(torch.stack([self.norm1(x), self.norm2(y)], 2).flatten(1, 2))


class ParNet(nn.Module):
    def __init__(self, first, width, last, classes):
        super().__init__()
        a, b, c = width, 2 * width, 4 * width
        self.first, self.down1 = Block(3, first, 2), Block(first, a, 2)
        self.down2, self.down3 = Block(a, b, 2), Block(b, c, 2)
        self.stream1 = nn.Sequential(*(Block(a) for _ in range(4)))
        self.stream2 = nn.Sequential(*(Block(b) for _ in range(5)))
        self.stream3 = nn.Sequential(*(Block(c) for _ in range(5)))
        self.narrow, self.fuse2, self.fuse3 = Block(a, b, 2), Fuse(b, c, 2), Fuse(c, c, 1)
        self.last, self.head = Block(c, last, 2), nn.Linear(last, classes)

    def forward(self, image):
        x1 = self.down1(self.first(image))
        x2 = self.down2(x1)
        x3 = self.down3(x2)
        y = self.narrow(self.stream1(x1))
        y = self.fuse2(self.stream2(x2), y)
        y = self.fuse3(self.stream3(x3), y)
        return self.head(self.last(y).mean((2, 3)))


RENAME = [
    (r"weigh\.weight", "weigh.map.weight"),
    (r"(norm\d?)\.weight", r"\1.scale"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("parnet_s", ParNet(64, 96, 1280, 1000))
    small = here.fill(ParNet(5, 6, 16, 7), RENAME)
    merged = copy.deepcopy(small)
    for block in [it for it in merged.modules() if isinstance(it, Block)]:
        block.branches = block.branches.merged()
    here.expect("classify", lambda image: small(image))
    here.expect("run", lambda image: merged(image))
