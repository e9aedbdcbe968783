"""The network of section 4 of the paper in torch: attention by torch's function, one-hot conditions,
and bits from integers. With walls, a fourth attention is added to the three."""

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.heads = heads

    def forward(self, x, to, look):
        def parted(y):
            return y.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        y = F.scaled_dot_product_attention(parted(self.q(x)), parted(self.k(to)), parted(self.v(to)), look[:, None])
        return self.out(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.own, self.door, self.all = (Attention(width, heads) for _ in range(3))
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x, near, behind, around, wall=None):
        n = F.layer_norm(x, x.shape[-1:])
        x = x + self.own(n, n, near) + self.door(n, n, behind) + self.all(n, n, around)
        if wall is not None:
            x = x + wall(n)
        return x + self.down(torch.relu(self.up(F.layer_norm(x, x.shape[-1:]))))


class WallBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.block = Block(width, heads)
        self.wall = Attention(width, heads)

    def forward(self, x, lines, near, behind, around, walls):
        return self.block(x, near, behind, around, lambda n: self.wall(n, lines, walls))


class HouseDiffusion(nn.Module):
    def __init__(self, kinds, rooms, width, heads, depth):
        super().__init__()
        self.kinds, self.rooms, self.width = kinds, rooms, width
        self.time1, self.time2 = nn.Linear(width, width), nn.Linear(width, width)
        self.input = nn.Linear(18, width)
        self.condition = nn.Linear(kinds + 2 * rooms, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.out1, self.out2 = nn.Linear(width, width), nn.Linear(width, width // 2)
        self.out3 = nn.Linear(width // 2, 2)
        self.bin1 = nn.Linear(162 + width, width)
        self.bin2, self.bin3 = Block(width, 1), Block(width, 1)
        self.bin4 = nn.Linear(width, 16)

    def forward(self, x, step, signal, noise, kind, corner, room, next, doors, there):
        kind, corner, room, next = (it.long() for it in (kind, corner, room, next))
        masks = (
            room[:, :, None] == room[:, None, :],
            torch.stack([doors[b][room[b]][:, room[b]] for b in range(len(x))]),
            there[:, None, :].expand(-1, x.shape[1], -1),
        )
        other = torch.stack([x[b, next[b]] for b in range(len(x))])
        points = torch.cat([torch.lerp(x, other, i / 8) for i in range(9)], -1)
        hot = [F.one_hot(kind, self.kinds), F.one_hot(corner, self.rooms), F.one_hot(room, self.rooms)]
        known = self.condition(torch.cat(hot, -1).to(x.dtype))
        omega = 10000 ** (-torch.arange(self.width // 2, dtype=x.dtype) / (self.width // 2))
        angle = step[:, None] * omega
        when = self.time2(F.silu(self.time1(torch.cat([angle.cos(), angle.sin()], -1))))

        h = self.input(points) + known + when[:, None]
        for block in self.blocks:
            h = block(h, *masks)
        e = self.out3(self.out2(torch.relu(self.out1(h))))

        clean = points * signal[:, None, None] - e.repeat(1, 1, 9) * noise[:, None, None]
        whole = ((clean / 2 + 0.5) * 256).round().int()
        ones = (whole[..., None] >> torch.arange(7, -1, -1)) & 1
        g = torch.cat([clean, ones.flatten(2) * 2 - 1, known], -1)
        g = self.bin2(torch.relu(self.bin1(g)), *masks)
        return {"e": e, "bit": self.bin4(self.bin3(g, *masks))}


def check(here):
    with torch.device("meta"):
        here.parameters("house_diffusion", HouseDiffusion(25, 32, 512, 4, 4))
        here.parameters("wall_block", WallBlock(512, 4))
    small = here.fill(HouseDiffusion(3, 4, 6, 2, 2))
    here.expect("denoise", small)
    here.expect("attend", here.fill(WallBlock(6, 3)))
