"""The deep equilibrium transformer of section 4 of the paper with the block of Transformer-XL in torch.
Its equilibrium is found by Newton's method on the whole state, not by repeating the block."""

import torch
from torch import nn
from torch.nn import functional as F


class Words(nn.Module):
    def __init__(self, count, features, width):
        super().__init__()
        self.table = nn.Parameter(torch.empty(count, features))
        self.wide = nn.Linear(features, width, bias=False)
        self.bias = nn.Parameter(torch.empty(count))

    def scores(self, h):
        return F.linear(h @ self.wide.weight, self.table, self.bias)


class Block(nn.Module):
    def __init__(self, width, inner, heads):
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.distance = nn.Linear(width, width, bias=False)
        self.by_key = nn.Parameter(torch.empty(heads, width // heads))
        self.by_distance = nn.Parameter(torch.empty(heads, width // heads))
        self.out = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.heads = heads

    def forward(self, z, u):
        rows, steps, width = z.shape

        def parted(x):
            return x.unflatten(-1, (self.heads, -1)).movedim(-2, 0)

        q, k, v = (parted(it) for it in (self.qkv(z) + u).chunk(3, -1))
        rates = 10000.0 ** (-torch.arange(0, width, 2, dtype=z.dtype) / width)
        place = torch.arange(steps)
        apart = (place[:, None] - place).clamp(min=0)
        turns = apart[..., None] * rates
        r = parted(self.distance(torch.cat([turns.sin(), turns.cos()], -1)))
        scores = torch.einsum("nbid,nbjd->nbij", q + self.by_key[:, None, None], k)
        scores = scores + torch.einsum("nbid,nijd->nbij", q + self.by_distance[:, None, None], r)
        scores = scores / (width // self.heads) ** 0.5
        scores = scores.masked_fill(place[:, None] < place, -torch.inf)
        seen = (scores.softmax(-1) @ v).movedim(0, -2).flatten(-2)
        h = F.layer_norm(z + self.out(seen), [width])
        return F.layer_norm(h + self.down(torch.relu(self.up(h))), [width])


class DeqTransformer(nn.Module):
    def __init__(self, counts, width, inner, heads):
        super().__init__()
        self.counts = counts
        for power, (name, count) in enumerate(zip(["often", "less", "rare", "seldom"], counts)):
            setattr(self, name, Words(count, width // 4**power, width))
        self.parts = nn.Linear(width, 3)
        self.inject = nn.Linear(width, 3 * width)
        self.block = Block(width, inner, heads)

    def clusters(self):
        return [self.often, self.less, self.rare, self.seldom]

    def solved(self, ids):
        features = torch.cat([it.wide(it.table) for it in self.clusters()])
        u = self.inject(features[ids.long()]).detach()
        states = []
        for row in u.split(1):
            z = torch.zeros(1, row.shape[1], features.shape[1], dtype=u.dtype)
            for _ in range(20):
                z = self.block(z, row).detach()
            for _ in range(3):
                slope = torch.autograd.functional.jacobian(lambda z: self.block(z, row) - z, z)
                left = (self.block(z, row) - z).detach()
                z = z - torch.linalg.solve(slope.reshape(z.numel(), -1), left.reshape(-1)).reshape(z.shape)
            assert (self.block(z, row) - z).abs().max() < 1e-10
            states.append(z)
        return torch.cat(states)

    def forward(self, ids):
        h = self.solved(ids)
        top = torch.cat([self.often.scores(h), self.parts(h)], -1).log_softmax(-1)
        tails = [it.scores(h).log_softmax(-1) for it in self.clusters()[1:]]
        count = self.counts[0]
        return torch.cat([top[..., :count]] + [it + top[..., count + n, None] for n, it in enumerate(tails)], -1)


def check(here):
    with torch.device("meta"):
        here.parameters("wikitext", DeqTransformer([20000, 20000, 160000, 67735], 700, 48000, 10))
    small = here.fill(DeqTransformer([5, 3, 4, 2], 66, 11, 3))
    here.expect("score", small)
    here.expect("solved", lambda ids: {"z": small.solved(ids)})
