"""What a memory of codes (MemAE, Gong et al. 2019) does for detection on the
tables of adbench: the same network in PyTorch with and without it.  It
measures an idea, not the extension."""
import os
import sys
import time

import numpy as np
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from adbench import (REGIMES, SEEDS, files, read, sample, split, standardized,
                     usable)
from common import print_table

STEPS = int(os.environ.get("STEPS", "3000"))
BATCH = 128
SWAP = 0.3
SLOTS = int(os.environ.get("SLOTS", "100"))
SHRINK = 1 / SLOTS              # the paper's range: 1 to 3 of N
ENTROPY = 2e-4                  # its weight in the loss
NARROW = os.environ.get("NARROW", "0") != "0"


class Memory(torch.nn.Module):
    """A code becomes a sparse mean of learnt ones."""

    def __init__(self, width):
        super().__init__()
        self.slots = torch.nn.Parameter(
            torch.randn(SLOTS, width) / width ** 0.5)
        self.entropy = 0

    def forward(self, code):
        weight = torch.softmax(code @ self.slots.T, 1)
        excess = weight - SHRINK
        weight = torch.relu(excess) * weight / (excess.abs() + 1e-12)
        weight = weight / weight.sum(1, keepdim=True).clamp(min=1e-12)
        self.entropy = -(weight * (weight + 1e-12).log()).sum(1).mean()
        return weight @ self.slots


class Network(torch.nn.Module):
    def __init__(self, width, memory):
        super().__init__()
        hidden = min(max(2 * width, 32), 128)
        code = max(2, width // 4) if NARROW else min(width, 128)
        linear = torch.nn.Linear
        self.encoder = torch.nn.Sequential(
            linear(width, hidden), torch.nn.Tanh(), linear(hidden, code))
        self.memory = Memory(code) if memory else None
        self.decoder = torch.nn.Sequential(
            linear(code, hidden), torch.nn.Tanh(), linear(hidden, width))

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(self.memory(code) if self.memory else code)


def fit(x, memory, seed):
    torch.manual_seed(seed)
    net = Network(x.shape[1], memory)
    optimizer = torch.optim.AdamW(net.parameters(), 5e-3, betas=(0.9, 0.95),
                                  weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        rows = x[torch.randint(len(x), (BATCH,))]
        others = x[torch.randint(len(x), (BATCH, x.shape[1])),
                   torch.arange(x.shape[1])]
        noisy = torch.where(torch.rand(rows.shape) < SWAP, others, rows)
        loss = ((net(noisy) - rows) ** 2).mean()
        if memory:
            loss = loss + ENTROPY * net.memory.entropy
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return net


def measure(rows, odd, train, test, memory, seed):
    x = torch.tensor(standardized(rows, train), dtype=torch.float32)
    net = fit(x[train], memory, seed)
    with torch.no_grad():
        unit = ((net(x[train]) - x[train]) ** 2).mean(0).clamp(min=1e-3)
        score = (((net(x[test]) - x[test]) ** 2) / unit).mean(1).numpy()
    return (100 * roc_auc_score(odd[test], score),
            100 * average_precision_score(odd[test], score))


def main():
    torch.set_num_threads(1)
    began = time.perf_counter()
    found = {regime: {False: [], True: []} for regime in REGIMES}
    for name, path in files().items():
        print(name, file=sys.stderr, flush=True)
        everything = read(path)
        for seed in SEEDS:
            rows, odd = sample(*everything, seed)
            if not usable(rows, odd):
                continue
            for regime in REGIMES:
                train, test = split(odd, seed, regime)
                for memory in False, True:
                    found[regime][memory].append(
                        measure(rows, odd, train, test, memory, seed))
    table = [["", *REGIMES]]
    for memory in False, True:
        means = (np.mean(found[regime][memory], axis=0) for regime in REGIMES)
        table.append([f"memory of {SLOTS}" if memory else "none",
                      *(f"{auc:.1f} ({ap:.1f})" for auc, ap in means)])
    print("\n## memory_layer\n")
    print_table(table, left=(0,))
    print(f"\n- ROC AUC (average precision) in percent, seeds {SEEDS}, "
          f"{STEPS} steps, narrow code: {NARROW}, "
          f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
