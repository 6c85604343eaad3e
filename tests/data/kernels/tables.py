# What the recording scripts of this folder share: inputs that are hard to quantize, and how a table is written.
# SPDX-License-Identifier: Apache-2.0
"""A table is lines of a key and its words; a float is the eight hex digits of its bits. A line `case KIND ...` opens a
case, the lines after it belong to it, but a line `g` (incoming gradients, one a value) holds for all cases until the next.
"""
import numpy as np

F = np.float32
INF, NAN = F('inf'), F('nan')
SPECIAL = [0.0, -0.0, 1e-40, -1e-40, 1.17549435e-38, 3.4e38, -3.4e38, INF, -INF, NAN]
REGULAR = [(-1.3, 2.7), (-6.0, 6.0), (0.0, 6.0), (-0.013, 5.1), (-255.0, 0.0), (-1.0, 1.0)]
CORNERS = [(0.0, 0.0), (-0.0, 0.0), (1.0, 6.0), (-6.0, -1.0), (3.0, -2.0), (2.0, 2.0), (-2.0, -2.0)]
BROKEN = [(NAN, 1.0), (-1.0, NAN), (-1.0, INF), (-INF, 1.0), (-INF, INF), (INF, -INF), (-3e38, 3e38)]
TINY = [(-1e-40, 2e-40), (-3e-37, 5e-37), (-1.2e-38, 0.0), (-2e-36, 7e-34), (1e-40, 6.0)]
ALL_BITS = range(2, 17)


def words(values):
    """Eight hex digits a float; every NaN is written as the same one."""
    values = np.asarray(values, F).ravel().copy()
    bits = values.view(np.uint32)
    bits[np.isnan(values)] = 0x7fc00000
    return ' '.join('%08x' % b for b in bits)


def line(out, key, values):
    out.write(key + ' ' + words(values) + '\n')


def integers(out, key, values):
    out.write(key + ' ' + ' '.join('%d' % v for v in np.asarray(values).ravel()) + '\n')


def inputs_for(rng, bits, narrow, low, high, count):
    """Ties and their neighbours, values in and around the range, special values."""
    low, high = F(low), F(high)
    with np.errstate(all='ignore'):
        scale = F(high - low) / F(2**bits - 1 - narrow)
        steps = rng.randint(-2, 2**bits + 2, count // 5).astype(F) + F(0.5)
        ties = (steps * scale + low).astype(F)
        near = [np.nextafter(ties, INF, dtype=F), np.nextafter(ties, -INF, dtype=F)]
        spread = (low + (high - low) * rng.uniform(-0.2, 1.2, count // 5)).astype(F)
    values = np.concatenate([ties] + near + [spread, np.array([low, high] + SPECIAL, F)])
    rng.shuffle(values)
    return values


def gradients(rng, count=64):
    g = rng.randn(count).astype(F)
    g[[3, 11, 17, 29]] = [0.0, -0.0, 1e-40, -1e-40]
    return g
