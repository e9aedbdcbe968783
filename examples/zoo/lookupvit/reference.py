"""Section 3 of the paper in torch, its attention one head after another."""

import torch
from torch import nn
from torch.nn.functional import gelu, interpolate


class Block(nn.Module):
    def __init__(self, wide, hidden, narrow, heads):
        super().__init__()
        norm = lambda: nn.LayerNorm(wide, 1e-6)  # noqa: E731
        self.heads = heads
        self.few_norm1, self.few_norm2, self.few_norm3, self.few_norm4 = norm(), norm(), norm(), norm()
        self.many_norm1, self.many_norm2 = norm(), norm()
        self.cross = nn.ModuleDict({name: nn.Linear(wide, wide) for name in (
            "query", "key", "value", "output", "back", "back_output")})
        self.attn = nn.MultiheadAttention(wide, heads, batch_first=True)
        self.up, self.down = nn.Linear(wide, hidden), nn.Linear(hidden, wide)
        self.many_up, self.many_down = nn.Linear(wide, narrow), nn.Linear(narrow, wide)

    def forward(self, few, many):
        cross, n = self.cross, self.many_norm1(many)
        q, k, v = (cross[name](it).chunk(self.heads, -1) for name, it in zip(
            ("query", "key", "value"), (self.few_norm1(few), n, n)))
        weights = [(a @ b.mT / a.shape[-1] ** 0.5).softmax(-1) for a, b in zip(q, k)]
        few = few + cross["output"](torch.cat([w @ x for w, x in zip(weights, v)], -1))
        n = self.few_norm2(few)
        few = few + self.attn(n, n, n, need_weights=False)[0]
        few = few + self.down(gelu(self.up(self.few_norm3(few))))
        back = cross["back"](self.few_norm4(few)).chunk(self.heads, -1)
        many = many + cross["back_output"](torch.cat([w.mT @ x for w, x in zip(weights, back)], -1))
        return few, many + self.many_down(gelu(self.many_up(self.many_norm2(many))))


class LookupViT(nn.Module):
    def __init__(self, height, width, patch, few, wide, hidden, narrow, heads, layers, classes):
        super().__init__()
        self.few = few
        self.patches = nn.Conv2d(3, wide, patch, patch)
        self.positions = nn.Parameter(torch.empty(height // patch, width // patch, wide))
        self.cls = nn.Parameter(torch.empty(wide))
        self.blocks = nn.ModuleList(Block(wide, hidden, narrow, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(wide, 1e-6)
        self.head = nn.Linear(wide, classes)

    def forward(self, image):
        pixels = self.patches(image) + self.positions.permute(2, 0, 1)
        few = interpolate(pixels, self.few, mode="bilinear", antialias=True).flatten(2).mT
        few = torch.cat([self.cls.expand(len(few), 1, -1), few], 1)
        many = pixels.flatten(2).mT
        for block in self.blocks:
            few, many = block(few, many)
        return self.head(self.norm(few)[:, 0])


RENAME = [(r"norm(\d?)\.weight", r"norm\1.scale"), (r"^cls", "class")]


def check(here):
    with torch.device("meta"):
        for side in (5, 10):
            here.parameters(f"lookupvit_b16_{side}x{side}", LookupViT(
                224, 224, 16, (side, side), 768, 3072, 384, 12, 12, 1000))
    small = here.fill(LookupViT(35, 20, 5, (3, 2), 12, 26, 7, 3, 2, 6), RENAME)
    here.expect("classify", lambda image: small(image))
