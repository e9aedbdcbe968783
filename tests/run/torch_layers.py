#!/usr/bin/env python3
"""Holds the transcriptions of the library's layers in reference/library against PyTorch's layers.

    torch_layers.py [SEED]     says what was held against what, and fails where it differs

With timm and transformers also against theirs, where they are there.
"""

import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from reference import convolutions
from reference.library import activations, attention, decoding, losses, norms, recurrent, state_spaces

torch.set_default_dtype(torch.float64)
SEED = int(sys.argv[1]) if len(sys.argv) > 1 else np.random.SeedSequence().entropy % 2**32
random = np.random.default_rng(SEED)
torch.manual_seed(SEED)
done = []


def numbers(*shape, low=-2.0, high=2.0):
    return random.uniform(low, high, shape)


def tensor(x):
    return torch.from_numpy(np.ascontiguousarray(x))


def own(parameter):
    return parameter.detach().numpy()


def same(name, ours, theirs, within=1e-9):
    theirs = theirs.detach().numpy() if isinstance(theirs, torch.Tensor) else np.asarray(theirs)
    assert ours.shape == theirs.shape, f"{name}: {ours.shape} is not {theirs.shape} (seed {SEED})"
    error = np.abs(ours - theirs).max() / max(np.abs(theirs).mean(), 1e-12)
    assert error < within, f"{name}: off by {error} (seed {SEED})"
    done.append(name)


def random_weights(layer):
    """Weights, biases and statistics other than at the start."""
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(tensor(numbers(*parameter.shape)))
        for name, buffer in layer.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(tensor(numbers(*buffer.shape)))
            if name.endswith("running_var"):
                buffer.copy_(tensor(numbers(*buffer.shape, low=0.5, high=1.5)))
    return layer.eval()


def of_activations():
    x = numbers(5, 7, high=4)
    for name, ours, theirs in (
        ("selu", activations.selu(x), F.selu),
        ("celu", activations.celu(x, 1.4), lambda it: F.celu(it, 1.4)),
        ("rrelu", activations.leaky(x, 0.2), lambda it: F.rrelu(it, 0.1, 0.3)),
        ("threshold", activations.threshold(x, 0.7, -2.5), lambda it: F.threshold(it, 0.7, -2.5)),
        ("hard_shrink", activations.hard_shrink(x, 1.5), lambda it: F.hardshrink(it, 1.5)),
        ("soft_shrink", activations.soft_shrink(x, 0.8), lambda it: F.softshrink(it, 0.8)),
        ("softsign", activations.softsign(x), F.softsign),
        ("log_sigmoid", activations.log_sigmoid(x), F.logsigmoid),
        ("log_softmax", activations.log_softmax(x), lambda it: F.log_softmax(it, -1)),
        ("glu", activations.glu(x[:, :6]), lambda it: F.glu(it[:, :6])),
    ):
        same(name, ours, theirs(tensor(x)))
    slopes = numbers(7)
    same("prelu", activations.leaky(x, slopes), F.prelu(tensor(x), tensor(slopes)))


def of_norms():
    x = numbers(2, 6, 5, 3, high=3)
    layer = random_weights(nn.InstanceNorm2d(6, affine=True))
    affine = [norms.channels(own(it), 2) for it in (layer.weight, layer.bias)]
    same("InstanceNorm", norms.standardized(x, (2, 3)) * affine[0] + affine[1], layer(tensor(x)))
    volume = numbers(2, 6, 2, 3, 4)
    layer = random_weights(nn.BatchNorm3d(6, affine=False))
    same("BatchNorm3d", norms.batch(volume, layer.running_mean.numpy(), layer.running_var.numpy()), layer(tensor(volume)))
    for n, k in ((3, 2.0), (4, 1.0)):
        theirs = F.local_response_norm(tensor(x), n, 0.5, 0.75, k)
        same(f"local_response_norm n={n}", norms.local_response(x, n, 0.5, 0.75, k), theirs)
    rows = numbers(4, 7)
    projected = rows - rows.mean(-1, keepdims=True)
    same("layer norm in two parts", norms.rms(projected, 1e-5), F.layer_norm(tensor(rows), (7,)))
    try:
        from timm.layers import EvoNorm2dB0, EvoNorm2dS0, LayerNorm2d
        from timm.layers.grn import GlobalResponseNorm
    except ImportError:
        return
    # Theirs computes deviations in f32.
    layer = random_weights(EvoNorm2dB0(6))
    parts = [own(it) for it in (layer.weight, layer.bias, layer.v)]
    same("timm EvoNorm2dB0", norms.evo_norm_b0(x, *parts, layer.running_var.numpy(), 1e-3), layer(tensor(x)), 1e-5)
    layer = random_weights(EvoNorm2dS0(6, groups=2))
    parts = [own(it) for it in (layer.weight, layer.bias, layer.v)]
    same("timm EvoNorm2dS0", norms.evo_norm_s0(x, *parts, groups=2), layer(tensor(x)), 1e-5)
    layer = random_weights(LayerNorm2d(6))
    same("timm LayerNorm2d", norms.layer_norm_2d(x, own(layer.weight), own(layer.bias)), layer(tensor(x)))
    layer = random_weights(GlobalResponseNorm(6, channels_last=False))
    same("timm GlobalResponseNorm", norms.global_response(x, own(layer.weight), own(layer.bias)), layer(tensor(x)))


def of_attention():
    x, to = numbers(2, 5, 8), numbers(2, 7, 8)
    layer = random_weights(nn.MultiheadAttention(8, 4, batch_first=True))
    weights = [own(it) for it in (layer.in_proj_weight, layer.in_proj_bias, layer.out_proj.weight, layer.out_proj.bias)]
    mask, there = attention.causal(5), random.random((2, 7)) < 0.7
    there[:, 0] = True
    theirs = layer(*[tensor(x)] * 3, attn_mask=tensor(~mask))[0]
    same("MultiheadAttention, causal", attention.multihead(x, x, 4, *weights, mask=mask), theirs)
    theirs = layer(tensor(x), tensor(to), tensor(to), key_padding_mask=tensor(~there))[0]
    same("MultiheadAttention, cross and padded", attention.multihead(x, to, 4, *weights, there=there), theirs)
    q, k, v = numbers(2, 4, 5, 3), numbers(2, 2, 7, 3), numbers(2, 2, 7, 6)
    theirs = F.scaled_dot_product_attention(tensor(q), tensor(k), tensor(v), enable_gqa=True)
    same("attend, heads in groups", attention.attend(q, k, v), theirs)


def of_recurrences():
    x = numbers(2, 7, 5)
    for name, ours, theirs in (
        ("Rnn", recurrent.rnn, nn.RNN),
        ("Lstm", recurrent.lstm, nn.LSTM),
        ("Gru", recurrent.gru, nn.GRU),
    ):
        layer = random_weights(theirs(5, 4, batch_first=True))
        same(name, ours(x, *map(own, layer.parameters()))[0], layer(tensor(x))[0])
        layer = random_weights(theirs(5, 4, batch_first=True, bidirectional=True))
        parts = [own(it) for it in layer.parameters()]
        ways = [lambda rows, w=w: ours(rows, *w) for w in (parts[:4], parts[4:])]
        same(f"Bi{name}", recurrent.both(*ways, x), layer(tensor(x))[0])
        layer = random_weights(theirs(5, 4, num_layers=2, batch_first=True))
        parts = [own(it) for it in layer.parameters()]
        same(f"Stacked{name}", ours(ours(x, *parts[:4])[0], *parts[4:])[0], layer(tensor(x))[0])
    layer = random_weights(nn.LSTM(5, 4, proj_size=3, batch_first=True))
    *parts, project = [own(it) for it in layer.parameters()]
    same("ProjectedLstm", recurrent.lstm(x, *parts, project=project)[0], layer(tensor(x))[0])
    image, weight = numbers(2, 3, 5, 4), numbers(6, 3, 3, 3)
    same("convolution of ConvLstm", recurrent.conv_same(image, weight), F.conv2d(tensor(image), tensor(weight), padding=1))


def of_state_spaces():
    try:
        from transformers import MambaConfig
        from transformers.models.mamba.modeling_mamba import MambaMixer
    except ImportError:
        return
    config = MambaConfig(hidden_size=4, state_size=3, time_step_rank=2, conv_kernel=3, expand=2)
    layer = random_weights(MambaMixer(config, layer_idx=0).double())
    x = numbers(2, 11, 4)
    weights = [own(it) for it in (
        layer.in_proj.weight, layer.conv1d.weight[:, 0], layer.conv1d.bias, layer.x_proj.weight,
        layer.dt_proj.weight, layer.dt_proj.bias, layer.A_log, layer.D, layer.out_proj.weight)]
    # Theirs computes the scan in f32.
    same("transformers MambaMixer", state_spaces.mamba(x, *weights), layer(tensor(x)), 1e-4)


def of_losses():
    x, y, z = numbers(5, 7), numbers(5, 7), numbers(5, 7)
    a, b, c = map(tensor, (x, y, z))
    same("huber_loss", losses.huber(x, y, 1.3), F.huber_loss(a, b, delta=1.3, reduction="none").mean(-1))
    same("smooth_l1_loss", losses.huber(x, y, 0.7) / 0.7, F.smooth_l1_loss(a, b, beta=0.7, reduction="none").mean(-1))
    even = numbers(5, 7, low=0, high=1)
    theirs = F.binary_cross_entropy_with_logits(a, tensor(even), reduction="none")
    same("bce_loss", losses.bce(x, even), theirs)
    theirs = F.kl_div(F.log_softmax(a, -1), F.softmax(b, -1), reduction="none").sum(-1)
    same("kl_divergence", losses.kl(own(F.softmax(a, -1)), own(F.softmax(b, -1))), theirs)
    target = random.integers(0, 7, 5)
    theirs = F.cross_entropy(a, tensor(target), label_smoothing=0.1, reduction="none")
    same("smoothed_cross_entropy", losses.smoothed(x, target, 0.1), theirs)
    same("cosine_similarity", losses.cosine(x, y), F.cosine_similarity(a, b))
    near, far = np.linalg.norm(x - y, axis=-1), np.linalg.norm(x - z, axis=-1)
    theirs = F.triplet_margin_loss(a, b, c, margin=0.5, eps=0, reduction="none")
    same("triplet_loss", np.maximum(near - far + 0.5, 0), theirs)
    variance = np.maximum(numbers(5, 7, low=0.1), 0.3)
    theirs = F.gaussian_nll_loss(a, b, tensor(variance), eps=0.3, reduction="none").mean(-1)
    same("gaussian_nll", (0.5 * (np.log(variance) + (x - y) ** 2 / variance)).mean(-1), theirs)
    try:
        from torchvision.ops import sigmoid_focal_loss
    except ImportError:
        return
    hard = (even > 0.5).astype(float)
    same("torchvision focal_loss", losses.focal(x, hard, 0.25, 2), sigmoid_focal_loss(a, tensor(hard)).mean(-1))


def of_sequences():
    z, frames, letters = numbers(4, 6, 3), np.array([6, 5, 6, 3]), np.array([3, 2, 3, 1])
    target = np.array([[1, 2, 1], [2, 2, 1], [1, 1, 1], [1, 2, 2]])
    theirs = F.ctc_loss(F.log_softmax(tensor(z), -1).transpose(0, 1), tensor(target), tensor(frames), tensor(letters), reduction="none")
    reference = decoding.REFERENCES["chains"]["ctc"]
    ours = reference(None, {"z": z, "target": target, "frames": frames, "letters": letters}, {})
    # Three equal letters need two blanks between them, which six frames have.
    same("ctc_loss", ours["loss"], theirs)


def of_windows():
    line, image, volume = numbers(2, 3, 11), numbers(2, 3, 5, 6), numbers(2, 4, 3, 5, 4)
    weight = numbers(4, 3, 2, 2, 2)
    how = {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2, "dilation": 3}
    theirs = F.conv_transpose3d(tensor(volume), tensor(weight), **how)
    ours = convolutions.transpose(volume, weight, stride=2, pad=1, extra=1, groups=2, dilation=3)
    same("ConvTranspose3d", ours, theirs)
    kernel = numbers(6, 2, 3, 3, 3)
    theirs = F.conv3d(tensor(volume), tensor(kernel), padding="same", groups=2, dilation=2)
    ours = convolutions.convolve(volume, kernel, before=2, groups=2, dilation=2)
    same("SameConv3d", ours, theirs)
    same("MaxPool3d", convolutions.pool(volume, np.max, 3, 2, 1, padding=False), F.max_pool3d(tensor(volume), 3, 2, 1))
    for padding in (True, False):
        theirs = F.avg_pool3d(tensor(volume), 3, 2, 1, count_include_pad=padding)
        same(f"AvgPool3d, padding {padding}", convolutions.pool(volume, np.mean, 3, 2, 1, padding=padding), theirs)
    for name, x, mean in (("SoftPool1d", line, F.avg_pool1d), ("SoftPool", image, F.avg_pool2d), ("SoftPool3d", volume, F.avg_pool3d)):
        powers = tensor(x).exp()
        same(name, convolutions.pool(x, convolutions.soft, 2, 1), mean(powers * tensor(x), 2, 1) / mean(powers, 2, 1))
    theirs = F.adaptive_max_pool2d(tensor(image), (3, 2))
    ours = convolutions.REFERENCES["pooling_soft"]["images"](None, {"x": image}, {})["c"]
    same("AdaptiveMaxPool", ours, theirs)


for part in (of_windows, of_activations, of_norms, of_attention, of_recurrences, of_state_spaces, of_losses, of_sequences):
    part()
print(f"{len(done)} agree (seed {SEED}): " + ", ".join(done))
