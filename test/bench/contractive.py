"""Reconstruction of held-out rows by a contractive autoencoder, exact and
estimated, beside principal components, a plain, a denoising and a stacked
contractive one, all with the same code size, and but for the first the same
widths and epochs."""
import os
import sys

import numpy as np

from adbench import ROWS, WIDTH, files, read
from common import (binary_row, connect, copy_out, load, machine, options,
                    print_table)

SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "0").split()]
WEIGHTS = [float(w) for w in os.environ.get("WEIGHTS", "").split()]
STACKED_WEIGHT = 1e-4

MIN_WIDTH = 6                   # narrower tables are left out
MIN_ROWS = 200                  # so are tables with fewer normal rows
HELD_OUT = 0.2
CONSTANT = 1e-6                 # deviation of a column that is left out
STEPS = 3000
BATCH = 128
RATE = 2e-3
BETAS = 0.9, 0.95
WARMUP = 0.02
CLIP = 1.0

NAMES = {"pca": "PCA", "plain": "plain", "denoising": "denoising",
         "stacked": "stacked contractive", "deep": "deep contractive",
         "estimated": "the same, estimated"}


# the rows

def split(rows, seed):
    """Rows to train on and rows held out, standardized as the former."""
    rows = rows[np.random.RandomState(1000 + seed).permutation(len(rows))]
    rows = rows[:ROWS]
    train, test = np.split(rows, [round((1 - HELD_OUT) * len(rows))])
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    varies = deviation > CONSTANT * (1 + np.abs(mean))
    return [((part - mean)[:, varies] / deviation[varies]).astype(np.float32)
            for part in (train, test)]


def widths(d):
    wide = min(max(2 * d, 32), 128)
    return [d, wide, wide // 2, max(2, round(d / 4)), wide // 2, wide, d]


def epochs(count):
    return -(-STEPS * BATCH // count)


def error(rows, reconstructed):
    return float(np.mean((rows - reconstructed).astype(np.float64) ** 2))


# the methods: each returns the error of the test rows

def pca(train, test, code):
    basis = np.linalg.svd(train - train.mean(axis=0),
                          full_matrices=False)[2][:code]
    centred = test - train.mean(axis=0)
    return error(centred, centred @ basis.T @ basis)


def ours(db, train, test, seed, **more):
    d = train.shape[1]
    db.execute("DROP TABLE IF EXISTS model")
    db.execute("CREATE TABLE model AS SELECT ae_train(x, %s) AS model "
               "FROM train", (options(
                   widths(d), activation="tanh", batch_size=BATCH,
                   optimizer="adamw", learning_rate=RATE, schedule="cosine",
                   warmup=WARMUP, clip_norm=CLIP, epochs=epochs(len(train)),
                   purpose="embedding", seed=seed, **more),))
    found = copy_out(db, "SELECT id, ae_reconstruct(model, x) "
                     "FROM test, model", binary_row(d))
    return error(test[found["id"]], found["x"]["value"])


class Adam:
    """As the extension does it: warm-up, cosine, clipping."""

    def __init__(self, parameters, steps):
        self.parameters = parameters
        self.m = [np.zeros_like(p) for p in parameters]
        self.v = [np.zeros_like(p) for p in parameters]
        self.steps, self.step = steps, 0

    def rate(self):
        done = self.step / self.steps
        if done < WARMUP:
            return RATE * done / WARMUP
        return RATE * 0.5 * (1 + np.cos(np.pi * (done - WARMUP) /
                                        (1 - WARMUP)))

    def apply(self, gradients):
        rate = self.rate()
        self.step += 1
        norm = np.sqrt(sum(float((g * g).sum()) for g in gradients))
        scale = min(1.0, CLIP / max(norm, 1e-12))
        for p, g, m, v in zip(self.parameters, gradients, self.m, self.v):
            g = g * scale
            m += (1 - BETAS[0]) * (g - m)
            v += (1 - BETAS[1]) * (g * g - v)
            p -= (rate / (1 - BETAS[0] ** self.step) * m /
                  (np.sqrt(v / (1 - BETAS[1] ** self.step)) + 1e-8))


def glorot(rng, n_in, n_out):
    bound = np.sqrt(6 / (n_in + n_out))
    return rng.uniform(-bound, bound, (n_in, n_out)).astype(np.float32)


def contractive_layer(x, width, is_code, is_first, seed):
    """One layer trained alone, after Rifai et al. 2011: its encoder and
    decoder.  Code and final output are linear, the rest is tanh."""
    rng = np.random.RandomState(seed)
    d = x.shape[1]
    parameters = [glorot(rng, d, width), np.zeros(width, np.float32),
                  glorot(rng, width, d), np.zeros(d, np.float32)]
    w, b, v, c = parameters
    rounds = epochs(len(x))
    adam = Adam(parameters, rounds * -(-len(x) // BATCH))
    for _ in range(rounds):
        order = rng.permutation(len(x))
        for start in range(0, len(x), BATCH):
            batch = x[order[start:start + BATCH]]
            count = len(batch)
            h = batch @ w + b
            h = h if is_code else np.tanh(h)
            slope = np.ones_like(h) if is_code else 1 - h * h
            out = h @ v + c
            out = out if is_first else np.tanh(out)
            da_out = 2 / (count * d) * (out - batch)
            if not is_first:
                da_out *= 1 - out * out
            norms = (w * w).sum(axis=0)
            da = (da_out @ v.T) * slope
            if not is_code:
                # the slope's derivative is -2 h slope
                da -= (STACKED_WEIGHT / count * 4) * slope ** 2 * norms * h
            dw = batch.T @ da
            dw += (STACKED_WEIGHT / count * 2) * w * (slope ** 2).sum(axis=0)
            adam.apply([dw, da.sum(axis=0), h.T @ da_out, da_out.sum(axis=0)])

    def encode(rows):
        a = rows @ w + b
        return a if is_code else np.tanh(a)

    def decode(rows):
        a = rows @ v + c
        return a if is_first else np.tanh(a)

    return encode, decode


def stacked(train, test, seed):
    """Layer by layer, each trained as long as the whole of the others."""
    decoders = []
    target = test
    inner = widths(train.shape[1])[1:4]
    for i, width in enumerate(inner):
        encode, decode = contractive_layer(train, width, i == len(inner) - 1,
                                           i == 0, 10 * seed + i)
        train, test = encode(train), encode(test)
        decoders.append(decode)
    for decode in reversed(decoders):
        test = decode(test)
    return error(target, test)


# results

def measure(db, train, test, seed):
    load(db, "train", train)
    load(db, "test", test)
    if WEIGHTS:
        return {f"{weight:g}": ours(db, train, test, seed,
                                    contraction="exact",
                                    contraction_weight=weight)
                for weight in WEIGHTS}
    return {"pca": pca(train, test, widths(train.shape[1])[3]),
            "plain": ours(db, train, test, seed),
            "denoising": ours(db, train, test, seed, corruption="gaussian"),
            "stacked": stacked(train, test, seed),
            "deep": ours(db, train, test, seed, contraction="exact"),
            "estimated": ours(db, train, test, seed,
                              contraction="hutchinson")}


def main():
    paths = files()
    db = connect()
    table = []
    everything = []
    for name, path in paths.items():
        rows, odd = read(path)
        rows = rows[~odd]
        if not MIN_WIDTH <= rows.shape[1] <= WIDTH or len(rows) < MIN_ROWS:
            continue
        print(name, file=sys.stderr, flush=True)
        found = []
        for seed in SEEDS:
            train, test = split(rows, seed)
            found.append(measure(db, train, test, seed))
        mean = {method: np.mean([f[method] for f in found])
                for method in found[0]}
        everything.append(mean)
        table.append([name, f"{len(train) + len(test):,}",
                      str(train.shape[1]), str(widths(train.shape[1])[3]),
                      *(f"{e:.4f}" for e in mean.values())])
    if not table:
        sys.exit("contractive: none of the tables is usable")
    methods = list(everything[0])
    table.append([f"mean of {len(table)}", "", "", "",
                  *(f"{np.mean([e[m] for e in everything]):.4f}"
                    for m in methods)])
    for base in ("stacked", "plain") if not WEIGHTS else methods[:1]:
        saved = {m: 100 * np.mean([1 - e[m] / e[base] for e in everything])
                 for m in methods}
        table.append([f"% less than {NAMES.get(base, base)}", "", "", "",
                      *(f"{saved[m]:.1f}" for m in methods)])
    print("\n## contractive: mean squared error of held-out rows, "
          "columns standardized\n")
    print_table([["", "rows", "columns", "code",
                  *(NAMES.get(m, m) for m in methods)]] + table, left=(0,))
    print(f"\n- means over seeds: {', '.join(map(str, SEEDS))}")
    for line in machine(db, []):
        print(f"- {line}")
    print(flush=True)


if __name__ == "__main__":
    main()
