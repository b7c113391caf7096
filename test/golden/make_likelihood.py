#!/usr/bin/env python3
"""Reference values for test/unit/likelihood_test.c, computed with PyTorch and SciPy.

usage: make_likelihood.py > likelihood.txt          (Debian: python3-torch, python3-scipy)

Rows of a numeric, a positive, three count and two ordinal columns, and outputs
for them.  The likelihoods are PyTorch's distributions and SciPy's normal and
logistic ones, in the columns' own units over the standard deviations of the
numbers; gradients are automatic.  Same layout as golden.txt.
"""
import math

import numpy as np
import torch
from scipy import special, stats

from values import emit

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(5)

ROWS = 12
NOISE = (0.3, 0.7)                           # numeric, positive
NUMERIC = dict(mean=40.0, sd=3.0)
POSITIVE = dict(centre=2.0, spread=0.8, sd=11.0)
COUNTS = [dict(mean=0.4, null=0.5), dict(mean=3.0, null=2.0), dict(mean=250.0, null=90.0)]
GRADES = np.array([0.1, 0.2, 0.4, 0.25, 0.05])
SIDES = np.array([0.3, 0.7])
LEVELS = [-2.5, 0.0, 1.0, 10.0, 10.5]


rows = np.empty((ROWS, 7))
rows[:, 0] = rng.normal(NUMERIC['mean'], NUMERIC['sd'], ROWS)
rows[:, 1] = np.expm1(np.abs(rng.normal(POSITIVE['centre'], POSITIVE['spread'], ROWS)))
for j, c in enumerate(COUNTS):
    rows[:, 2 + j] = rng.negative_binomial(1.2, 1.2 / (1.2 + c['mean']), ROWS)
rows[:, 5] = rng.choice(LEVELS, ROWS, p=GRADES)
rows[:, 6] = rng.choice([0, 1], ROWS, p=SIDES)
rows[1, 1] = 0.0
rows[[2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 5, 6]] = np.nan
emit('rows', rows, digits=12)

outputs = torch.tensor(np.float32(rng.normal(0, 1.5, (ROWS, 10))).astype(float), requires_grad=True)
emit('outputs', outputs.detach(), digits=12)


def cumulated(o):
    """P(level <= i) of each row, with 0 before and 1 behind."""
    cuts = torch.cumsum(torch.cat([o[:, :1], torch.nn.functional.softplus(o[:, 1:])], 1), 1)
    edge = torch.zeros(len(o), 1)
    return torch.cat([edge, torch.sigmoid(cuts), edge + 1], 1)


def column_costs():
    """(ROWS, 7) negative log likelihoods, NaN where there is no value; 1 fits every column."""
    d = torch.distributions
    x = torch.tensor(np.nan_to_num(rows, nan=1.0))
    costs = []
    z = d.Normal(outputs[:, 0], math.sqrt(NOISE[0]))
    costs.append(-z.log_prob((x[:, 0] - NUMERIC['mean']) / NUMERIC['sd']))
    # x / sd = (exp(centre + spread z) - 1) / sd
    p = d.TransformedDistribution(
        d.Normal(outputs[:, 1], math.sqrt(NOISE[1]), validate_args=False),
        [d.transforms.AffineTransform(POSITIVE['centre'], POSITIVE['spread']), d.transforms.ExpTransform(),
         d.transforms.AffineTransform(-1 / POSITIVE['sd'], 1 / POSITIVE['sd'])], validate_args=False)
    costs.append(-p.log_prob(x[:, 1] / POSITIVE['sd']))
    for j, c in enumerate(COUNTS):
        rate = c['mean'] / math.log(2) * torch.nn.functional.softplus(outputs[:, 2 + j])
        costs.append(-d.Poisson(rate, validate_args=False).log_prob(x[:, 2 + j]))
    for column, o, levels in ((5, outputs[:, 5:9], LEVELS), (6, outputs[:, 9:10], [0, 1])):
        p = torch.diff(cumulated(o))
        costs.append(-torch.log(p[range(ROWS), [levels.index(v) for v in x[:, column]]]))
    return torch.where(torch.isnan(torch.tensor(rows)), torch.tensor(math.nan), torch.stack(costs, 1))


costs = column_costs()
emit('costs', costs.detach(), digits=12)
costs[~torch.isnan(costs)].sum().backward()
emit('gradient', outputs.grad, digits=12)

# SciPy agrees
o = outputs.detach().numpy()
with np.errstate(all='ignore'):
    assert np.allclose(costs[:, 2].detach(), -stats.poisson.logpmf(rows[:, 2], COUNTS[0]['mean'] / math.log(2) *
                                                                   np.log1p(np.exp(o[:, 2]))), equal_nan=True)
    assert np.allclose(cumulated(outputs[:, 9:10]).detach()[:, 1], special.expit(o[:, 9]))

# losses of models that are not variational: half the deviance, cross-entropy
losses = []
for j, c in enumerate(COUNTS):
    rate = c['mean'] / math.log(2) * np.log1p(np.exp(o[:, 2 + j]))
    x = rows[:, 2 + j]
    losses.append((special.xlogy(x, x / rate) - x + rate) / c['null'])
losses.append(costs[:, 5].detach().numpy() / stats.entropy(GRADES))
losses.append(costs[:, 6].detach().numpy() / stats.entropy(SIDES))
emit('losses', np.stack(losses, 1), digits=12)
emit('probabilities', torch.diff(cumulated(outputs[:, 5:9])).detach(), digits=12)
