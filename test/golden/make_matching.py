#!/usr/bin/env python3
"""Reference values for test/unit/matching_golden_test.c, computed with PyTorch.

usage: make_matching.py > matching.txt    (Debian: python3-torch, python3-numpy)

Ten steps of AdamW of a network whose codes are drawn towards a standard normal
distribution: by the maximum mean discrepancy, whose means over draws are
integrals by Gauss-Legendre rules here, and by a critic that takes its steps at
the same time.  The random numbers are ours.  Same layout as golden.txt.
"""
import math

import numpy as np
import torch
import torch.nn.functional as F

from values import emit, normals

torch.set_default_dtype(torch.float64)
torch.manual_seed(21)

ROWS, INPUTS, HIDDEN, UNITS, WIDTH = 12, 6, 7, 3, 16
RATE, DECAY, MMD, ADVERSARIAL = 0.02, 0.05, 0.5, 0.3
SCALES = 2 * UNITS * torch.tensor([0.1, 0.2, 0.5, 1, 2, 5, 10])


def linear(n_in, n_out):
    return [(torch.randn(n_in, n_out) / math.sqrt(n_in)).requires_grad_(),
            (torch.randn(n_out) * 0.1).requires_grad_()]


def layers(*widths):
    return [p for pair in zip(widths, widths[1:]) for p in linear(*pair)]


def encode(ps):
    return torch.tanh(x @ ps[0] + ps[1]) @ ps[2] + ps[3]


def decode(ps, z):
    return torch.tanh(z @ ps[4] + ps[5]) @ ps[6] + ps[7]


def similarity(d):
    return (SCALES / (SCALES + d[..., None])).sum(-1)


# of exp(-s d), over s, by 2,000 points in log s
points, widths = np.polynomial.legendre.leggauss(2000)
log_s = torch.tensor(points * 20 - 12)
s = log_s.exp()
weight = (torch.tensor(widths * 20)[:, None] * s[:, None] * SCALES *
          torch.exp(-s[:, None] * SCALES)).sum(1)


def discrepancy(z):
    pairs = similarity(((z[:, None] - z[None]) ** 2).sum(2))
    codes = (pairs.sum() - len(SCALES) * ROWS) / ROWS / (ROWS - 1)
    mixed = ((weight * (1 + 2 * s) ** (-UNITS / 2)) *
             torch.exp(-s / (1 + 2 * s) * (z ** 2).sum(1)[:, None])).sum(1).mean()
    draws = (weight * (1 + 4 * s) ** (-UNITS / 2)).sum()
    return codes - 2 * mixed + draws


def odds(cs, z):
    h = F.leaky_relu(z @ cs[0] + cs[1], 0.01)
    return F.leaky_relu(h @ cs[2] + cs[3], 0.01) @ cs[4] + cs[5]


def adamw(ps):
    return torch.optim.AdamW([{'params': ps[0::2], 'weight_decay': DECAY},
                              {'params': ps[1::2], 'weight_decay': 0.0}], RATE, betas=(0.9, 0.95), eps=1e-8)


def run(matching):
    ps = layers(INPUTS, HIDDEN, UNITS, HIDDEN, INPUTS)
    cs = layers(UNITS, WIDTH, WIDTH, 1) if matching == 'adversarial' else []
    for p in ps + cs:
        emit('p', p.detach())
    optimizer = adamw(ps + cs)
    found = []
    for step in range(10):
        optimizer.zero_grad()
        z = encode(ps)
        loss = ((decode(ps, z) - x) ** 2).sum() / ROWS
        if matching == 'mmd':
            loss = loss + MMD * discrepancy(z)
            loss.backward()
        else:
            frozen = [c.detach() for c in cs]
            loss = loss + ADVERSARIAL * F.softplus(-odds(frozen, z)).mean()
            loss.backward()
            drawn = odds(cs, normals(99, step, ROWS * UNITS).reshape(ROWS, UNITS))
            told = F.softplus(drawn) - 0.9 * drawn + F.softplus(odds(cs, z.detach()))
            told.mean().backward()
        found.append(loss.item())
        if step == 0:
            for p in ps + cs:
                emit('g', p.grad)
        optimizer.step()
    emit('losses', found)
    for p in ps + cs:
        emit('p', p.detach())


x = torch.randn(ROWS, INPUTS)
emit('x', x)
run('mmd')
run('adversarial')
