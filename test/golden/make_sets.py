#!/usr/bin/env python3
"""Reference values for test/unit/set_golden_test.c, computed with PyTorch.

usage: make_sets.py > sets.txt            (Debian: python3-torch, python3-numpy)

A network that reads sets of items: loss and gradients of the multinomial
likelihood, and ten steps of SparseAdam for the items' weights and of Adam for
all others, without dropout.  Same layout as golden.txt.
"""
import math

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(19)

ITEMS, HIDDEN, CODE, ROWS, STEPS = 12, 7, 5, 6, 10
RATE, BETAS = 0.02, (0.9, 0.95)


def emit(name, values):
    values = np.asarray(values, dtype=float).ravel()
    print(name, len(values))
    print(' '.join('%.9g' % v for v in values))


def logits(ps, x):
    """Items w (sparse), b; then two dense layers, the last one linear."""
    h = torch.tanh(x @ ps[0] + ps[1])
    return torch.tanh(h @ ps[2] + ps[3]) @ ps[4] + ps[5]


# items 10 and 11 are in no row: their weights must not move
sets = (torch.rand(ROWS, ITEMS) < 0.4).double()
sets[:, 10:] = 0
sets[:, 0] = 1
x = sets / sets.norm(dim=1, keepdim=True)
ps = []
for n_in, n_out in ((ITEMS, HIDDEN), (HIDDEN, CODE), (CODE, ITEMS)):
    ps.append((torch.randn(n_in, n_out) / math.sqrt(n_in)).requires_grad_())
    ps.append((torch.randn(n_out) * 0.1).requires_grad_())


def loss_of(rows):
    log_p = torch.log_softmax(logits(ps, x[rows]), dim=1)
    return -(sets[rows] * log_p).sum() / len(rows)


emit('sets', sets)
for p in ps:
    emit('start', p.detach())
everything = list(range(ROWS))
loss = loss_of(everything)
loss.backward()
emit('loss', [loss.item()])
for p in ps[1:]:
    emit('grad', p.grad)

# the steps see four rows each, so that some items rest in some steps
items = torch.optim.SparseAdam([ps[0]], lr=RATE, betas=BETAS, eps=1e-8)
others = torch.optim.Adam(ps[1:], lr=RATE, betas=BETAS, eps=1e-8)
for step in range(STEPS):
    rows = [(step + i) % ROWS for i in range(4)]
    for p in ps:
        p.grad = None
    loss_of(rows).backward()
    dense = ps[0].grad
    touched = torch.nonzero(sets[rows].sum(dim=0)).ravel()
    ps[0].grad = torch.sparse_coo_tensor(touched[None], dense[touched],
                                         dense.shape)
    items.step()
    others.step()
for p in ps:
    emit('end', p.detach())
