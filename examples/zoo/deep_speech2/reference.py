"""Deep Speech 2 from section 3 of the paper: torch's convolutions, norms and CTC loss, and the
recurrence of equation 8 with the norm of equation 9."""

import torch
from torch import nn
from torch.nn import functional as F


def clipped(x):
    return x.clamp(0, 20)


class Front(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels, (41, 11), (2, 2), (20, 5), bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, (21, 11), (2, 1), (10, 5), bias=False)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        x = clipped(self.norm1(self.conv1(x[:, None])))
        return clipped(self.norm2(self.conv2(x))).flatten(1, 2).transpose(1, 2)


class Recurrent(nn.Module):
    def __init__(self, features, width, both):
        super().__init__()
        self.input = nn.Linear(features, width, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.forward_ = nn.Linear(width, width, bias=False)
        if both:
            self.backward_ = nn.Linear(width, width, bias=False)
        self.both = both

    def forward(self, x):
        v = self.norm(self.input(x).transpose(1, 2)).transpose(1, 2)

        def along(map, steps):
            h, states = torch.zeros_like(v[:, 0]), {}
            for t in steps:
                h = states[t] = clipped(v[:, t] + map(h))
            return torch.stack([states[t] for t in sorted(states)], 1)

        y = along(self.forward_, range(v.shape[1]))
        return y + along(self.backward_, reversed(range(v.shape[1]))) if self.both else y


class Head(nn.Module):
    def __init__(self, width, letters):
        super().__init__()
        self.hidden = nn.Linear(width, width, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.output = nn.Linear(width, letters)

    def forward(self, x):
        h = clipped(self.norm(self.hidden(x).transpose(1, 2))).transpose(1, 2)
        return self.output(h).log_softmax(-1)


class DeepSpeech2(nn.Module):
    def __init__(self, bands, channels, width, rest, letters, look=0):
        super().__init__()
        self.front = Front(channels)
        self.first = Recurrent(channels * ((bands + 3) // 4), width, look == 0)
        self.rest = nn.Sequential(*[Recurrent(width, width, look == 0) for _ in range(rest)])
        if look:
            self.look = nn.Module()
            self.look.weight = nn.Parameter(torch.empty(width, look))
        self.head = Head(width, letters)

    def forward(self, x):
        h = self.rest(self.first(self.front(x)))
        if hasattr(self, "look"):
            ahead = F.pad(h.transpose(1, 2), (0, self.look.weight.shape[1] - 1))
            h = F.conv1d(ahead, self.look.weight[:, None], groups=len(self.look.weight)).transpose(1, 2)
        return self.head(h)

    def loss(self, x, text, frames, letters):
        p = self(x).transpose(0, 1)
        return F.ctc_loss(p, text.long(), frames.long(), letters.long(), reduction="none")


RENAME = [(r"norm(\d?)\.weight", r"norm\1.scale"), (r"(forward|backward)_", r"\1")]


def check(here):
    with torch.device("meta"):
        here.parameters("deep_speech2", DeepSpeech2(161, 32, 1760, 6, 29))
    small = here.fill(DeepSpeech2(9, 2, 5, 2, 4), RENAME)
    here.expect("recognise", small)
    here.expect("loss", small.loss)
    here.expect("streamed", here.fill(DeepSpeech2(9, 2, 5, 1, 4, look=3), RENAME))
