"""The whole text as one sequence, in torch: what is local and what is global are masks."""

import torch
from torch import nn
from torch.nn.functional import gelu, scaled_dot_product_attention


class Attention(nn.Module):
    def __init__(self, wide, to, inner, heads):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(wide, inner)
        self.key = nn.Linear(to, inner)
        self.value = nn.Linear(to, inner)
        self.output = nn.Linear(inner, wide)

    def forward(self, x, to, mask):
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
                   for y in (self.query(x), self.key(to), self.value(to)))
        return self.output(scaled_dot_product_attention(q, k, v, mask).transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, wide, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(wide, 1e-6)
        self.attn = Attention(wide, wide, wide, heads)
        self.norm2 = nn.LayerNorm(wide, 1e-6)
        self.up = nn.Linear(wide, 4 * wide)
        self.down = nn.Linear(4 * wide, wide)

    def forward(self, x, mask):
        n = self.norm1(x)
        x = x + self.attn(n, n, mask)
        return x + self.down(gelu(self.up(self.norm2(x))))


class Cross(nn.Module):
    def __init__(self, wide, to, inner, heads):
        super().__init__()
        self.norm = nn.LayerNorm(wide, 1e-6)
        self.to_norm = nn.LayerNorm(to, 1e-6)
        self.attn = Attention(wide, to, inner, heads)

    def forward(self, x, to, mask):
        return x + self.attn(self.norm(x), self.to_norm(to), mask)


class Stage(nn.Module):
    def __init__(self, wide, latent, heads, latent_heads, near, far):
        super().__init__()
        self.near = nn.ModuleList(Block(wide, heads) for _ in range(near))
        self.read = Cross(latent, wide, wide, heads)
        self.far = nn.ModuleList(Block(latent, latent_heads) for _ in range(far))
        self.write = Cross(wide, latent, wide, heads)


class Fit(nn.Module):
    def __init__(self, vocab, groups, size, few, wide, latent, heads, latent_heads, near, far, stages):
        super().__init__()
        self.words = nn.Embedding(vocab, wide)
        self.positions = nn.Parameter(torch.empty(size, wide))
        self.latents = nn.Parameter(torch.empty(groups, few, latent))
        self.stages = nn.ModuleList(
            Stage(wide, latent, heads, latent_heads, near, far) for _ in range(stages))
        self.last = nn.ModuleList(Block(wide, heads) for _ in range(near))
        self.norm = nn.LayerNorm(wide, 1e-6)
        self.bias = nn.Parameter(torch.empty(vocab))

    def forward(self, ids):
        groups, size = ids.shape[1:]
        few = self.latents.shape[1]
        token = torch.arange(groups).repeat_interleave(size)
        latent = torch.arange(groups).repeat_interleave(few)
        near = (token[:, None] == token) & torch.ones(len(token), len(token), dtype=bool).tril()
        far = latent[:, None] >= latent
        # The group that is written to is one behind the latents; before the first there are zeros.
        written = token[:, None] == torch.cat([latent[:few], latent[:-few] + 1])

        x = self.words(ids.flatten(1)) + self.positions.repeat(groups, 1)
        z = self.latents.flatten(0, 1).expand(len(x), -1, -1)
        for stage in self.stages:
            for block in stage.near:
                x = block(x, near)
            z = stage.read(z, x, latent[:, None] == token)
            for block in stage.far:
                z = block(z, far)
            zeros = torch.zeros_like(z[:, :few])
            x = stage.write(x, torch.cat([zeros, z[:, :-few]], 1), written)
        for block in self.last:
            x = block(x, near)
        return (self.norm(x) @ self.words.weight.T + self.bias).unflatten(1, (groups, size))


RENAME = [(r"^words\.weight", "words.table"), (r"norm(\d?)\.weight", r"norm\1.scale")]


def check(here):
    with torch.device("meta"):
        here.parameters("fit_pixels", Fit(256, 48, 256, 32, 512, 768, 8, 12, 2, 4, 2))
    small = here.fill(Fit(19, 3, 5, 2, 12, 20, 3, 5, 1, 2, 2), RENAME)
    here.expect("score", lambda ids: small(ids))
