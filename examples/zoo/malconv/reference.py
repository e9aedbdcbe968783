"""MalConv of torch's layers."""

import torch
from torch import nn


class MalConv(nn.Module):
    def __init__(self, tokens, width, channels, classes, window):
        super().__init__()
        self.bytes = nn.Embedding(tokens, width)
        self.filter = nn.Conv1d(width, channels, window, stride=window)
        self.gate = nn.Conv1d(width, channels, window, stride=window)
        self.hidden = nn.Linear(channels, channels)
        self.head = nn.Linear(channels, classes)

    def windows(self, program):
        x = self.bytes(program.long()).transpose(1, 2)
        return self.filter(x) * torch.sigmoid(self.gate(x))

    def forward(self, program):
        return self.head(torch.relu(self.hidden(self.windows(program).amax(2))))


def check(here):
    with torch.device("meta"):
        here.parameters("malconv", MalConv(257, 8, 128, 1, 500))
    small = here.fill(MalConv(19, 5, 7, 3, 6), [(r"bytes\.weight", "bytes.table")])
    here.expect("classify", small)
    here.expect("found", lambda program: small.windows(program).argmax(2))
