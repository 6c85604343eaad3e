# Records what TensorFlow 2.21 computes for fake quantization.
# SPDX-License-Identifier: Apache-2.0
"""Records what TensorFlow 2.21 computes for fake quantization and its gradients.

Usage: python record_tf2.py [FOLDER]     (a Python that has TensorFlow 2.21; FOLDER is this script's own by default)

Writes tf2_fake_quant.txt, as tables.py says.

  case tensor BITS NARROW      range: min max; x: values; y: quantized; dx: gradient of x; d: gradients of min and max
  case args BITS NARROW        the same of FakeQuantWithMinMaxArgs, which has no d
  case channels BITS NARROW    range: min and max of each channel in turn; d likewise; x is [rows, channels]
"""
import os
import sys

import numpy as np
import tensorflow as tf

from tables import ALL_BITS, BROKEN, CORNERS, F, INF, NAN, REGULAR, TINY, gradients, inputs_for, line


def record_tensor(out, rng, bits, narrow, low, high, count, grad):
    x = inputs_for(rng, bits, narrow, low, high, count)
    options = dict(num_bits=bits, narrow_range=bool(narrow))
    y = tf.quantization.fake_quant_with_min_max_vars(x, F(low), F(high), **options)
    dx, dlow, dhigh = tf.quantization.fake_quant_with_min_max_vars_gradient(
        grad[:x.size], x, F(low), F(high), **options)
    out.write('case tensor %d %d\n' % (bits, narrow))
    for key, values in (('range', [low, high]), ('x', x), ('y', y), ('dx', dx), ('d', [dlow, dhigh])):
        line(out, key, values)


def record_args(out, rng, bits, narrow, low, high, count, grad):
    x = inputs_for(rng, bits, narrow, low, high, count)
    options = dict(min=float(low), max=float(high), num_bits=bits, narrow_range=bool(narrow))
    y = tf.quantization.fake_quant_with_min_max_args(x, **options)
    dx = tf.quantization.fake_quant_with_min_max_args_gradient(grad[:x.size], x, **options)
    out.write('case args %d %d\n' % (bits, narrow))
    for key, values in (('range', [low, high]), ('x', x), ('y', y), ('dx', dx)):
        line(out, key, values)


def record_channels(out, rng, bits, narrow):
    ranges = REGULAR + CORNERS + [BROKEN[0], BROKEN[3], TINY[1]]
    low, high = [np.array([r[end] for r in ranges], F) for end in (0, 1)]
    x = np.stack([inputs_for(rng, bits, narrow, a, b, 10) for a, b in ranges], axis=-1)
    grad = rng.randn(*x.shape).astype(F)
    options = dict(num_bits=bits, narrow_range=bool(narrow))
    y = tf.quantization.fake_quant_with_min_max_vars_per_channel(x, low, high, **options)
    dx, dlow, dhigh = tf.quantization.fake_quant_with_min_max_vars_per_channel_gradient(grad, x, low, high, **options)
    line(out, 'g', grad)
    out.write('case channels %d %d\n' % (bits, narrow))
    for key, values in (('range', ranges), ('x', x), ('y', y), ('dx', dx), ('d', np.stack([dlow, dhigh], axis=-1))):
        line(out, key, values)


def record(out, rng):
    grad = gradients(rng)
    line(out, 'g', grad)
    for bits in ALL_BITS:
        for narrow in (0, 1):
            record_tensor(out, rng, bits, narrow, *REGULAR[rng.randint(len(REGULAR))], 25, grad)
            record_args(out, rng, bits, narrow, *REGULAR[rng.randint(len(REGULAR))], 20, grad)
    for bits, narrow in ((4, 1), (8, 0), (8, 1), (16, 0)):
        for low, high in REGULAR + CORNERS + TINY:
            record_tensor(out, rng, bits, narrow, low, high, 10, grad)
        for low, high in BROKEN:
            record_tensor(out, rng, bits, narrow, low, high, 0, grad)
    for low, high in REGULAR + [(1.0, 6.0), (-6.0, -1.0)] + TINY[1:]:  # it refuses a range that is subnormal
        record_args(out, rng, 8, 0, low, high, 10, grad)
    for special in (INF, -INF, NAN):
        grad[[2, 5]] = special
        line(out, 'g', grad)
        record_tensor(out, rng, 8, 0, -1.3, 2.7, 10, grad)
        record_tensor(out, rng, 8, 1, 0.0, 0.0, 10, grad)
    for bits, narrow in ((2, 0), (4, 1), (8, 0), (8, 1), (16, 0)):
        record_channels(out, rng, bits, narrow)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    assert tf.__version__.startswith('2.21'), tf.__version__
    with open(os.path.join(folder, 'tf2_fake_quant.txt'), 'w', encoding='ascii') as out:
        out.write('# TensorFlow %s; written by record_tf2.py, which says how to read it\n' % tf.__version__)
        record(out, np.random.RandomState(221))


if __name__ == '__main__':
    main()
