"""The network of section 4 of the paper with each of its fifteen maps as an array of four indices: ones
where the indices that a partition joins are equal, and zeros."""

import itertools

import torch
from torch import nn

# Two indices go out and two come in; those with one letter are equal.
MAPS = {
    "straight": ["abab"],
    "turned": ["abba"],
    "to_row": ["abaa", "abac", "abca"],
    "to_column": ["abbb", "abbc", "abcb"],
    "own": ["aaaa", "aaab", "aaba"],
    "all_over": ["abcc", "abcd"],
    "all_own": ["aabb", "aabc"],
}


def array(pattern, nodes):
    result = torch.zeros([nodes] * 4, dtype=torch.float64)
    pairs = [(p, q) for p, q in itertools.combinations(range(4), 2) if pattern[p] == pattern[q]]
    for at in itertools.product(range(nodes), repeat=4):
        result[at] = all(at[p] == at[q] for p, q in pairs)
    summed = set(pattern[2:]) - set(pattern[:2])
    return result / nodes ** len(summed)


class Equivariant(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        for name, patterns in MAPS.items():
            middle = [len(patterns)] if len(patterns) > 1 else []
            setattr(self, name, nn.Parameter(torch.empty(outputs, *middle, inputs)))
        self.bias, self.own_bias = nn.Parameter(torch.empty(outputs)), nn.Parameter(torch.empty(outputs))

    def forward(self, x):
        nodes = x.shape[-1]
        y = self.bias[:, None, None] + self.own_bias[:, None, None] * torch.eye(nodes, dtype=x.dtype)
        for name, patterns in MAPS.items():
            weight = getattr(self, name)
            for at, pattern in enumerate(patterns):
                one = weight[:, at] if len(patterns) > 1 else weight
                y = y + torch.einsum("ijkl,oc,bckl->boij", array(pattern, nodes), one, x)
        return y


class GraphNet(nn.Module):
    def __init__(self, channels, k1, k2, k3, width, hidden, classes):
        super().__init__()
        self.first, self.second, self.third = Equivariant(channels, k1), Equivariant(k1, k2), Equivariant(k2, k3)
        self.reduce = nn.Parameter(torch.empty(width, 2, k3))
        self.hidden, self.head = nn.Linear(width, hidden), nn.Linear(hidden, classes)

    def forward(self, x):
        for layer in [self.first, self.second, self.third]:
            x = torch.relu(layer(x))
        whole = torch.stack([x.diagonal(dim1=2, dim2=3).mean(-1), x.mean((2, 3))], 1)
        z = torch.einsum("dsk,bsk->bd", self.reduce, whole)
        return self.head(torch.relu(self.hidden(torch.relu(z))))


def check(here):
    with torch.device("meta"):
        here.parameters("mutag", GraphNet(8, 16, 32, 256, 512, 256, 2))
    here.expect("classify", here.fill(GraphNet(2, 3, 4, 5, 7, 6, 3)))
