"""Times the published network of co-segmentation, or its correlation layer, in PyTorch's float32 whenever it is asked.

Arguments: forward or correlation, and threads. For each line with a number k that it reads it writes the fastest of k runs in
seconds, as JSON [in PyTorch's own layout, channels last].
"""
import json, sys, time
import torch
from torch import nn
import torch.nn.functional as F

WHAT, THREADS = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(THREADS)
torch.manual_seed(1)


def products(a, b):
    n, c, h, w = a.shape
    return torch.bmm(a.flatten(2).transpose(1, 2), b.flatten(2)).div(c).view(n, h, w, h, w)


def by_padding(a, b, r):
    """The products' displacements by padded rows one place apart."""
    def shift(x):  # [..., m, m] to [..., m, 2r+1]
        m = x.shape[-1]
        x = F.pad(x, (r, r)).flatten(-2)
        return F.pad(x, (0, m)).unflatten(-1, (m, m + 2 * r + 1))[..., :2 * r + 1]
    x = shift(products(a, b).transpose(2, 3))          # n, y, v, x, dx
    x = shift(x.permute(0, 3, 4, 1, 2))                # n, x, dx, y, dy
    n, w, _, h, _ = x.shape
    return x.permute(0, 4, 2, 3, 1).reshape(n, -1, h, w)


LAYOUTS = [torch.contiguous_format, torch.channels_last]
INDEX = {}


def by_gathering(a, b, r):
    """The products' displacements by a table of where each is."""
    n, c, h, w = a.shape
    if (h, w, r) not in INDEX:
        y, x, dy, dx = torch.meshgrid(torch.arange(h), torch.arange(w), torch.arange(-r, r + 1), torch.arange(-r, r + 1), indexing='ij')
        v, u = y + dy, x + dx
        inside = (v >= 0) & (v < h) & (u >= 0) & (u < w)
        INDEX[h, w, r] = (v.clamp(0, h - 1) * w + u.clamp(0, w - 1)).view(1, h * w, -1), inside.view(1, h * w, -1).float()
    index, inside = INDEX[h, w, r]
    found = products(a, b).view(n, h * w, h * w).gather(2, index.expand(n, -1, -1)) * inside
    return found.transpose(1, 2).reshape(n, -1, h, w)


class Docs(nn.Module):
    def __init__(self, correlate):
        super().__init__()
        self.correlate = correlate
        conv = lambda i, o, k=3: [nn.Conv2d(i, o, k, padding=k // 2), nn.LeakyReLU(0.2, inplace=True)]
        layers, c = [], 3
        for row in [[64, 64], [128, 128], [256] * 3, [512] * 3, [512] * 3]:
            for width in row:
                layers += conv(c, width)
                c = width
            layers.append(nn.MaxPool2d(2))
        self.encoder = nn.Sequential(*layers, *conv(512, 1024), *conv(1024, 1024))
        self.squeeze = nn.Sequential(*conv(1024, 512, 1))
        layers, c = conv(512 + 961, 1024), 1024
        for width in [512, 512, 256, 128, 64]:
            layers += [nn.ConvTranspose2d(c, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True), *conv(width, width), *conv(width, width)]
            c = width
        self.decoder = nn.Sequential(*layers, nn.Conv2d(64, 2, 3, padding=1))

    def forward(self, x):
        a = self.encoder(x)
        x = torch.cat([self.squeeze(a), self.correlate(a, a.flip(0), 15)], 1)
        x = self.decoder(x.contiguous(memory_format=LAYOUTS[a.is_contiguous(memory_format=LAYOUTS[1])]))
        return x[:, 1] - x[:, 0]


def forward(layout):
    net = Docs(by_padding).to(memory_format=layout)
    x = torch.randn(2, 3, 512, 512).to(memory_format=layout)

    def run(x=x):
        with torch.no_grad():
            net(x)
    run(x[:, :, :64, :64].contiguous(memory_format=layout))  # to warm up
    return [run]


def correlation(layout):
    a, b = (torch.randn(1, 1024, 16, 16).to(memory_format=layout).requires_grad_() for _ in range(2))
    g = torch.randn(1, 961, 16, 16)

    def by(how):
        def run():
            a.grad = b.grad = None
            how(a, b, 15).backward(g)
        return run
    # Both warm up here.
    assert torch.allclose(by_padding(a, b, 15), by_gathering(a, b, 15), atol=1e-5)
    return [by(by_padding), by(by_gathering)]


RUNS = [globals()[WHAT](layout) for layout in LAYOUTS]
for line in sys.stdin:
    fastest = []
    for runs in RUNS:
        best = float('inf')
        for run in runs:
            for _ in range(int(line)):
                start = time.perf_counter()
                run()
                best = min(best, time.perf_counter() - start)
        fastest.append(best)
    print(json.dumps(fastest), flush=True)
