"""Writes vgg16.json: what torchvision's VGG16, with LeakyReLU 0.2 in place of ReLU, makes of weights and an image that a formula gives.

    python3 coseg/testdata/vgg16.py     (Debian: python3-torchvision)

For the last convolution of each row, before its LeakyReLU, the file has the norm of all numbers [channels, height, width] and eight of
them, evenly spaced.
"""
import json, os
import numpy as np
import torch, torchvision
from torch import nn


def noise(count, seed):
    """Numbers in [-1/2, 1/2)."""
    x = np.arange(count, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(seed)
    for _ in range(2):
        x = (x ^ (x >> np.uint32(16))) * np.uint32(73244475)
    return (x ^ (x >> np.uint32(16))).astype(np.float64) / 2 ** 32 - 0.5


net = torchvision.models.vgg16(weights=None).features.double()
wanted = {}
for i, layer in enumerate(net):
    if isinstance(layer, nn.ReLU):
        net[i] = nn.LeakyReLU(0.2)
    if isinstance(layer, nn.Conv2d):
        kernel, bias = layer.weight, layer.bias
        scale = np.sqrt(24 / (9 * kernel.shape[1]))
        with torch.no_grad():
            kernel.copy_(torch.from_numpy((noise(kernel.numel(), i) * scale).astype(np.float32)).view_as(kernel))
            bias.copy_(torch.from_numpy(noise(bias.numel(), 100 + i).astype(np.float32)))
        if isinstance(net[i + 2], nn.MaxPool2d):
            layer.register_forward_hook(lambda m, given, y, i=i: wanted.__setitem__(i, y))

image = torch.from_numpy(noise(3 * 32 * 32, 1000).astype(np.float32)).view(1, 3, 32, 32)
with torch.no_grad():
    net(image.double())
rows = []
for y in wanted.values():
    y = y.flatten()
    rows.append({'norm': y.norm().item(), 'entries': y[::y.numel() // 8][:8].tolist()})
with open(os.path.join(os.path.dirname(__file__), 'vgg16.json'), 'w') as f:
    json.dump({'torchvision': torchvision.__version__, 'rows': rows}, f, indent=1)
