"""The LRU by its response to an impulse, `Re(C lambda^k B)`, as a convolution in torch: no recurrence."""

import torch
from torch import nn
from torch.nn import functional as F


class Lru(nn.Module):
    def __init__(self, width, states):
        super().__init__()
        for name in ["nu_log", "theta_log", "gamma_log"]:
            setattr(self, name, nn.Parameter(torch.empty(states)))
        for part in ["re", "im"]:
            setattr(self, f"b_{part}", nn.Parameter(torch.empty(states, width)))
            setattr(self, f"c_{part}", nn.Parameter(torch.empty(width, states)))
        self.d = nn.Parameter(torch.empty(width))

    def forward(self, x):
        rate = torch.complex(-self.nu_log.exp(), self.theta_log.exp()).exp()
        b = torch.complex(self.b_re, self.b_im) * self.gamma_log.exp()[:, None]
        c = torch.complex(self.c_re, self.c_im)
        powers = rate ** torch.arange(x.shape[1])[:, None]
        response = torch.einsum("on,kn,ni->oik", c, powers, b).real
        y = F.conv1d(F.pad(x.transpose(1, 2), (x.shape[1] - 1, 0)), response.flip(2))
        return y.transpose(1, 2) + self.d * x


class Block(nn.Module):
    def __init__(self, width, states):
        super().__init__()
        self.norm, self.memory, self.map = nn.LayerNorm(width), Lru(width, states), nn.Linear(width, 2 * width)

    def forward(self, x):
        return x + F.glu(self.map(F.gelu(self.memory(self.norm(x)))), -1)


class LruNet(nn.Module):
    def __init__(self, inputs, width, states, depth, classes):
        super().__init__()
        self.input = nn.Linear(inputs, width)
        self.blocks = nn.Sequential(*[Block(width, states) for _ in range(depth)])
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        return self.head(self.blocks(self.input(x)).mean(1))


def check(here):
    with torch.device("meta"):
        here.parameters("sequential_cifar", LruNet(3, 512, 384, 6, 10))
    here.expect("classify", here.fill(LruNet(3, 5, 4, 2, 6), [(r"norm\.weight", "norm.scale")]))
