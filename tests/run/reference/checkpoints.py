"""Programs whose weights come from files of another make."""

import numpy as np

from .attention import attention, causal, heads, merged
from .common import of, relu
from .images import conv


@of("checkpoint_fused")
def _(p, x, sizes):
    x = x["x"]
    for i in range(2):
        path = f"h.{i}.attn"
        fused = x @ p.stored(f"{path}.c_attn.weight", 6, 18) + p.stored(f"{path}.c_attn.bias", 18)
        q, k, v = (heads(it, 2) for it in np.split(fused, 3, axis=-1))
        a = merged(attention(q, k, v, causal(x.shape[1])))
        x = x + a @ p.stored(f"{path}.c_proj.weight", 6, 6) + p.stored(f"{path}.c_proj.bias", 6)
    return x


@of("checkpoint_layouts")
def _(p, x, sizes):
    # As that framework computes: channels last throughout.
    weight = p.stored("conv2d/kernel", 3, 3, 2, 5).transpose(3, 2, 0, 1)
    image = x["image"].transpose(0, 3, 1, 2)
    y = relu(conv(image, weight, pad=1).transpose(0, 2, 3, 1) + p.stored("conv2d/bias", 5))
    return y.reshape(len(y), -1) @ p.stored("dense/kernel", 60, 3) + p.stored("dense/bias", 3)
