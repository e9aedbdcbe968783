"""DataMUX by section 3 of the paper, with torch's encoder layers: Hadamard products that multiplex, and index
tokens that tell apart."""

import torch
from torch import nn
from torch.nn import functional as F


class DataMux(nn.Module):
    def __init__(self, words, places, width, hidden, heads, depth, texts, classes):
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.positions = nn.Parameter(torch.empty(places, width))
        self.marks = nn.Parameter(torch.empty(texts + 1, width))
        self.mux = nn.Parameter(torch.empty(texts, width))
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.blocks = nn.ModuleList([nn.TransformerEncoderLayer(
            width, heads, hidden, 0, "gelu", 1e-12, batch_first=True) for _ in range(depth)])
        self.key, self.value = nn.Linear(2 * width, hidden), nn.Linear(hidden, width)
        self.out = nn.LayerNorm(width, eps=1e-12)
        self.head = nn.Linear(width, classes)

    def forward(self, ids):
        texts, steps = ids.shape[1:]
        mixed = 0
        for n in range(texts):
            prefix = self.marks[-1].repeat(texts, 1)
            prefix[n] = self.marks[n]
            row = torch.cat([prefix.expand(len(ids), -1, -1), self.words(ids[:, n].long())], 1)
            mixed = mixed + row * self.mux[n] / texts
        y = self.norm(mixed + self.positions[:texts + steps])
        for block in self.blocks:
            y = block(y)
        told = []
        for n in range(texts):
            pair = torch.cat([y[:, texts:], y[:, n, None].expand(-1, steps, -1)], -1)
            told.append(self.head(self.out(self.value(F.gelu(self.key(pair))))))
        return torch.stack(told, 1)


RENAME = [
    (r"words\.weight", "words.table"), (r"self_attn", "attn"), (r"linear1", "up"), (r"linear2", "down"),
    (r"(norm\d?|out)\.weight", r"\1.scale"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("tmux", DataMux(30522, 512, 768, 3072, 12, 12, 10, 9))
    here.expect("tag", here.fill(DataMux(11, 9, 6, 7, 3, 2, 3, 4), RENAME))
