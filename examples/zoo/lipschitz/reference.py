"""The sandwich layer of equation 9 of the paper with torch's solver for Cayley's transform; and how far two
outputs lie apart against their inputs."""

import torch
from torch import nn


def cayley(x, y):
    one = torch.eye(len(x), dtype=x.dtype)
    z = x - x.T + y.T @ y
    a, b = torch.linalg.solve(one + z, one - z), -2 * torch.linalg.solve((one + z).T, y.T).T
    assert torch.allclose(a.T @ a + b.T @ b, one)
    return a, b


class Sandwich(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        self.x, self.y = nn.Parameter(torch.empty(width, width)), nn.Parameter(torch.empty(inputs, width))
        self.d, self.bias = nn.Parameter(torch.empty(width)), nn.Parameter(torch.empty(width))

    def forward(self, h):
        a, b = cayley(self.x, self.y)
        psi = torch.diag(self.d.exp())
        u = 2**0.5 * h @ b @ torch.linalg.inv(psi) + self.bias
        return 2**0.5 * torch.relu(u) @ psi @ a.T


class SandwichNet(nn.Module):
    def __init__(self, inputs, width, rest, classes, bound):
        super().__init__()
        self.first = Sandwich(inputs, width)
        self.rest = nn.Sequential(*[Sandwich(width, width) for _ in range(rest)])
        self.x, self.y = nn.Parameter(torch.empty(classes, classes)), nn.Parameter(torch.empty(width, classes))
        self.bias = nn.Parameter(torch.empty(classes))
        self.bound = bound

    def forward(self, image):
        h = self.rest(self.first(self.bound**0.5 * image))
        return self.bound**0.5 * h @ cayley(self.x, self.y)[1] + self.bias


def check(here):
    with torch.device("meta"):
        here.parameters("mnist", SandwichNet(784, 256, 2, 10, 0.5))
    small = here.fill(SandwichNet(5, 6, 2, 4, 2.5))

    def classify(image):
        y = small(image.double())
        assert (torch.cdist(y, y) <= 2.5 * torch.cdist(image.double(), image.double()) + 1e-12).all()
        return y

    here.expect("classify", classify)
