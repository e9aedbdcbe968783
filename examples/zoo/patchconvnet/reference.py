"""PatchConvNet, from section 3 of the paper and its figure 2, of torch's modules."""

import torch
from torch import nn


class Column(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.before, self.after = nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1)
        self.depth = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.down, self.up = nn.Linear(width, width // 4), nn.Linear(width // 4, width)
        self.gamma = nn.Parameter(torch.empty(width))

    def forward(self, x):
        y = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        y = nn.functional.gelu(self.depth(nn.functional.gelu(self.before(y))))
        factor = torch.sigmoid(self.up(torch.relu(self.down(y.mean((2, 3))))))
        y = self.after(y * factor[:, :, None, None])
        return x + self.gamma[:, None, None] * y


class Aggregate(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.token = nn.Parameter(torch.empty(1, 1, width))
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.q, self.k, self.v, self.proj = (nn.Linear(width, width) for _ in range(4))
        self.scale1, self.scale2 = nn.Parameter(torch.empty(width)), nn.Parameter(torch.empty(width))
        self.up, self.down = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)

    def forward(self, x):
        def heads(y):
            return y.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        token = self.token.expand(len(x), -1, -1)
        seen = self.norm1(torch.cat([token, x], 1))
        found = nn.functional.scaled_dot_product_attention(
            heads(self.q(seen[:, :1])), heads(self.k(seen)), heads(self.v(seen)))
        token = token + self.scale1 * self.proj(found.transpose(1, 2).flatten(2))
        return token + self.scale2 * self.down(nn.functional.gelu(self.up(self.norm2(token))))


class PatchConvNet(nn.Module):
    def __init__(self, width, depth, heads, classes):
        super().__init__()
        widths = [3, width // 8, width // 4, width // 2, width]
        self.stem = nn.ModuleList(
            nn.Conv2d(i, o, 3, 2, padding=1, bias=False) for i, o in zip(widths, widths[1:]))
        self.blocks = nn.Sequential(*(Column(width) for _ in range(depth)))
        self.pool = Aggregate(width, heads)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)

    def forward(self, image):
        x = image
        for at, conv in enumerate(self.stem):
            x = conv(nn.functional.gelu(x) if at > 0 else x)
        x = self.blocks(x).flatten(2).transpose(1, 2)
        return self.head(self.norm(self.pool(x))[:, 0])


RENAME = [
    (r"^stem\.(\d)\.", lambda it: f"stem.conv{int(it[1]) + 1}."),
    (r"^pool\.(q|k|v|proj)\.", r"pool.attn.\1."),
    (r"^pool\.scale(\d)$", r"pool.scale\1.scale"),
    # A map of the means is a convolution of one pixel here.
    (r"(blocks\.\d+)\.(down|up)\.", r"\1.excite.\2."),
    (r"(norm\d?)\.weight", r"\1.scale"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("patchconvnet_s60", PatchConvNet(384, 60, 1, 1000))
    small = here.fill(PatchConvNet(24, 3, 2, 7), RENAME)
    here.expect("classify", lambda image: small(image))
