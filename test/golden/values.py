"""What the makers of reference values share: their layout and our random numbers."""
import math

import numpy as np

ALL = 2**64 - 1
STEP = 0x9e3779b97f4a7c15


def emit(name, values, digits=9):
    values = np.asarray(values, dtype=float).ravel()
    print(name, len(values))
    print(' '.join('nan' if math.isnan(v) else '%.*g' % (digits, v) for v in values))


def f32(values):
    return np.asarray(values, dtype=np.float32).astype(float)


def mix(x):
    x ^= x >> 30
    x = x * 0xbf58476d1ce4e5b9 & ALL
    x ^= x >> 27
    x = x * 0x94d049bb133111eb & ALL
    return x ^ (x >> 31)


def normals(seed, stream, count):
    key = mix((mix(seed) + stream * STEP) & ALL)
    bits = [mix((key + i * STEP) & ALL) for i in range(1, 2 * count + 1)]
    return np.array([math.sqrt(-2 * math.log(((u >> 11) + 1) * 2.0**-53)) *
                     math.cos(2 * math.pi * (v >> 11) * 2.0**-53)
                     for u, v in zip(bits[0::2], bits[1::2])])
