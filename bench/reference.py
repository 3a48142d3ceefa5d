#!/usr/bin/env python3
"""Reference numbers from PyTorch for the tests of package train: python3 bench/reference.py train/testdata

Koch's net at 105x105 with 2 pairs and Conv4 at 28x28 with 8 pairs, each with a weighted-L1 head and binary cross-entropy.
Weights and images follow a formula without a seed (see noise), so the Go test makes the same ones. A file holds the
outputs, the first loss, the norm and some entries of every gradient, the losses of ten steps of Adam, and for Conv4 the
embeddings in evaluation mode after three steps of SGD.

Made with Debian's python3-torch 1.13. Weights are in the project's layout: [height, width, in, out] and [in, out], a flattened
feature map in the order height, width, channel.
"""
import json, math, os, sys
import numpy as np
import torch, torch.nn as nn, torch.nn.functional as F


def noise(count, start):
    """Numbers in [-1, 1) that look random: the fractional part of 43758.5453 sin(12.9898 i + start)."""
    x = np.sin(12.9898 * np.arange(1, count + 1, dtype=np.float64) + start) * 43758.5453
    return 2 * (x - np.floor(x)) - 1


class Koch(nn.Module):
    # Adam divides by the gradient's size, so its first steps make rounding as large as the gradient where that is near 0:
    # at a rate of 1e-4 the losses of two engines part after four steps.
    size, pairs, rate = 105, 2, 1e-5

    def __init__(self):
        super().__init__()
        for i, (cin, cout, k) in enumerate([(1, 64, 10), (64, 128, 7), (128, 128, 4), (128, 256, 4)], 1):
            setattr(self, f"conv{i}", nn.Conv2d(cin, cout, k))
        self.dense = nn.Linear(9216, 4096)

    def forward(self, x):
        for i in range(1, 5):
            x = F.relu(getattr(self, f"conv{i}")(x))
            x = F.max_pool2d(x, 2) if i < 4 else x
        return torch.sigmoid(self.dense(x.permute(0, 2, 3, 1).flatten(1)))


class Conv4(nn.Module):
    size, pairs, rate = 28, 8, 1e-3

    def __init__(self):
        super().__init__()
        for i in range(1, 5):
            setattr(self, f"conv{i}", nn.Conv2d(1 if i == 1 else 64, 64, 3, padding=1))
            setattr(self, f"norm{i}", nn.BatchNorm2d(64))

    def forward(self, x):
        for i in range(1, 5):
            x = F.max_pool2d(F.relu(getattr(self, f"norm{i}")(getattr(self, f"conv{i}")(x))), 2)
        return x.permute(0, 2, 3, 1).flatten(1)


def ours(module, name, tensor):
    """A parameter or its gradient in the project's layout."""
    if name == "weight" and isinstance(module, nn.Conv2d):
        return tensor.permute(2, 3, 1, 0)
    return tensor.t() if name == "weight" and isinstance(module, nn.Linear) else tensor


def parameters(net):
    """(name in the project, module, name in the module), in the order of the formula's start values."""
    names = {"weight": "weights", "bias": "bias"}
    norms = {"weight": "scale", "bias": "offset"}
    for layer, module in net.named_modules():
        for name, _ in module.named_parameters(recurse=False):
            table = norms if isinstance(module, nn.BatchNorm2d) else names
            yield ("head" if layer == "head" else "encoder/" + layer[8:]) + "/" + table[name], module, name


def initialize(net):
    for start, (full, module, name) in enumerate(parameters(net)):
        p = getattr(module, name)
        shape = ours(module, name, p).shape
        values = noise(p.numel(), start)
        if full.endswith("/weights"):
            values *= math.sqrt(6 / (p.numel() // shape[-1]))  # by the number of inputs
        else:
            values = 0.1 * values + (1 if full.endswith("/scale") else 0)
        value = torch.from_numpy(values.astype(np.float32)).reshape(shape)
        if name == "weight" and isinstance(module, nn.Conv2d):
            value = value.permute(3, 2, 0, 1)
        elif name == "weight" and isinstance(module, nn.Linear):
            value = value.t()
        with torch.no_grad():
            p.copy_(value)


class Siamese(nn.Module):
    def __init__(self, encoder, dim):
        super().__init__()
        self.encoder, self.head = encoder(), nn.Linear(dim, 1)

    def forward(self, x):
        e = self.encoder(x)
        return e, self.head((e[0::2] - e[1::2]).abs()).flatten()


def batch(kind, step):
    n = 2 * kind.pairs * kind.size ** 2
    x = (noise(n, 1000 + step) + 1) / 2
    y = (np.arange(kind.pairs) % 2 == 0)
    return (torch.from_numpy(x.astype(np.float32)).reshape(-1, 1, kind.size, kind.size), torch.from_numpy(y.astype(np.float32)))


def some(tensor):
    """Norm, and entries at 8 places spread over the tensor."""
    flat = tensor.detach().reshape(-1).double()
    places = [i * (flat.numel() - 1) // 7 for i in range(8)]
    return {"norm": flat.norm().item(), "entries": [flat[i].item() for i in places]}


def train(net, kind, optimizer, steps):
    losses = []
    for step in range(steps):
        x, y = batch(kind, step)
        optimizer.zero_grad()
        _, logits = net(x)
        loss = F.binary_cross_entropy_with_logits(logits, y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def reference(kind, dim):
    net = Siamese(kind, dim)
    initialize(net)
    x, y = batch(kind, 0)
    e, logits = net(x)
    F.binary_cross_entropy_with_logits(logits, y).backward()
    out = {"embeddings": some(e), "logits": logits.tolist(), "rate": kind.rate,
           "gradients": {full: some(ours(m, n, getattr(m, n).grad)) for full, m, n in parameters(net)}}
    initialize(net)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
    out["losses"] = train(net, kind, torch.optim.Adam(net.parameters(), kind.rate), 10)
    if kind is Conv4:
        net = Siamese(kind, dim)
        initialize(net)
        out["sgd_losses"] = train(net, kind, torch.optim.SGD(net.parameters(), 0.01, momentum=0.9), 3)
        net.eval()
        out["evaluated"] = some(net(x)[0])
    return out


if __name__ == "__main__":
    folder = sys.argv[1]
    torch.set_num_threads(2)
    for kind, dim in [(Koch, 4096), (Conv4, 64)]:
        with open(os.path.join(folder, kind.__name__.lower() + ".json"), "w") as f:
            json.dump(reference(kind, dim), f, indent=1)
            f.write("\n")
