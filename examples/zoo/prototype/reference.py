"""The network of section 3 of the paper with torch's modules, and its loss term by term."""

import torch
from torch import nn
from torch.nn import functional as F


def padding(size, window=3, step=2):
    """What "same" padding puts before and behind, and the size that comes out."""
    out = -(-size // step)
    total = max((out - 1) * step + window - size, 0)
    return total // 2, total - total // 2, out


class Encoder(nn.Module):
    def __init__(self, channels, width, code):
        super().__init__()
        widths = [channels, width, width, width, code]
        for at in range(4):
            setattr(self, f"conv{at + 1}", nn.Conv2d(widths[at], widths[at + 1], 3, 2))

    def forward(self, x):
        for at in range(1, 5):
            (top, bottom, _), (left, right, _) = padding(x.shape[2]), padding(x.shape[3])
            x = torch.sigmoid(getattr(self, f"conv{at}")(F.pad(x, (left, right, top, bottom))))
        return x


class Decoder(nn.Module):
    def __init__(self, channels, width, code):
        super().__init__()
        widths = [channels, width, width, width, code]
        for at in range(4):
            layer = nn.Module()
            layer.deconv = nn.ConvTranspose2d(widths[at + 1], widths[at], 3, 2)
            setattr(self, f"up{at + 1}", layer)

    def forward(self, z, size):
        sizes = [size]
        for _ in range(3):
            sizes.append(tuple(padding(it)[2] for it in sizes[-1]))
        for at in range(4, 0, -1):
            height, width = sizes[at - 1]
            top, left = padding(height)[0], padding(width)[0]
            z = getattr(self, f"up{at}").deconv(z)
            z = torch.sigmoid(z[:, :, top:top + height, left:left + width])
        return z


class PrototypeNet(nn.Module):
    def __init__(self, channels, width, code, size, prototypes, classes):
        super().__init__()
        self.size = size
        self.encoder = Encoder(channels, width, code)
        self.decoder = Decoder(channels, width, code)
        self.code = (code, -(-size[0] // 16), -(-size[1] // 16))
        features = self.code[0] * self.code[1] * self.code[2]
        self.prototypes = nn.Parameter(torch.empty(prototypes, features))
        self.head = nn.Linear(prototypes, classes, bias=False)

    def distances(self, x):
        return torch.cdist(self.encoder(x).flatten(1), self.prototypes) ** 2

    def forward(self, x):
        return self.head(self.distances(x))

    def shown(self):
        return self.decoder(self.prototypes.unflatten(1, self.code), self.size)

    def loss(self, x, y):
        distances = self.distances(x)
        wrong = F.cross_entropy(self.head(distances), y.long())
        back = self.decoder(self.encoder(x), self.size)
        shown = ((back - x) ** 2).sum((1, 2, 3)).mean()
        return 20 * wrong + shown + distances.amin(0).mean() + distances.amin(1).mean()


def check(here):
    with torch.device("meta"):
        here.parameters("mnist", PrototypeNet(1, 32, 10, (28, 28), 15, 10))
    small = here.fill(PrototypeNet(2, 5, 3, (21, 13), 7, 4))
    here.expect("classify", small)
    here.expect("shown", small.shown)
    here.expect("loss", small.loss)
