#!/usr/bin/env python3
"""Reference values for test/unit/contract_golden_test.c, computed with PyTorch.

usage: make_contract.py > contract.txt    (Debian: python3-torch, python3-numpy)

A network with an encoder of three layers, its squared error, and the squared
norm of the encoder's Jacobian, which PyTorch differentiates twice: the
penalty and all gradients for every activation, then ten steps of AdamW.  The
format is that of make_golden.py.
"""
import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(11)

ROWS, WIDTHS, ENCODER = 6, [9, 8, 5, 3, 8, 9], 3
WEIGHT = 0.05
RATE, DECAY, CLIP, STEPS = 0.02, 0.05, 0.5, 10

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
    print(' '.join('%.9g' % v for v in values))


def layers(ps, x, act, first, last):
    """Code and output are linear."""
    for i in range(first, last):
        x = x @ ps[2 * i] + ps[2 * i + 1]
        if i not in (ENCODER - 1, len(WIDTHS) - 2):
            x = act(x)
    return x


def penalty_of(ps, act):
    """Sum over rows of the squared norm of the code's Jacobian."""
    total = 0.0
    for row in x:
        total = total + torch.autograd.functional.jacobian(
            lambda r: layers(ps, r, act, 0, ENCODER), row,
            create_graph=True).square().sum()
    return total


def loss_of(ps, act):
    o = layers(ps, x, act, 0, len(WIDTHS) - 1)
    return ((o - x).square().sum() + WEIGHT * penalty_of(ps, act)) / ROWS


x = torch.randn(ROWS, WIDTHS[0])
ps = []
for n_in, n_out in zip(WIDTHS, WIDTHS[1:]):
    ps.append((torch.randn(n_in, n_out) / n_in ** 0.5).requires_grad_())
    ps.append((torch.randn(n_out) * 0.3).requires_grad_())
emit('x', x)
for p in ps:
    emit('p', p.detach())

for name, act in ACTIVATIONS:
    for p in ps:
        p.grad = None
    emit(name, [penalty_of(ps, act).item()])
    loss_of(ps, act).backward()
    for p in ps:
        emit('g', p.grad)

optimizer = torch.optim.AdamW(
    [{'params': ps[0::2], 'weight_decay': DECAY},
     {'params': ps[1::2], 'weight_decay': 0.0}], RATE, betas=(0.9, 0.95),
    eps=1e-8)
losses = []
for step in range(STEPS):
    optimizer.zero_grad()
    loss = loss_of(ps, torch.tanh)
    loss.backward()
    losses.append(loss.item())
    torch.nn.utils.clip_grad_norm_(ps, CLIP)
    optimizer.step()
emit('adamw', losses)
for p in ps:
    emit('p', p.detach())
