#!/usr/bin/env python3
"""The workload of `siam bench` in PyTorch: how fast it trains and embeds on this machine.

    torch_siamese.py conv4|koch|faces [--batch PAIRS] [--steps N] [--threads T] [--channels-last] [--bf16]

One training step takes the images of both sides of all pairs as one batch [2·pairs, c, size, size] through the encoder, gives
|a − b| of each pair to a linear layer, and updates all weights with Adam by the binary cross-entropy of the pairs. It prints
one JSON object like that of `siam bench`: medians over the counted steps, after three that warm up.
"""
import argparse
import contextlib
import json
import os
import statistics
import time

import torch
from torch import nn

WARM_UP = 3


def conv4():
    """Four blocks of 3×3 convolution to 64 channels, batch norm, ReLU, 2×2 max-pooling (Vinyals et al. 2016)."""
    blocks = []
    for channels in (1, 64, 64, 64):
        blocks += [nn.Conv2d(channels, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*blocks, nn.Flatten())


def koch():
    """The network of Koch et al. 2015, figure 4."""
    pool = lambda: nn.MaxPool2d(2)
    return nn.Sequential(
        nn.Conv2d(1, 64, 10), nn.ReLU(), pool(),
        nn.Conv2d(64, 128, 7), nn.ReLU(), pool(),
        nn.Conv2d(128, 128, 4), nn.ReLU(), pool(),
        nn.Conv2d(128, 256, 4), nn.ReLU(),
        nn.Flatten(), nn.Linear(6 * 6 * 256, 4096), nn.Sigmoid())


class Residual(nn.Module):
    """Two 3×3 convolutions beside a shortcut, which is a 1×1 convolution where the shape changes (He et al. 2016)."""

    def __init__(self, channels, width):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))
        self.shortcut = nn.Identity()
        if channels != width:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        return torch.relu(self.main(x) + self.shortcut(x))


def faces():
    """The residual network of Siam's recipe faces: 64×64 pixels in colour to 128 numbers."""
    blocks = [nn.Conv2d(3, 32, 5, 2, 2, bias=False), nn.BatchNorm2d(32), nn.ReLU(), Residual(32, 32)]
    for width in (64, 128, 256):
        blocks += [nn.MaxPool2d(2), Residual(width // 2, width)]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 128))


# encoder, length of an embedding, channels and size of an image, pairs, counted steps
NETS = {"conv4": (conv4, 64, 1, 28, 128, 30), "koch": (koch, 4096, 1, 105, 16, 8), "faces": (faces, 128, 3, 64, 64, 20)}


def median_time(work, steps):
    times = []
    for _ in range(WARM_UP + steps):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times[WARM_UP:])


def peak_memory():
    """The most bytes this process ever held in memory (Linux)."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM:"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("net", choices=NETS)
    parser.add_argument("--batch", type=int, help="pairs of a step")
    parser.add_argument("--steps", type=int, help="steps that count")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--channels-last", action="store_true", help="images as [n, h, w, c] in memory")
    parser.add_argument("--bf16", action="store_true", help="products of bfloat16, by autocast")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    make, dim, channels, size, pairs, steps = NETS[args.net]
    pairs, steps = args.batch or pairs, args.steps or steps
    encoder, head = make(), nn.Linear(dim, 1)
    images = torch.randn(2 * pairs, channels, size, size)
    same = torch.randint(2, (pairs, 1)).float()
    if args.channels_last:
        encoder = encoder.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(list(encoder.parameters()) + list(head.parameters()), lr=1e-3)
    precision = torch.autocast("cpu", dtype=torch.bfloat16) if args.bf16 else contextlib.nullcontext()

    def train():
        optimizer.zero_grad()
        with precision:
            a, b = encoder(images).split(pairs)
            logits = head((a - b).abs())
        nn.functional.binary_cross_entropy_with_logits(logits.float(), same).backward()
        optimizer.step()

    def embed(batch):
        with torch.no_grad(), precision:
            return encoder(batch)

    step = median_time(train, steps)
    encoder.eval()
    embedding = median_time(lambda: embed(images), steps)
    latency = median_time(lambda: embed(images[:1]), steps)
    print(json.dumps({
        "engine": "PyTorch " + torch.__version__,
        "net": args.net,
        "precision": "bf16" if args.bf16 else "fp32",
        "layout": "channels_last" if args.channels_last else "plain",
        "threads": args.threads,
        "batch_pairs": pairs,
        "train_pairs_per_s": pairs / step,
        "embed_images_per_s": 2 * pairs / embedding,
        "latency_us": latency * 1e6,
        "peak_memory_bytes": peak_memory(),
    }))


if __name__ == "__main__":
    main()
