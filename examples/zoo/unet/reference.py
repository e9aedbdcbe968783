"""The paper's figure 1, in torch's modules."""

import torch
from torch import nn
from torch.nn.functional import max_pool2d, relu


class Double(nn.Module):
    def __init__(self, before, after):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3)
        self.conv2 = nn.Conv2d(after, after, 3)

    def forward(self, x):
        return relu(self.conv2(relu(self.conv1(x))))


class Up(nn.Module):
    def __init__(self, before):
        super().__init__()
        self.up = nn.ConvTranspose2d(before, before // 2, 2, stride=2)
        self.conv = Double(before, before // 2)

    def forward(self, x, seen):
        x = self.up(x)
        top, left = ((seen.shape[axis] - x.shape[axis]) // 2 for axis in (2, 3))
        middle = seen[:, :, top:top + x.shape[2], left:left + x.shape[3]]
        return self.conv(torch.cat([middle, x], dim=1))


class UNet(nn.Module):
    def __init__(self, channels, width, classes):
        super().__init__()
        self.down1 = Double(channels, width)
        self.down2 = Double(width, 2 * width)
        self.down3 = Double(2 * width, 4 * width)
        self.down4 = Double(4 * width, 8 * width)
        self.deep = Double(8 * width, 16 * width)
        self.up4, self.up3 = Up(16 * width), Up(8 * width)
        self.up2, self.up1 = Up(4 * width), Up(2 * width)
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        seen = []
        for down in (self.down1, self.down2, self.down3, self.down4):
            x = down(x)
            seen.append(x)
            x = max_pool2d(x, 2)
        x = self.deep(x)
        for up in (self.up4, self.up3, self.up2, self.up1):
            x = up(x, seen.pop())
        return self.head(x)


def check(here):
    with torch.device("meta"):
        here.parameters("unet", UNet(1, 64, 2))
    small = here.fill(UNet(2, 2, 3))
    here.expect("segment", lambda image: small(image))
