#!/usr/bin/env python3
"""Reference values for test/unit/supervise_test.c, computed with PyTorch.

usage: make_classes.py > classes.txt      (Debian: python3-torch, python3-numpy)

Ten steps of AdamW on the semi-supervised objective of Kingma et al. 2014: a
variational autoencoder that is given a class, and a classifier of the rest of
the inputs.  Rows without a class count with each one, as likely as the
classifier takes it.  Same layout as golden.txt.
"""
import math

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(12)

ROWS, NUMBERS, CLASSES, HIDDEN, UNITS = 6, 5, 3, 8, 4
RATE, DECAY, NOISE_RATE, BETA, WEIGHT = 0.02, 0.05, 0.05, 0.7, 2.5
LABELS = [0, None, 2, None, None, 1]
ALL = 2**64 - 1
STEP = 0x9e3779b97f4a7c15


def emit(name, values):
    values = np.asarray(values, dtype=float).ravel()
    print(name, len(values))
    print(' '.join('nan' if math.isnan(v) else '%.9g' % v for v in values))


def mix(x):
    x ^= x >> 30
    x = x * 0xbf58476d1ce4e5b9 & ALL
    x ^= x >> 27
    x = x * 0x94d049bb133111eb & ALL
    return x ^ (x >> 31)


def normals(seed, stream, count):
    key = mix((mix(seed) + stream * STEP) & ALL)
    bits = [mix((key + i * STEP) & ALL) for i in range(1, 2 * count + 1)]
    return torch.tensor([math.sqrt(-2 * math.log(((u >> 11) + 1) * 2.0**-53)) *
                         math.cos(2 * math.pi * (v >> 11) * 2.0**-53)
                         for u, v in zip(bits[0::2], bits[1::2])])


def parameters(*widths):
    ps = []
    for n_in, n_out in widths:
        ps.append((torch.randn(n_in, n_out) / math.sqrt(n_in)).requires_grad_())
        ps.append((torch.randn(n_out) * 0.1).requires_grad_())
    return ps


def one_hot(y):
    """As the inputs have a class: one place more, for labels not known."""
    return F.one_hot(torch.tensor(y), CLASSES + 1).double()


def objective(net, classifier, noise, eps):
    """Sum over rows, and the mean squared residual of each number."""
    blank = torch.zeros(CLASSES + 1)
    total = torch.zeros(())
    squares, count, at = torch.zeros(NUMBERS), 0.0, 0
    for r, label in enumerate(LABELS):
        read = torch.cat([x[r], blank])
        logits = torch.tanh(read @ classifier[0] + classifier[1]) @ classifier[2] + classifier[3]
        log_q = torch.log_softmax(logits, 0)
        costs, drawn = [], eps[at]     # one draw for all classes
        for y in ([label] if label is not None else range(CLASSES)):
            given = one_hot(y)
            a = torch.tanh(torch.cat([x[r], given]) @ net[0] + net[1]) @ net[2] + net[3]
            mean, log_variance = a[:UNITS], a[UNITS:].clamp(-10, 6)
            z = mean + (log_variance / 2).exp() * drawn
            at += 1
            kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum()
            o = torch.tanh(torch.cat([z, given]) @ net[4] + net[5]) @ net[6] + net[7]
            square = (o[:NUMBERS] - x[r]) ** 2
            cost = (0.5 * (square / noise + torch.log(2 * math.pi * noise))).sum() + BETA * kl
            costs.append(cost - math.log(PRIOR[y]))
            weight = 1.0 if label is not None else log_q[y].exp().item()
            squares += weight * square.detach()
            count += weight
        if label is not None:
            total = total + costs[0] - WEIGHT * log_q[label]
        else:
            total = total + (log_q.exp() * (torch.stack(costs) + log_q)).sum()
    return total, squares / count


PRIOR = [0.5, 0.3, 0.2]
x = torch.randn(ROWS, NUMBERS)
emit('x', x)
net = parameters((NUMBERS + CLASSES + 1, HIDDEN), (HIDDEN, 2 * UNITS),
                 (UNITS + CLASSES + 1, HIDDEN), (HIDDEN, NUMBERS + CLASSES + 1))
classifier = parameters((NUMBERS + CLASSES + 1, 7), (7, CLASSES))
ps = net + classifier
noise = torch.tensor([0.5, 0.3, 1.2, 0.8, 0.06])
emit('noise', noise)
for p in ps:
    emit('p', p.detach())
optimizer = torch.optim.AdamW([{'params': ps[0::2], 'weight_decay': DECAY},
                               {'params': ps[1::2], 'weight_decay': 0.0}], RATE, betas=(0.9, 0.95), eps=1e-8)
rows = sum(1 if label is not None else CLASSES for label in LABELS)
found = []
for step in range(10):
    optimizer.zero_grad()
    total, residual = objective(net, classifier, noise, normals(99, step, rows * UNITS).reshape(rows, UNITS))
    loss = total / NUMBERS / ROWS
    loss.backward()
    found.append(loss.item())
    if step == 0:
        for p in ps:
            emit('g', p.grad)
    optimizer.step()
    noise = torch.maximum(noise + NOISE_RATE * (residual - noise), torch.tensor(1e-4))
emit('losses', found)
for p in ps:
    emit('p', p.detach())
emit('noise', noise)
