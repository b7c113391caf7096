#!/usr/bin/env python3
"""Reference values for test/unit/contract_golden_test.c, computed with PyTorch.

usage: make_contract.py > contract.txt    (Debian: python3-torch, python3-numpy)

A network with an encoder of three layers, its squared error, and the squared
norm of the encoder's Jacobian, which PyTorch differentiates twice: the
penalty and all gradients for every activation, then ten steps of AdamW.  The
format is that of make_golden.py.
"""
import torch

from networks import ACTIVATIONS, emit_all, parameters, take_steps
from values import emit

torch.manual_seed(11)

ROWS, WIDTHS, ENCODER = 6, [9, 8, 5, 3, 8, 9], 3
WEIGHT, CLIP = 0.05, 0.5


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
ps = parameters(*zip(WIDTHS, WIDTHS[1:]), bias=0.3)
emit('x', x)
emit_all('p', ps)

for name, act in ACTIVATIONS:
    for p in ps:
        p.grad = None
    emit(name, [penalty_of(ps, act).item()])
    loss_of(ps, act).backward()
    emit_all('g', [p.grad for p in ps])

take_steps('adamw', ps, lambda step: loss_of(ps, torch.tanh), clip=CLIP)
