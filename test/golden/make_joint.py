#!/usr/bin/env python3
"""Reference values for test/unit/joint_test.c, computed with NumPy.

usage: make_joint.py > joint.txt        (Debian: python3-numpy)

Targets and outputs of random rows of every kind of column; from them what
docs/model-format.md says of section JOIN: coordinates, points, distances and
neighbours; and the scales, as src/core/joint_fit.c fits them.  Text, nine
digits: a line "name count", then the values.
"""
import math

import numpy as np

from values import ALL, STEP, emit, f32, mix

# of src/core/joint.h, joint_fit.c and neighbour.c
LINEAR, LIMIT = 5, 136
STEPS, CENTRAL, DEVIATION_FLOOR, VARIANCE_FLOOR, TINY = 3, 0.7, 1e-3, 1e-3, 1e-9
DISTANCE_FLOOR = 0.5

ROWS, POINTS, NEIGHBOURS = 90, 37, 3
rng = np.random.default_rng(5)

# kind, outputs (labels + 1 of a category), weight
COLUMNS = [('number', 1, 1.0), ('number', 3, 2.0), ('binary', 1, 1.0), ('category', 4, 1.0),
           ('category', 21, 0.5), ('calendar', 5, 1.0), ('number', 1, 3.0)]


def coords_of(column):
    kind, width, _ = column
    return min(width, 16) if kind == 'category' else width


def label_vector(label, nlabels):
    """The coordinates of one label of a category; nlabels counts "other"."""
    v = np.zeros(min(nlabels, 16))
    if nlabels <= 16 or label < 8:
        v[label] = 1
        return v
    h = mix(label * STEP & ALL)
    for i in range(8):
        v[8 + i] = (1 if h >> i & 1 else -1) / math.sqrt(8)
    return v


def coordinates(target, output):
    """Coordinates of a row and of its reconstruction."""
    value, reconstruction = [], []
    at = 0
    for kind, width, _ in COLUMNS:
        t, o = target[at:at + width], output[at:at + width]
        at += width
        if kind == 'category':
            p = np.exp(o - o.max())
            p /= p.sum()
            r = sum(p[i] * label_vector(i, width) for i in range(width))
            v = r if np.isnan(t[0]) else label_vector(int(t[0]), width)
        else:
            r = 1 / (1 + np.exp(-o)) if kind == 'binary' else o
            v = np.where(np.isnan(t), r, t)
        value.append(v)
        reconstruction.append(r)
    return np.concatenate(value), np.concatenate(reconstruction)


def spread(x):
    """Variances of the rows; a category has one, the sum of its coordinates'."""
    var = x.var(axis=0)
    at = 0
    for block in range(2):
        for column in COLUMNS:
            n = coords_of(column)
            if column[0] == 'category':
                var[at:at + n] = var[at:at + n].sum()
            at += n
    return var


def fit(value, reconstruction):
    x = np.hstack([reconstruction, value - reconstruction])
    base = np.sqrt(spread(x)) + DEVIATION_FLOOR
    x = x / base
    mean, var = x.mean(axis=0), spread_scaled(x * base, base)
    floor = TINY
    for _ in range(STEPS):
        d = (((x - mean) ** 2) / (var + floor)).sum(axis=1)
        bound = np.sort(d)[int(CENTRAL * (len(d) - 1))]
        kept = x[d <= bound]
        mean, var = kept.mean(axis=0), spread_scaled(kept * base, base)
        floor = VARIANCE_FLOOR * var.mean() + TINY
    # geometric mean of base and of base times the deviation in units of it
    return 1 / np.sqrt(base * base * np.sqrt(var + floor)), mean * base


def spread_scaled(x, base):
    return spread(x) / base ** 2


weight = np.concatenate([np.full(coords_of(c), math.sqrt(c[2] / (1 if c[0] == 'category' else c[1])))
                         for c in COLUMNS])
d = len(weight)
step = LIMIT * max(weight.max() / 16383,
                   2 * math.sqrt(2 * (weight ** 2).sum()) / (46340 - math.sqrt(2 * d)))

width = sum(c[1] for c in COLUMNS)
target = rng.standard_normal((ROWS, width)) * np.exp(rng.standard_normal(width))
output = target * 0.8 + 0.3 * rng.standard_normal((ROWS, width))
# outliers, beyond where values are compressed
target[::9, :4] *= 40
output[::11, 2] += 1e4
at = 0
for kind, n, _ in COLUMNS:
    if kind == 'binary':
        target[:, at] = target[:, at] > 0
    if kind == 'category':
        target[:, at] = rng.integers(0, n, ROWS)
        target[:, at + 1:at + n] = 0
    at += n
# the last column is constant
target[:, -1] = 0
output[:, -1] = 0
target[rng.random((ROWS, width)) < 0.05] = np.nan
target, output = f32(target), f32(output)
pairs = [coordinates(t, o) for t, o in zip(target, output)]
value = np.array([p[0] for p in pairs])
reconstruction = np.array([p[1] for p in pairs])
factor, centre = fit(value, reconstruction)

z = (np.hstack([reconstruction, value - reconstruction]) - centre) * factor
size = np.abs(z)
size = np.where(size > LINEAR, LINEAR * (1 + np.log(np.maximum(size, LINEAR) / LINEAR)), size)
point = np.sign(z) * np.floor(size * np.tile(weight / step, 2) + 0.5)
assert (np.abs(point) <= LIMIT * np.tile(weight, 2) / step + 0.5).all()

emit('target', target)
emit('output', output)
emit('value', value)
emit('reconstruction', reconstruction)
emit('factor', factor)
emit('centre', centre)
emit('point', point)
emit('square', [step ** 2])

share = z ** 2 * np.tile(weight, 2) ** 2
ends = np.cumsum([0] + [coords_of(c) for c in COLUMNS])
both = share[:, :d] + share[:, d:]
columns = np.array([both[:, a:b].sum(axis=1) for a, b in zip(ends, ends[1:])]).T
emit('share', columns)
emit('distance', columns.sum(axis=1) / (2 * d))

# the first rows are the coreset; rows in it leave themselves out
offset = f32(np.where(np.arange(POINTS) % 3 == 0, rng.random(POINTS) * 20, 0))
emit('offset', offset)
logs, near = [], []
for row in range(ROWS):
    squares = ((point[row] - point[:POINTS]) ** 2).sum(axis=1)
    q = squares * step ** 2 + offset
    order = [i for i in np.argsort(q, kind='stable') if i != row][:NEIGHBOURS]
    logs.append(math.log(np.sqrt(q[order]).mean() + DISTANCE_FLOOR * step))
    parts = sum((point[row] - point[i]) ** 2 / math.sqrt(q[i]) for i in order)
    parts = parts[:d] + parts[d:]
    near.append([parts[a:b].sum() / parts.sum() for a, b in zip(ends, ends[1:])])
emit('log_distance', logs)
emit('neighbour_share', near)
