#!/usr/bin/env python3
"""Reference values for test/unit/golden_test.c, computed with PyTorch.

usage: make_golden.py > golden.txt        (Debian: python3-torch, python3-numpy)

A mixed network with every kind of loss: forward pass, loss and all gradients
for every activation, then ten steps of every optimiser.  Text, nine digits: a
line "name count", then the values.
"""
import torch
import torch.nn.functional as F

from networks import ACTIVATIONS, RATE, adamw, emit_all, groups, parameters, take_steps
from values import emit

torch.manual_seed(7)

ROWS, INPUTS, HIDDEN, LATENT = 6, 9, 8, 3
# output blocks: loss, first output, width
BLOCKS = [('squared', 0, 3), ('absolute', 3, 1), ('huber', 4, 1),
          ('logistic', 5, 1), ('softmax', 6, 4)]
OUTPUTS = 10
CLIP = 0.5


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
ps = parameters((INPUTS, HIDDEN), (HIDDEN, LATENT), (LATENT, HIDDEN), (HIDDEN, OUTPUTS), weight=0.7)
emit('x', x)
emit('t', t)
emit('w', w)
emit_all('p', ps)

for name, act in ACTIVATIONS:
    for p in ps:
        p.grad = None
    o = forward(ps, x, act)
    l = loss_of(o, t, w)
    l.backward()
    emit(name, o.detach())
    emit('loss', [l.item()])
    emit_all('g', [p.grad for p in ps])

OPTIMIZERS = {
    'adamw': adamw,
    'adam': lambda q: torch.optim.Adam(groups(q), RATE, betas=(0.9, 0.95), eps=1e-8),
    'sgd': lambda q: torch.optim.SGD(groups(q), RATE, momentum=0.9),
    'rmsprop': lambda q: torch.optim.RMSprop(groups(q), RATE, alpha=0.99, eps=1e-8),
    'adagrad': lambda q: torch.optim.Adagrad(groups(q), RATE, eps=1e-10),
}
for name, optimizer in OPTIMIZERS.items():
    q = [p.detach().clone().requires_grad_() for p in ps]
    take_steps(name, q, lambda step: loss_of(forward(q, x, torch.tanh), t, w), optimizer(q), CLIP)
