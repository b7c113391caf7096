"""A variational autoencoder of images, against the same one in PyTorch.

Both are trained on Fashion-MNIST; NumPy computes the evidence lower bound of
the test images from the weights of either.  Ours are read from the model's
bytes, as docs/model-format.md describes them.
"""
import json
import math
import os
import struct

import numpy as np
import torch
from torch import nn

import peer
from common import (BATCH, RATE, Report, connect, fashion_rows, load, one,
                    options)

SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "1 2").split()]
EPOCHS = int(os.environ.get("EPOCHS", "10"))
WIDTHS = [784, 512, 256, 20, 256, 512, 784]
LATENT = 20
DRAWS = 10
WARMUP = 0.25                   # share of the steps in which the code's cost rises
NOISE_RATE = 0.05
MIN_NOISE = 1e-4
ACTIVE = 0.01                   # nats


# PyTorch's

class Peer(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(),
            nn.Linear(256, 2 * LATENT))
        self.decoder = nn.Sequential(
            nn.Linear(LATENT, 256), nn.ReLU(), nn.Linear(256, 512), nn.ReLU(),
            nn.Linear(512, 784))

    def forward(self, x):
        mean, log_variance = self.encoder(x).split(LATENT, 1)
        log_variance = log_variance.clamp(-10, 6)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        kl = 0.5 * (mean ** 2 + log_variance.exp() - 1 - log_variance)
        return self.decoder(z), kl.sum()


def initialize(net):
    """As ours start: He et al. before ReLU, else Glorot and Bengio."""
    for part in net.encoder, net.decoder:
        for layer in part[:-1:2]:
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
        nn.init.xavier_uniform_(part[-1].weight)
        for layer in part[::2]:
            nn.init.zeros_(layer.bias)


def train_torch(rows, seed, like_ours):
    """Weights as pairs of matrices and biases, and the noise."""
    torch.manual_seed(seed)
    net = Peer()
    if like_ours:
        initialize(net)
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE, betas=peer.BETAS)
    noise, step = 1.0, 0
    steps = EPOCHS * math.ceil(len(rows) / BATCH)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(rows)).split(BATCH):
            x = rows[batch]
            optimizer.zero_grad(set_to_none=True)
            output, kl = net(x)
            squares = ((output - x) ** 2).sum()
            strength = min((step + 0.5) / steps / WARMUP, 1.0)
            loss = 0.5 * (squares / noise +
                          x.numel() * math.log(2 * math.pi * noise))
            ((loss + strength * kl) / x.numel()).backward()
            optimizer.step()
            noise += NOISE_RATE * (squares.item() / x.numel() - noise)
            noise = max(noise, MIN_NOISE)
            step += 1
    linear = [m for m in net.modules() if isinstance(m, nn.Linear)]
    return [(m.weight.detach().numpy().T, m.bias.detach().numpy())
            for m in linear], noise


# ours

def sections(model):
    """{tag: payload} of a model's bytes."""
    found, at = {}, 64
    while at < len(model):
        tag, _, size = struct.unpack_from("<4sIQ", model, at)
        found[tag.decode()] = model[at + 16:at + 16 + size]
        at += 16 + size
    return found


def train_ours(db, seed):
    """The same, and what ae_info() says of the code."""
    db.execute("DROP TABLE IF EXISTS model")
    # a row of one array, whose elements share their noise
    db.execute("CREATE TABLE model AS SELECT ae_train(f, %s) AS model "
               "FROM (SELECT x FROM fashion) f",
               (options(WIDTHS, epochs=EPOCHS, seed=seed, purpose="embedding",
                        variant="variational", kl_warmup=WARMUP),))
    parts = sections(bytes(one(db, "SELECT model FROM model")))
    numbers = np.frombuffer(parts["WGTS"], "<f4")
    weights, at = [], 0
    for shape in ((784, 512), (512, 256), (256, 2 * LATENT), (LATENT, 256),
                  (256, 512), (512, 784)):
        size = shape[0] * shape[1]
        weights.append((numbers[at:at + size].reshape(shape),
                        numbers[at + size:at + size + shape[1]]))
        at += size + shape[1]
    assert at == len(numbers) and len(parts["nois"]) == 8
    return (weights, struct.unpack("<d", parts["nois"])[0],
            one(db, "SELECT ae_info(model)->'code' FROM model"))


# the judge of both

def run(weights, x):
    for i, (w, b) in enumerate(weights):
        x = x @ w + b
        if i < len(weights) - 1:
            x = np.maximum(x, 0)
    return x


def evidence(weights, noise, rows):
    """Mean evidence lower bound of the rows in nats, and each unit's KL."""
    rng = np.random.default_rng(0)
    bound, divergence = 0.0, np.zeros(LATENT)
    weights = [(w.astype(np.float32), b.astype(np.float32))
               for w, b in weights]
    for x in np.array_split(rows, 20):
        code = run(weights[:3], x).astype(np.float64)
        mean = code[:, :LATENT]
        log_variance = np.clip(code[:, LATENT:], -10, 6)
        kl = 0.5 * (mean ** 2 + np.exp(log_variance) - 1 - log_variance)
        divergence += kl.sum(axis=0)
        bound -= kl.sum()
        for _ in range(DRAWS):
            z = mean + np.exp(log_variance / 2) * rng.standard_normal(
                mean.shape)
            output = run(weights[3:], z.astype(np.float32))
            squares = ((output - x).astype(np.float64) ** 2).sum()
            bound -= 0.5 * (squares / noise + x.size *
                            math.log(2 * math.pi * noise)) / DRAWS
    return bound / len(rows), divergence / len(rows)


def main():
    db = connect(maintenance_work_mem="1GB")
    train, test = fashion_rows("train"), fashion_rows("t10k")
    load(db, "fashion", train)
    tensor = torch.from_numpy(train)
    results = {}
    for seed in SEEDS:
        weights, noise, info = train_ours(db, seed)
        info = json.loads(info) if isinstance(info, str) else info
        for name, found in (("ours", (weights, noise)),
                            ("peer", train_torch(tensor, seed, False)),
                            ("like", train_torch(tensor, seed, True))):
            bound, divergence = evidence(*found, test)
            for what, value in (("bound", bound), ("noise", found[1]),
                                ("active", int((divergence > ACTIVE).sum())),
                                ("kl", divergence.sum())):
                results.setdefault((what, name), []).append(value)
        results.setdefault(("active", "info"), []).append(
            info["active_units"])
    report = Report("vae")
    for what, text, goal in (
            ("bound", "test evidence lower bound, nats", "ratio >= 0.99"),
            ("active", f"active units of {LATENT}", "ours >= 10"),
            ("kl", "divergence of the code, nats", ""),
            ("noise", "learned variance of a pixel", "")):
        for name, whose in (("peer", "PyTorch"),
                            ("like", "PyTorch, our initial weights")):
            report.add(f"{text} (peer: {whose})", results[what, "ours"],
                       results[what, name], goal)
    report.raw.append("active units, ae_info(): " + " ".join(
        map(str, results["active", "info"])))
    report.raw.append(f"{EPOCHS} epochs, batches of {BATCH}, seeds {SEEDS}, "
                      f"{DRAWS} draws a row")
    report.print(db, [peer.version()])
    db.execute("DROP TABLE fashion, model")


if __name__ == "__main__":
    main()
