#!/usr/bin/env python3
"""Reference values for test/unit/evidence_test.c, computed with NumPy.

usage: make_evidence.py > evidence.txt        (Debian: python3-numpy)

Rows of numbers, a truth value and a label, some of them missing, and a small
variational network: the negative evidence lower bound of each row and its
importance-weighted counterpart (Burda, Grosse and Salakhutdinov 2016).  The
random numbers are ours, everything else follows docs/methods.md.
Same layout as golden.txt.
"""
import math

import numpy as np

from values import emit, f32, normals

ROWS, NUMBERS, LABELS, HIDDEN, UNITS = 6, 5, 4, 8, 4
INPUTS = OUTPUTS = NUMBERS + 1 + LABELS
SEED, STREAM = 99, 101
rng = np.random.default_rng(17)


def noises(draws):
    """On both sides of the mean, with squares that have the mean 1."""
    half = normals(SEED, STREAM, (draws + 1) // 2 * UNITS).reshape(-1, UNITS)
    e = np.stack([half, -half], 1).reshape(-1, UNITS)[:draws]
    return e / np.sqrt((e**2).mean(axis=0))


def encode(row):
    x = np.zeros(INPUTS)
    x[:NUMBERS] = np.nan_to_num(row[:NUMBERS])
    if not math.isnan(row[NUMBERS]):
        x[NUMBERS] = 2 * row[NUMBERS] - 1
    if not math.isnan(row[NUMBERS + 1]):
        x[NUMBERS + 1 + int(row[NUMBERS + 1])] = 1
    return x


def cost(row, o):
    """-log p of each column; what it usually is where there is no value."""
    found = 0.5 * ((o[:NUMBERS] - row[:NUMBERS])**2 / noise + np.log(2 * math.pi * noise))
    found = np.where(np.isnan(found), usual[:NUMBERS] + 0.5 * np.log(2 * math.pi * noise), found)
    truth, label = row[NUMBERS:]
    truth = usual[NUMBERS] if math.isnan(truth) else math.log1p(math.exp(-o[NUMBERS] if truth else o[NUMBERS]))
    logits = o[NUMBERS + 1:]
    label = usual[NUMBERS + 1] if math.isnan(label) else np.log(np.exp(logits).sum()) - logits[int(label)]
    return np.concatenate([found, [truth, label]])


def bounds(row, draws):
    h = np.tanh(encode(row) @ ps[0] + ps[1]) @ ps[2] + ps[3]
    mean, log_variance = h[:UNITS], np.clip(h[UNITS:], -10, 6)
    deviation = np.exp(log_variance / 2)
    kl = 0.5 * (mean**2 + deviation**2 - 1 - log_variance).sum()
    nats, weights = [], []
    for e in noises(draws):
        z = mean + deviation * e
        nats.append((weight * cost(row, np.tanh(z @ ps[4] + ps[5]) @ ps[6] + ps[7])).sum())
        log_p = -0.5 * (z**2 + math.log(2 * math.pi)).sum()
        log_q = -0.5 * (((z - mean) / deviation)**2 + math.log(2 * math.pi) + log_variance).sum()
        weights.append(-nats[-1] + log_p - log_q)
    return np.mean(nats) + kl, -np.log(np.mean(np.exp(weights)))


rows = f32(np.hstack([rng.normal(size=(ROWS, NUMBERS)), rng.integers(0, 2, (ROWS, 1)),
                      rng.integers(0, LABELS, (ROWS, 1))]))
rows[0, 1] = rows[2, 4] = rows[3, 5] = rows[3, 6] = rows[5, 6] = math.nan
ps = []
for n_in, n_out in ((INPUTS, HIDDEN), (HIDDEN, 2 * UNITS), (UNITS, HIDDEN), (HIDDEN, OUTPUTS)):
    ps += [f32(rng.normal(size=(n_in, n_out)) / math.sqrt(n_in)), f32(0.1 * rng.normal(size=n_out))]
ps[3][2 * UNITS - 1] = 7.0              # a variance that is out of bounds
noise = np.array([0.5, 0.3, 1.2, 0.8, 0.06])
weight = np.array([1, 1, 2, 1, 0.5, 1, 3])
usual = np.array([0.5, 0.5, 0.5, 0.5, 0.5, 0.4, 0.9])
emit('rows', rows)
for p in ps:
    emit('p', p)
emit('noise', noise)
emit('weight', weight)
emit('usual', usual)
emit('elbo', [bounds(row, 5)[0] for row in rows])
emit('iwae', [bounds(row, 5)[1] for row in rows])
emit('iwae50', [bounds(row, 50)[1] for row in rows])
