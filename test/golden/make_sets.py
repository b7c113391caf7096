#!/usr/bin/env python3
"""Reference values for test/unit/set_golden_test.c, computed with PyTorch.

usage: make_sets.py > sets.txt            (Debian: python3-torch, python3-numpy)

A network that reads sets of items: loss and gradients of the multinomial
likelihood, and ten steps of SparseAdam for the items' weights and of Adam for
all others, without dropout.  Same layout as golden.txt.
"""
import torch

from networks import RATE, STEPS, emit_all, parameters
from values import emit

torch.manual_seed(19)

ITEMS, HIDDEN, CODE, ROWS = 12, 7, 5, 6
BETAS = (0.9, 0.95)


def logits(ps, x):
    """Items w (sparse), b; then two dense layers, the last one linear."""
    h = torch.tanh(x @ ps[0] + ps[1])
    return torch.tanh(h @ ps[2] + ps[3]) @ ps[4] + ps[5]


# items 10 and 11 are in no row: their weights must not move
sets = (torch.rand(ROWS, ITEMS) < 0.4).double()
sets[:, 10:] = 0
sets[:, 0] = 1
x = sets / sets.norm(dim=1, keepdim=True)
ps = parameters((ITEMS, HIDDEN), (HIDDEN, CODE), (CODE, ITEMS))


def loss_of(rows):
    log_p = torch.log_softmax(logits(ps, x[rows]), dim=1)
    return -(sets[rows] * log_p).sum() / len(rows)


emit('sets', sets)
emit_all('start', ps)
everything = list(range(ROWS))
loss = loss_of(everything)
loss.backward()
emit('loss', [loss.item()])
emit_all('grad', [p.grad for p in ps[1:]])

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
emit_all('end', ps)
