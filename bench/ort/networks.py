"""Writes two networks of random weights as PyTorch exports them, for bench-ort: a ViT-small and the first block of a ConvNeXt.

    python3 bench/ort/networks.py bench/ort/made        (Debian: apt-get install python3-torch python3-torchvision)
"""
import os
import sys

import torch
from torch import nn
from torchvision.models.convnext import CNBlock


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        n, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(n, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        weights = ((q @ k.transpose(-2, -1)) * self.scale).softmax(dim=-1)
        return self.out((weights @ v).transpose(1, 2).reshape(n, tokens, width))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.attention, self.norm2 = nn.LayerNorm(width, eps=1e-6), Attention(width, heads), nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    """ViT-small of Dosovitskiy et al. 2021 and Touvron et al. 2021: 12 blocks, 384 numbers a token, 6 heads, patches of 16 pixels."""

    def __init__(self, width=384, heads=6, blocks=12, patch=16, side=224):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.first = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.places = nn.Parameter(torch.randn(1, (side // patch) ** 2 + 1, width) * 0.02)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(blocks)])
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, images):
        x = self.patches(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.first.expand(x.shape[0], -1, -1), x], 1) + self.places
        return self.norm(self.blocks(x))[:, 0]


class ConvNeXtBlock(nn.Module):
    """The stem and the first block of ConvNeXt-tiny (Liu et al. 2022)."""

    def __init__(self):
        super().__init__()
        self.stem, self.block = nn.Conv2d(3, 96, 4, 4), CNBlock(96, 1.0, 0.0)

    def forward(self, images):
        return self.block(self.stem(images)).mean([2, 3])


def main(folder):
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(0)
    for name, network in {"vit_small": ViT(), "convnext_block": ConvNeXtBlock()}.items():
        torch.onnx.export(network.eval(), torch.randn(1, 3, 224, 224), os.path.join(folder, name + ".onnx"), opset_version=17,
                          input_names=["images"], output_names=["embedding"], dynamic_axes={"images": {0: "n"}, "embedding": {0: "n"}})


main(sys.argv[1])
