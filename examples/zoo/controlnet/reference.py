"""Stable Diffusion's U-net and its ControlNet, of diffusers."""

import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from torch import nn


class Pair(nn.Module):
    def __init__(self, hint=(16, 32, 96, 256), **sizes):
        super().__init__()
        self.unet = UNet2DConditionModel(**sizes)
        self.copy = ControlNetModel.from_unet(
            self.unet, load_weights_from_unet=False, conditioning_embedding_out_channels=hint)

    def forward(self, x, time, words, drawing=None):
        if drawing is None:
            return self.unet(x, time, words).sample
        down, middle = self.copy(x, time, words, drawing, return_dict=False)
        return self.unet(x, time, words, down_block_additional_residuals=down,
                         mid_block_additional_residual=middle).sample


def zero(match):
    place = int(match[1])
    start, name = max((start, name) for start, name in [(0, "a"), (4, "b"), (7, "c")] if start <= place)
    return f"zero_{name}.{place - start}."


RENAME = [
    (r"^copy\.controlnet_down_blocks\.(\d+)\.", zero),
    (r"^copy\.controlnet_mid_block\.", "zero_c.5."),
    (r"^copy\.controlnet_cond_embedding\.conv_in\.", "hint.conv1."),
    (r"^copy\.controlnet_cond_embedding\.blocks\.(\d)\.", lambda it: f"hint.conv{int(it[1]) + 2}."),
    (r"^copy\.controlnet_cond_embedding\.conv_out\.", "hint.zero."),
    (r"^unet\.up_blocks\.(\d)\.upsamplers\.0\.", lambda it: f"decoder.double{4 - int(it[1])}."),
    (r"^unet\.up_blocks\.(\d)\.", lambda it: f"decoder.up{4 - int(it[1])}."),
    (r"^unet\.conv_norm_out\.", "decoder.norm."),
    (r"^unet\.conv_out\.", "decoder.leave."),
    (r"^unet\.", "encoder."),
    (r"time_embedding\.linear_", "time"),
    (r"conv_in\.", "enter."),
    (r"down_blocks\.(\d)\.downsamplers\.0\.conv", lambda it: f"halve{int(it[1]) + 1}"),
    (r"down_blocks\.(\d)\.", lambda it: f"down{int(it[1]) + 1}."),
    (r"mid_block\.(resnets|attentions)\.(\d)\.", lambda it: f"mid{int(it[2]) + 1}.{it[1]}.0."),
    (r"(mid\d)\.resnets\.0\.", r"\1.residual."),
    (r"(mid\d)\.attentions\.0\.", r"\1.words."),
    (r"resnets\.(\d)\.", lambda it: f"step{int(it[1]) + 1}.residual."),
    (r"attentions\.(\d)\.", lambda it: f"step{int(it[1]) + 1}.words."),
    (r"time_emb_proj", "time"),
    (r"conv_shortcut", "skip"),
    (r"proj_in", "enter"),
    (r"proj_out", "leave"),
    (r"transformer_blocks\.0\.", ""),
    (r"attn1\.to_", "self_."),
    (r"attn2\.to_", "cross."),
    (r"out\.0\.", "out."),
    (r"ff\.net\.0\.proj", "up"),
    (r"ff\.net\.2", "down"),
    (r"(norm\d?)\.weight", r"\1.scale"),
]


def check(here):
    with torch.device("meta"):
        here.parameters("controlnet_sd15", Pair(cross_attention_dim=768))
    small = here.fill(Pair((2, 4, 12, 32), block_out_channels=(8, 16, 32, 32), norm_num_groups=4,
                           cross_attention_dim=5, attention_head_dim=2), RENAME)
    here.expect("steered", lambda x, time, words, drawing: small(x, time, words, drawing))
    here.expect("plain", lambda x, time, words: small(x, time, words))
