"""The same networks and trainings in PyTorch, on one thread."""
import torch
from torch import nn

from common import BATCH, RATE, package_version, seconds

torch.set_num_threads(1)

BETAS = (0.9, 0.95)             # those of the extension


def version():
    debian = package_version("python3-torch")
    return f"PyTorch {torch.__version__}" + (
        f" (Debian {debian})" if debian and "/usr/lib/" in torch.__file__
        else "")


def network(widths):
    """Code and output are linear, as ours are."""
    layers = []
    linear = len(widths) // 2, len(widths) - 1
    for i, shape in enumerate(zip(widths, widths[1:]), 1):
        layers.append(nn.Linear(*shape))
        if i not in linear:
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def train_epoch(net, optimizer, rows, order=None):
    """One pass in mini-batches; without an order the batches are slices,
    which is the cheapest way to get at them."""
    batches = (rows if order is None else order).split(BATCH)
    for batch in batches:
        x = batch if order is None else rows[batch]
        optimizer.zero_grad(set_to_none=True)
        nn.functional.mse_loss(net(x), x).backward()
        optimizer.step()


def adam(net, **setting):
    return torch.optim.Adam(net.parameters(), lr=RATE, betas=BETAS, **setting)


def best_setting(widths, rows, trials=3):
    """The fastest of Adam's implementations that this PyTorch has."""
    best = None, None, float("inf")
    for name in "default", "foreach", "fused":
        setting = {} if name == "default" else {name: True}
        net = network(widths)
        try:
            optimizer = adam(net, **setting)
            train_epoch(net, optimizer, rows[:BATCH])
        except (RuntimeError, TypeError):
            continue            # not there, or not for the CPU
        spent = min(seconds(lambda: train_epoch(net, optimizer, rows))
                    for _ in range(trials))
        if spent < best[2]:
            best = name, setting, spent
    return best[:2]
