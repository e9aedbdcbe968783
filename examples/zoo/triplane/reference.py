"""The field of section 4 of the paper: torch's `grid_sample` on three planes, and torch's modules."""

import torch
from torch import nn
from torch.nn.functional import grid_sample, softplus


class Field(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        self.hidden = nn.Linear(channels, hidden)
        self.output = nn.Linear(hidden, 4)

    def forward(self, planes, points):
        # Each pair is the column and the row of a plane.
        pairs = [points[..., [0, 1]], points[..., [0, 2]], points[..., [2, 1]]]
        features = sum(
            grid_sample(planes[:, at], pair[:, None], align_corners=True)[:, :, 0].transpose(1, 2)
            for at, pair in enumerate(pairs))
        h = self.output(softplus(self.hidden(features)))
        return {"color": torch.sigmoid(h[..., 1:]), "density": h[..., 0]}


def check(here):
    here.parameters("eg3d", Field(32, 64))
    small = here.fill(Field(5, 7))
    here.expect("colours", lambda planes, points: small(planes, points))
