"""The temporal fusion transformer by the equations of section 4 of the paper, with torch's LSTM."""

import torch
from torch import nn
from torch.nn import functional as F


class GateNorm(nn.Module):
    def __init__(self, width, out):
        super().__init__()
        self.gate = nn.Linear(width, 2 * out)
        self.norm = nn.LayerNorm(out)

    def forward(self, x, by):
        return self.norm(by + F.glu(self.gate(x), -1))


class Grn(nn.Module):
    def __init__(self, inputs, width, out, context=False):
        super().__init__()
        self.up = nn.Linear(inputs, width)
        self.told = nn.Linear(width, width, bias=False) if context else None
        self.map = nn.Linear(width, width)
        self.out = GateNorm(width, out)
        self.by = nn.Linear(inputs, out) if inputs != out else nn.Identity()

    def forward(self, x, context=None):
        eta = self.up(x)
        if context is not None:
            eta = eta + self.told(context)
        return self.out(self.map(F.elu(eta)), self.by(x))


class Variables(nn.Module):
    def __init__(self, count, width):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(count, width))
        self.bias = nn.Parameter(torch.empty(count, width))

    def forward(self, x):
        return x[..., None] * self.weight + self.bias


class Select(nn.Module):
    def __init__(self, count, width, context=True):
        super().__init__()
        self.weigh = Grn(count * width, width, count, context)
        self.each = nn.ModuleList([Grn(width, width, width) for _ in range(count)])

    def forward(self, x, context=None):
        weights = self.weigh(x.flatten(-2), context).softmax(-1)
        processed = torch.stack([layer(x[..., j, :]) for j, layer in enumerate(self.each)], -1)
        return (processed @ weights[..., None])[..., 0]


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.q, self.k = nn.Linear(width, width), nn.Linear(width, width)
        self.v = nn.Linear(width, width // heads)
        self.out = nn.Linear(width // heads, width)
        self.heads = heads

    def forward(self, x):
        seen = torch.ones(x.shape[1], x.shape[1]).tril().bool()
        heads = []
        for q, k in zip(self.q(x).chunk(self.heads, -1), self.k(x).chunk(self.heads, -1)):
            heads.append(F.scaled_dot_product_attention(q, k, self.v(x), seen))
        return self.out(sum(heads) / self.heads)


class TemporalFusion(nn.Module):
    def __init__(self, names, seen, known, width, heads, quantiles):
        super().__init__()
        self.name = nn.Embedding(names, width)
        self.seen, self.known = Variables(seen, width), Variables(known, width)
        self.static = Select(1, width, context=False)
        for part in ["choosing", "hidden", "cell", "rich", "forward_"]:
            setattr(self, part, Grn(width, width, width))
        self.past, self.future = Select(seen + known, width), Select(known, width)
        self.encoder = nn.LSTM(width, width, batch_first=True)
        self.decoder = nn.LSTM(width, width, batch_first=True)
        self.behind_lstm, self.behind_attention, self.last = (GateNorm(width, width) for _ in range(3))
        self.enrich = Grn(width, width, width, context=True)
        self.attention = Attention(width, heads)
        self.head = nn.Linear(width, quantiles)

    def forward(self, id, past_seen, all_known):
        steps = past_seen.shape[1]
        static = self.static(self.name(id.long())[:, None])
        context = self.choosing(static)[:, None]
        known = self.known(all_known)
        past = self.past(torch.cat([self.seen(past_seen), known[:, :steps]], 2), context)
        future = self.future(known[:, steps:], context)

        state = self.hidden(static)[None], self.cell(static)[None]
        encoded, state = self.encoder(past, state)
        decoded, _ = self.decoder(future, state)
        local = self.behind_lstm(torch.cat([encoded, decoded], 1), torch.cat([past, future], 1))

        theta = self.enrich(local, self.rich(static)[:, None])
        delta = self.behind_attention(self.attention(theta), theta)
        return self.head(self.last(self.forward_(delta), local)[:, steps:])


RENAME = [
    (r"norm\.weight", "norm.scale"), (r"name\.weight", "name.table"), (r"forward_", "forward"),
    (r"(encoder|decoder)\.(\w+)_l0", r"\1.\2"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("electricity", TemporalFusion(369, 1, 3, 160, 4, 3))
    here.expect("forecast", here.fill(TemporalFusion(7, 2, 3, 6, 2, 4), RENAME))
