#!/usr/bin/env python3
"""Reference values for test/unit/mixture_test.c, computed with NumPy.

usage: make_mixture.py > mixture.txt        (Debian: python3-numpy)

Steps of expectation and maximisation as src/core/mixture.h describes them, on
random rows with flags: the start, and after STEPS steps the log likelihood
before the last one and all parameters.  Text, nine digits: a line "name
count", then the values.
"""
import numpy as np

from values import emit

ROWS, DIMS, FLAGS, COMPONENTS, STEPS = 120, 3, 2, 3, 5
rng = np.random.default_rng(11)


def triangles(factors):
    """Rows of the lower triangle of each."""
    return [f[i, :i + 1] for f in factors for i in range(DIMS)]


which = rng.integers(0, 3, ROWS)
x = np.array([[0, 0, 0], [4, 1, -2], [-3, 5, 1]], float)[which]
x = x + rng.standard_normal((ROWS, DIMS)) @ rng.standard_normal((DIMS, DIMS))
x = x.astype(np.float32).astype(float)
flags = (rng.random((ROWS, FLAGS)) < np.array([[.1, .5], [.9, .2], [.3, .3]])[which]).astype(float)

variance, share = x.var(axis=0), flags.mean(axis=0)
weight = np.array([.5, .3, .2])
mean = x[[3, 50, 90]]
covariance = np.array([np.diag(variance)] * COMPONENTS)
rate = np.array([[.2, .4], [.5, .5], [.7, .3]])

emit('x', x)
emit('flags', flags)
emit('weight', weight)
emit('mean', mean)
emit('factor', np.concatenate(triangles(np.linalg.cholesky(covariance))))
emit('rate', rate)
for _ in range(STEPS):
    log_density = np.empty((ROWS, COMPONENTS))
    for k in range(COMPONENTS):
        d = x - mean[k]
        log_density[:, k] = (np.log(weight[k]) - .5 * np.linalg.slogdet(2 * np.pi * covariance[k])[1]
                             - .5 * (d @ np.linalg.inv(covariance[k]) * d).sum(axis=1)
                             + flags @ np.log(rate[k]) + (1 - flags) @ np.log(1 - rate[k]))
    top = log_density.max(axis=1, keepdims=True)
    row = top[:, 0] + np.log(np.exp(log_density - top).sum(axis=1))
    r = np.exp(log_density - row[:, None])
    n = r.sum(axis=0)
    weight = n / n.sum()
    mean = r.T @ x / n[:, None]
    # as if every component had one row more, which is like all of them
    covariance = np.array([((x - mean[k]).T * r[:, k] @ (x - mean[k]) + np.diag(variance)) / (n[k] + 1)
                           for k in range(COMPONENTS)])
    rate = (r.T @ flags + share) / (n[:, None] + 1)
emit('log_likelihood', [row.sum()])
emit('weight_after', weight)
emit('mean_after', mean)
emit('factor_after', np.concatenate(triangles(np.linalg.cholesky(covariance))))
emit('rate_after', rate)
