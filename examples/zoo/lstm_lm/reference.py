"""LSTM language model of torch's layers."""

import torch
from torch import nn


class LanguageModel(nn.Module):
    def __init__(self, words, width):
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.layers = nn.LSTM(width, width, 2, batch_first=True)
        self.head = nn.Linear(width, words)

    def forward(self, ids, state=None):
        y, state = self.layers(self.words(ids.long()), state)
        return self.head(y), state


RENAME = [
    (r"words\.weight", "words.table"),
    (r"layers\.(weight|bias)_ih_l0", r"first.input.\1"),
    (r"layers\.(weight|bias)_hh_l0", r"first.recurrent.\1"),
    (r"layers\.(weight|bias)_ih_l1", r"second.input.\1"),
    (r"layers\.(weight|bias)_hh_l1", r"second.recurrent.\1"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("large", LanguageModel(10000, 1500))
    small = here.fill(LanguageModel(13, 5), RENAME)

    def more(ids, h, c):
        output, (h, c) = small(ids, (h, c))
        return {"output": output, "h": h, "c": c}

    here.expect("score", lambda ids: small(ids)[0])
    here.expect("more", more)
