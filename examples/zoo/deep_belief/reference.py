"""A deep belief net in torch. Labels are weighed by the sum over all states of the top machine's hidden units, one
by one; the chances of one unit come from its joint energy with the other layer."""

import itertools

import torch
from torch import nn


class Rbm(nn.Module):
    def __init__(self, seen, units):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(units, seen))
        self.visible = nn.Parameter(torch.empty(seen))
        self.hidden = nn.Parameter(torch.empty(units))

    def up(self, v):
        return torch.sigmoid(torch.addmm(self.hidden, v, self.weight.T))

    def down(self, h):
        return torch.sigmoid(torch.addmm(self.visible, h, self.weight))

    def log_sum(self, v):
        """The logarithm of the sum of `exp(-energy)` over all states of the hidden units."""
        states = torch.tensor(list(itertools.product([0.0, 1.0], repeat=len(self.hidden))), dtype=v.dtype)
        joint = v @ self.visible + states @ self.hidden + states @ self.weight @ v
        return joint.logsumexp(0)


class DeepBelief(nn.Module):
    def __init__(self, seen, first, second, top, labels):
        super().__init__()
        self.first, self.second = Rbm(seen, first), Rbm(first, second)
        self.top = Rbm(second + labels, top)
        self.labels = torch.eye(labels)

    def forward(self, image):
        h = self.second.up(self.first.up(image))
        scores = [[self.top.log_sum(torch.cat([row, label.to(row.dtype)])) for label in self.labels] for row in h]
        return torch.stack([torch.stack(row) for row in scores]).softmax(-1)

    def dream(self, label, start, u, w):
        v, told = start, self.labels[label.long()].to(start.dtype)
        for by, by_seen in zip(u, w):
            h = (by < self.top.up(torch.cat([v, told], 1))).to(v.dtype)
            v = (by_seen < self.top.down(h)[:, :start.shape[1]]).to(v.dtype)
        return self.first.down(self.second.down(v))

    def learnt(self, image, u):
        p = self.first.up(image)
        dream = self.first.down((u < p).to(p.dtype))
        q = self.first.up(dream)
        return {
            "weight": (p.T @ image - q.T @ dream) / len(image),
            "visible": (image - dream).mean(0),
            "hidden": (p - q).mean(0),
        }


def check(here):
    with torch.device("meta"):
        here.parameters("mnist", DeepBelief(784, 500, 500, 2000, 10))
    small = here.fill(DeepBelief(4, 5, 6, 7, 3))
    here.expect("classify", lambda image: small(image.double()))
    here.expect("dream", lambda label, **rest: small.dream(label, **{name: it.double() for name, it in rest.items()}))
    here.expect("learnt", lambda image, u: small.learnt(image.double(), u.double()))
