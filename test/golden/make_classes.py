#!/usr/bin/env python3
"""Reference values for test/unit/supervise_test.c, computed with PyTorch.

usage: make_classes.py > classes.txt      (Debian: python3-torch, python3-numpy)

Ten steps of AdamW on the semi-supervised objective of Kingma et al. 2014: a
variational autoencoder that is given a class, and a classifier of the rest of
the inputs.  Rows without a class count with each one, as likely as the
classifier takes it.  Same layout as golden.txt.
"""
import math

import torch
import torch.nn.functional as F

from networks import Noise, draws, emit_all, parameters, take_steps
from values import emit

torch.manual_seed(12)

ROWS, NUMBERS, CLASSES, HIDDEN, UNITS = 6, 5, 3, 8, 4
BETA, WEIGHT = 0.7, 2.5
LABELS = [0, None, 2, None, None, 1]
PRIOR = [0.5, 0.3, 0.2]


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


x = torch.randn(ROWS, NUMBERS)
emit('x', x)
net = parameters((NUMBERS + CLASSES + 1, HIDDEN), (HIDDEN, 2 * UNITS),
                 (UNITS + CLASSES + 1, HIDDEN), (HIDDEN, NUMBERS + CLASSES + 1))
classifier = parameters((NUMBERS + CLASSES + 1, 7), (7, CLASSES))
noise = Noise()
emit('noise', noise.now)
emit_all('p', net + classifier)
rows = sum(1 if label is not None else CLASSES for label in LABELS)


def loss_of(step):
    total, residual = objective(net, classifier, noise.now, draws(step, rows, UNITS))
    noise.learn(residual)
    return total / NUMBERS / ROWS


take_steps('losses', net + classifier, loss_of)
emit('noise', noise.now)
