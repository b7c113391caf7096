#!/usr/bin/env python3
"""Reference values for test/unit/golden_test.c, computed with PyTorch.

usage: make_golden.py > golden.txt        (Debian: python3-torch, python3-numpy)

A mixed network with every kind of loss: forward pass, loss and all gradients
for every activation, then ten steps of every optimiser.  Text, nine digits: a
line "name count", then the values.
"""
import math

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(7)

ROWS, INPUTS, HIDDEN, LATENT = 6, 9, 8, 3
# output blocks: loss, first output, width
BLOCKS = [('squared', 0, 3), ('absolute', 3, 1), ('huber', 4, 1),
          ('logistic', 5, 1), ('softmax', 6, 4)]
OUTPUTS = 10
SHAPES = [(INPUTS, HIDDEN), (HIDDEN, LATENT), (LATENT, HIDDEN), (HIDDEN, OUTPUTS)]

ACTIVATIONS = [
    ('linear', lambda a: a),
    ('relu', F.relu),
    ('leaky_relu', lambda a: F.leaky_relu(a, 0.01)),
    ('elu', F.elu),
    ('selu', F.selu),
    ('gelu', F.gelu),
    ('silu', F.silu),
    ('mish', F.mish),
    ('tanh', torch.tanh),
    ('sigmoid', torch.sigmoid),
    ('softplus', F.softplus),
]


def emit(name, values):
    values = np.asarray(values, dtype=float).ravel()
    print(name, len(values))
    print(' '.join('nan' if math.isnan(v) else '%.9g' % v for v in values))


def layer_parameters(scale=0.7):
    ps = []
    for n_in, n_out in SHAPES:
        ps.append((torch.randn(n_in, n_out) * scale / math.sqrt(n_in)).requires_grad_())
        ps.append((torch.randn(n_out) * 0.1).requires_grad_())
    return ps


def forward(ps, x, act):
    h = act(x @ ps[0] + ps[1])
    z = h @ ps[2] + ps[3]
    h = act(z @ ps[4] + ps[5])
    return h @ ps[6] + ps[7]


def loss_of(o, t, w):
    """Mean over rows of the weighted sum of losses; NaN targets cost nothing."""
    total = 0.0
    for kind, first, width in BLOCKS:
        if kind == 'softmax':
            for i in range(ROWS):
                if not torch.isnan(t[i, first]):
                    total = total + w[first] * F.cross_entropy(
                        o[i:i + 1, first:first + width], t[i:i + 1, first].long())
            continue
        for i in range(ROWS):
            for j in range(first, first + width):
                if torch.isnan(t[i, j]):
                    continue
                d = o[i, j] - t[i, j]
                if kind == 'squared':
                    v = d * d
                elif kind == 'absolute':
                    v = d.abs()
                elif kind == 'huber':
                    v = F.huber_loss(o[i, j], t[i, j], delta=1.0)
                else:
                    v = F.binary_cross_entropy_with_logits(o[i, j], t[i, j])
                total = total + w[j] * v
    return total / ROWS


x = torch.randn(ROWS, INPUTS)
t = torch.randn(ROWS, OUTPUTS) * 1.5
t[:, 5] = (torch.rand(ROWS) > 0.5).double()
t[:, 6] = torch.tensor([0, 3, 1, 2, 2, 0]).double()
t[:, 7:] = 0
for i, j in ((0, 1), (2, 4), (3, 6), (4, 5), (5, 3)):
    t[i, j] = float('nan')
w = torch.rand(OUTPUTS) + 0.1
ps = layer_parameters()
emit('x', x)
emit('t', t)
emit('w', w)
for p in ps:
    emit('p', p.detach())

for name, act in ACTIVATIONS:
    for p in ps:
        p.grad = None
    o = forward(ps, x, act)
    l = loss_of(o, t, w)
    l.backward()
    emit(name, o.detach())
    emit('loss', [l.item()])
    for p in ps:
        emit('g', p.grad)

start = [p.detach().clone() for p in ps]
RATE, DECAY, CLIP = 0.02, 0.05, 0.5
for name in ('adamw', 'adam', 'sgd', 'rmsprop', 'adagrad'):
    q = [p.clone().requires_grad_() for p in start]
    groups = [{'params': q[0::2], 'weight_decay': DECAY},
              {'params': q[1::2], 'weight_decay': 0.0}]
    optimizer = {
        'adamw': lambda: torch.optim.AdamW(groups, RATE, betas=(0.9, 0.95), eps=1e-8),
        'adam': lambda: torch.optim.Adam(groups, RATE, betas=(0.9, 0.95), eps=1e-8),
        'sgd': lambda: torch.optim.SGD(groups, RATE, momentum=0.9),
        'rmsprop': lambda: torch.optim.RMSprop(groups, RATE, alpha=0.99, eps=1e-8),
        'adagrad': lambda: torch.optim.Adagrad(groups, RATE, eps=1e-10),
    }[name]()
    losses = []
    for step in range(10):
        optimizer.zero_grad()
        l = loss_of(forward(q, x, torch.tanh), t, w)
        l.backward()
        losses.append(l.item())
        torch.nn.utils.clip_grad_norm_(q, CLIP)
        optimizer.step()
    emit(name, losses)
    for p in q:
        emit('p', p.detach())
