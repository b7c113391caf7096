#!/usr/bin/env python3
"""Reference values for test/unit/code_golden_test.c, computed with PyTorch.

usage: make_codes.py > codes.txt          (Debian: python3-torch, python3-numpy)

A network of dense layers around a code that is sparse or variational: loss
and all gradients, and ten steps of AdamW on the evidence lower bound, with the
noise of each number learned on the way.  The random numbers are ours.
Same layout as golden.txt.
"""
import math

import torch
import torch.nn.functional as F

from networks import Noise, draws, emit_all, parameters, take_steps
from values import emit

torch.manual_seed(11)

ROWS, INPUTS, HIDDEN, UNITS, OUTPUTS, NUMBERS = 6, 9, 8, 4, 10, 5
BETA, FREE = 0.7, 0.2


def network(units):
    return parameters((INPUTS, HIDDEN), (HIDDEN, units), (UNITS, HIDDEN), (HIDDEN, OUTPUTS))


def decode(ps, z):
    return torch.tanh(z @ ps[4] + ps[5]) @ ps[6] + ps[7]


def losses(o, variance):
    """Sum over rows: numbers normal or, without variances, squared; then cross-entropies."""
    known = ~torch.isnan(t[:, :NUMBERS])
    square = torch.where(known, o[:, :NUMBERS] - torch.nan_to_num(t[:, :NUMBERS]), torch.zeros(())) ** 2
    number = square if variance is None else 0.5 * (square / variance + torch.log(2 * math.pi * variance)) * known
    truth = F.binary_cross_entropy_with_logits(o[:, 5], t[:, 5], reduction='sum')
    label = F.cross_entropy(o[:, 6:], t[:, 6].long(), reduction='sum')
    return number.sum() + truth + label, (square.detach().sum(0) / known.sum(0)), 7


def sparse(ps, kind):
    a = torch.tanh(x @ ps[0] + ps[1]) @ ps[2] + ps[3]
    if kind == 'l1':
        return a, 0.3 * a.abs().sum()
    if kind == 'kl':
        h = torch.sigmoid(a)
        q = h.mean(0)
        return h, 0.3 * ROWS * (0.1 * torch.log(0.1 / q) + 0.9 * torch.log(0.9 / (1 - q))).sum()
    keep = torch.zeros_like(a).scatter(1, a.abs().topk(2, dim=1).indices, 1.0)
    return a * keep, torch.zeros(())


def variational(ps, eps):
    a = torch.tanh(x @ ps[0] + ps[1]) @ ps[2] + ps[3]
    mean, log_variance = a[:, :UNITS], a[:, UNITS:].clamp(-10, 6)
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
    free = torch.maximum(kl.mean(0), torch.tensor(FREE))
    return mean + (log_variance / 2).exp() * eps, BETA * ROWS * free.sum()


x = torch.randn(ROWS, INPUTS)
t = torch.randn(ROWS, OUTPUTS)
t[:, 5] = (torch.rand(ROWS) > 0.5).double()
t[:, 6] = torch.tensor([0, 3, 1, 2, 2, 0]).double()
t[:, 7:] = 0
t[0, 1] = t[2, 4] = t[5, 3] = float('nan')
emit('x', x)
emit('t', t)

for kind in ('l1', 'kl', 'topk'):
    ps = network(UNITS)
    emit_all('p', ps)
    z, penalty = sparse(ps, kind)
    total, _, n = losses(decode(ps, z), None)
    loss = (total + penalty) / ROWS
    loss.backward()
    emit(kind, [loss.item()])
    emit_all('g', [p.grad for p in ps])

ps = network(2 * UNITS)
with torch.no_grad():
    ps[3][2 * UNITS - 1] = 7.0      # a variance that is out of bounds
noise = Noise()
emit('noise', noise.now)
emit_all('p', ps)


def loss_of(step):
    z, penalty = variational(ps, draws(step, ROWS, UNITS))
    total, residual, n = losses(decode(ps, z), noise.now)
    noise.learn(residual)
    return (total + penalty) / n / ROWS


take_steps('losses', ps, loss_of)
emit('noise', noise.now)
