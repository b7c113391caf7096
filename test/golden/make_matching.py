#!/usr/bin/env python3
"""Reference values for test/unit/matching_golden_test.c, computed with PyTorch.

usage: make_matching.py > matching.txt    (Debian: python3-torch, python3-numpy)

Ten steps of AdamW of a network whose codes are drawn towards a standard normal
distribution: by the maximum mean discrepancy, whose means over draws are
integrals by Gauss-Legendre rules here, and by a critic that takes its steps at
the same time.  The random numbers are ours.  Same layout as golden.txt.
"""
import numpy as np
import torch
import torch.nn.functional as F

from networks import draws, emit_all, parameters, take_steps
from values import emit

torch.manual_seed(21)

ROWS, INPUTS, HIDDEN, UNITS, WIDTH = 12, 6, 7, 3, 16
MMD, ADVERSARIAL = 0.5, 0.3
SCALES = 2 * UNITS * torch.tensor([0.1, 0.2, 0.5, 1, 2, 5, 10])


def layers(*widths):
    return parameters(*zip(widths, widths[1:]))


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


def run(matching):
    ps = layers(INPUTS, HIDDEN, UNITS, HIDDEN, INPUTS)
    cs = layers(UNITS, WIDTH, WIDTH, 1) if matching == 'adversarial' else []
    emit_all('p', ps + cs)

    def loss_of(step):
        z = encode(ps)
        loss = ((decode(ps, z) - x) ** 2).sum() / ROWS
        if matching == 'mmd':
            return loss + MMD * discrepancy(z)
        # the critic's own loss has gradients of its parameters alone
        drawn = odds(cs, draws(step, ROWS, UNITS))
        told = F.softplus(drawn) - 0.9 * drawn + F.softplus(odds(cs, z.detach()))
        told.mean().backward()
        return loss + ADVERSARIAL * F.softplus(-odds([c.detach() for c in cs], z)).mean()

    take_steps('losses', ps + cs, loss_of)


x = torch.randn(ROWS, INPUTS)
emit('x', x)
run('mmd')
run('adversarial')
