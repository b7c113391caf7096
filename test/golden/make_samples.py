#!/usr/bin/env python3
"""Reference values for test/unit/set_sample_test.c, computed with PyTorch.

usage: make_samples.py > samples.txt      (Debian: python3-torch, python3-numpy)

A network that reads sets of items, trained with sampled softmax: the samples
by the formulas of core/set_sample.c and core/rng.h, the losses and gradients
by automatic differentiation, and ten steps of Adam, of SparseAdam for what
only some items have.  Same layout as golden.txt.
"""
import numpy as np
import torch

from networks import RATE, STEPS, emit_all, parameters
from values import ALL, STEP, emit, mix

torch.manual_seed(23)

ITEMS, HIDDEN, CODE, ROWS = 20, 7, 5, 6
SAMPLE, POWER, SEED = 8, 0.75, 31
BETAS = (0.9, 0.95)
FREQUENCY = [200] + [30 - i for i in range(1, ITEMS)]


def uniforms(stream):
    """Random numbers of a stream of SEED."""
    key = mix((mix(SEED) + stream * STEP) & ALL)
    counter = 0
    while True:
        counter += 1
        yield (mix((key + counter * STEP) & ALL) >> 40) / (1 << 24)


def sample(stream):
    """Items, and by how much each counts for those that are not there."""
    share = [f ** POWER for f in FREQUENCY]
    always = 0
    while (SAMPLE - always) * share[always] >= sum(share[always:]):
        always += 1
    factor = (SAMPLE - always) / sum(share[always:])
    bounds = np.cumsum([s * factor for s in share[always:]])
    times = {item: 1.0 for item in range(always)}
    random = uniforms(stream)
    for unit in range(SAMPLE - always):
        item = int(np.searchsorted(bounds, unit + next(random), 'right'))
        item = min(item, len(bounds) - 1) + always
        times[item] = times.get(item, 0) + 1 / (share[item] * factor)
    items = sorted(times)
    return items, torch.tensor([times[item] for item in items])


def loss_of(ps, rows, stream):
    items, weights = sample(stream)
    h = torch.tanh(x[rows] @ ps[0] + ps[1])
    logits = torch.tanh(h @ ps[2] + ps[3]) @ ps[4] + ps[5]
    total = 0
    for row, logit in zip(rows, logits):
        own = torch.nonzero(sets[row]).ravel()
        others = [i for i, item in enumerate(items) if item not in own]
        top = logit.max().detach()
        estimate = torch.exp(logit[own] - top).sum() + (
            weights[others] *
            torch.exp(logit[[items[i] for i in others]] - top)).sum()
        total = total + (sets[row, own] * (torch.log(estimate) + top -
                                           logit[own])).sum()
    return total / len(rows)


sets = (torch.rand(ROWS, ITEMS) < 0.3).double() * (1 + torch.rand(ROWS, ITEMS))
sets[:, 0] = 1
sets = sets.float().double()
x = sets / sets.norm(dim=1, keepdim=True)
ps = parameters((ITEMS, HIDDEN), (HIDDEN, CODE), (CODE, ITEMS))

emit('sets', sets)
emit_all('start', ps)
everything = list(range(ROWS))
loss = loss_of(ps, everything, 0)
loss.backward()
emit('loss', [loss.item()])
emit_all('grad', [p.grad for p in ps[1:]])

# what an item has moves in the steps that touch it, by Adam
moments = [[torch.zeros_like(p), torch.zeros_like(p)] for p in ps]
for step in range(1, STEPS + 1):
    rows = [(step + i) % ROWS for i in range(4)]
    for p in ps:
        p.grad = None
    loss_of(ps, rows, step).backward()
    read = torch.nonzero(sets[rows].sum(dim=0)).ravel().tolist()
    scored = sorted(set(read) | set(sample(step)[0]))
    for number, (p, (m, v)) in enumerate(zip(ps, moments)):
        at = {0: (read,), 4: (slice(None), scored), 5: (scored,)}.get(
            number, (slice(None),))
        with torch.no_grad():
            g = p.grad[at]
            m[at] = BETAS[0] * m[at] + (1 - BETAS[0]) * g
            v[at] = BETAS[1] * v[at] + (1 - BETAS[1]) * g * g
            p[at] -= RATE * m[at] / (1 - BETAS[0] ** step) / (
                torch.sqrt(v[at] / (1 - BETAS[1] ** step)) + 1e-8)
emit_all('end', ps)
