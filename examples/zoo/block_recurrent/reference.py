"""Figure 2 and the fixed gate of section 3 in torch, block after block."""

import torch
from torch import nn
from torch.nn.functional import normalize
from transformers.models.t5.modeling_t5 import T5Attention


def attend(q, k, v, scale, extra=0.0):
    scores = normalize(q, dim=-1) @ normalize(k, dim=-1).mT * scale[:, None, None] + extra
    return scores.softmax(-1) @ v


class Part(nn.Module):
    """What layers of words and of states have: maps to heads, and back."""

    def maps(self, prefix, names, wide, heads, head):
        self.heads = heads
        for name in names:
            setattr(self, prefix + name, nn.Linear(wide, heads * head, bias=False))

    def split(self, x):
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def merge(self, *parts):
        return torch.cat([x.transpose(1, 2).flatten(2) for x in parts], -1)


class Block(Part):
    def __init__(self, wide, hidden, heads, head, window, parts=1):
        super().__init__()
        self.window = window
        self.norm = nn.RMSNorm(wide, 1e-6)
        self.maps("", ["query", "key", "value"], wide, heads, head)
        self.scale = nn.Parameter(torch.empty(heads))
        self.bias = nn.Parameter(torch.empty(32, heads))
        self.output = nn.Linear(parts * heads * head, wide, bias=False)
        self.mlp_norm = nn.RMSNorm(wide, 1e-6)
        self.up = nn.Linear(wide, hidden, bias=False)
        self.down = nn.Linear(hidden, wide, bias=False)

    def near(self, n):
        """What each word sees of its window."""
        steps = torch.arange(n.shape[1])
        distance = steps - steps[:, None]
        run = T5Attention._relative_position_bucket(distance, bidirectional=False)
        extra = self.bias[run].permute(2, 0, 1)
        extra = extra.masked_fill((distance > 0) | (distance <= -self.window), -torch.inf)
        return attend(*(self.split(f(n)) for f in (self.query, self.key, self.value)), self.scale, extra)

    def mlp(self, x):
        return x + self.down(self.up(self.mlp_norm(x)).relu())

    def forward(self, x):
        return self.mlp(x + self.output(self.merge(self.near(self.norm(x)))))


class RecurrentBlock(Block):
    def __init__(self, wide, hidden, heads, head, window, states):
        super().__init__(wide, hidden, heads, head, window, parts=2)
        self.maps("", ["across"], wide, heads, head)
        self.across_scale = nn.Parameter(torch.empty(heads))
        self.start = nn.Parameter(torch.empty(states, wide))
        self.names = nn.Parameter(torch.empty(states, wide))
        self.state_norm = nn.RMSNorm(wide, 1e-6)
        self.maps("state_", ["query", "key", "value", "across"], wide, heads, head)
        self.state_scale = nn.Parameter(torch.empty(heads))
        self.state_across_scale = nn.Parameter(torch.empty(heads))
        self.state_output = nn.Linear(2 * heads * head, wide, bias=False)
        self.gate = nn.Parameter(torch.empty(wide))

    def forward(self, x):
        n = self.norm(x)
        state, far = self.start.expand(len(x), -1, -1), []
        for words in n.split(self.window, 1):
            s = self.state_norm(state) + self.names
            k, v = self.split(self.state_key(s)), self.split(self.state_value(s))
            far.append(attend(self.split(self.across(words)), k, v, self.across_scale))
            own = attend(self.split(self.state_query(s)), k, v, self.state_scale)
            seen = attend(self.split(self.state_across(s)), self.split(self.key(words)),
                          self.split(self.value(words)), self.state_across_scale)
            g = self.gate.sigmoid()
            state = g * state + (1 - g) * self.state_output(self.merge(own, seen))
        return self.mlp(x + self.output(self.merge(self.near(n), torch.cat(far, 2))))


class BlockRecurrent(nn.Module):
    def __init__(self, vocab, wide, hidden, heads, head, window, states, before, behind):
        super().__init__()
        sizes = wide, hidden, heads, head, window
        self.words = nn.Embedding(vocab, wide)
        self.before = nn.Sequential(*(Block(*sizes) for _ in range(before)))
        self.recurrent = RecurrentBlock(*sizes, states)
        self.behind = nn.Sequential(*(Block(*sizes) for _ in range(behind)))
        self.norm = nn.RMSNorm(wide, 1e-6)

    def forward(self, ids):
        x = self.behind(self.recurrent(self.before(self.words(ids))))
        return self.norm(x) @ self.words.weight.T


RENAME = [
    (r"^words\.weight", "words.table"),
    (r"\.mlp_norm\.", ".mlp.norm."),
    (r"\.(up|down)\.", r".mlp.\1."),
    (r"norm\.weight", "norm.scale"),
    (r"\.bias$", ".bias.weight"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("fixed_skip_512", BlockRecurrent(32000, 1024, 4096, 8, 128, 512, 512, 9, 2))
    small = here.fill(BlockRecurrent(19, 12, 14, 3, 5, 4, 3, 1, 1), RENAME)
    here.expect("score", lambda ids: small(ids))
