# Records what TensorFlow 1.15 computes for fake quantization.
# SPDX-License-Identifier: Apache-2.0
"""Records what TensorFlow 1.15 computes for fake quantization, gradients and range observers.

Usage: python record_tf115.py [FOLDER]     (a Python that has TensorFlow 1.15; FOLDER is this script's own by default)

Writes tf115_fake_quant.txt and tf115_observers.txt. Each line is a key and its words; a float is the eight hex digits of
its bits. A line `case KIND ...` opens a case, the lines after it belong to it, but a line `g` (incoming gradients, one a
value) holds for all cases until the next `g`.

  case tensor BITS NARROW      range: min max; x: values; y: quantized; dx: gradient of x; d: gradients of min and max
  case channels BITS NARROW    range: min and max of each channel in turn; d likewise; x is [rows, channels]
  case observer KIND BITS NARROW SYMMETRIC CHANNELS DECAY
      then for each batch: x: its values, [rows, channels]; state: min max of each channel in turn; and for the moving
      average biased: biased min, biased max of each channel in turn, and step
"""
import os
import sys

import numpy as np
import tensorflow as tf
from tensorflow.contrib.quantize.python import quant_ops

F = np.float32
INF, NAN = F('inf'), F('nan')
SPECIAL = [0.0, -0.0, 1e-40, -1e-40, 1.17549435e-38, 3.4e38, -3.4e38, INF, -INF, NAN]
REGULAR = [(-1.3, 2.7), (-6.0, 6.0), (0.0, 6.0), (-0.013, 5.1), (-255.0, 0.0), (-1.0, 1.0)]
CORNERS = [(0.0, 0.0), (-0.0, 0.0), (1.0, 6.0), (-6.0, -1.0), (3.0, -2.0), (2.0, 2.0), (-2.0, -2.0)]
BROKEN = [(NAN, 1.0), (-1.0, NAN), (-1.0, INF), (-INF, 1.0), (-INF, INF), (INF, -INF), (-3e38, 3e38)]
TINY = [(-1e-40, 2e-40), (-3e-37, 5e-37), (-1.2e-38, 0.0), (-2e-36, 7e-34), (1e-40, 6.0)]


def words(values):
    """Eight hex digits a float; every NaN is written as the same one."""
    values = np.asarray(values, F).ravel().copy()
    bits = values.view(np.uint32)
    bits[np.isnan(values)] = 0x7fc00000
    return ' '.join('%08x' % b for b in bits)


def line(out, key, values):
    out.write(key + ' ' + words(values) + '\n')


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


def new_session():
    """A session that runs the ops of the graph as they are: the graph optimizer would make x / ratio x * (1 / ratio)."""
    config = tf.compat.v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return tf.compat.v1.Session(config=config)


class Kernels(object):
    """The ops under test, fed through placeholders so that nothing is folded."""

    def __init__(self):
        self.session = new_session()
        self.x, self.g, self.low, self.high = [tf.compat.v1.placeholder(tf.float32, None) for _ in range(4)]
        self.ops = {}

    def __call__(self, channels, bits, narrow, x, g, low, high):
        key = (channels, bits, narrow)
        if key not in self.ops:
            name = 'fake_quant_with_min_max_vars' + ('_per_channel' if channels else '')
            forward = getattr(tf.quantization, name)(self.x, self.low, self.high, bits, bool(narrow))
            backward = getattr(tf.quantization, name + '_gradient')(
                self.g, self.x, self.low, self.high, bits, bool(narrow))
            self.ops[key] = [forward] + list(backward)
        return self.session.run(self.ops[key], {self.x: x, self.g: g, self.low: low, self.high: high})


def record_tensors(out, kernels, rng):
    gradients = rng.randn(64).astype(F)
    gradients[[3, 11, 17, 29]] = [0.0, -0.0, 1e-40, -1e-40]
    line(out, 'g', gradients)

    def case(bits, narrow, low, high, count, g):
        x = inputs_for(rng, bits, narrow, low, high, count)
        y, dx, dlow, dhigh = kernels(False, bits, narrow, x, g[:x.size], F(low), F(high))
        out.write('case tensor %d %d\n' % (bits, narrow))
        for key, values in (('range', [low, high]), ('x', x), ('y', y), ('dx', dx), ('d', [dlow, dhigh])):
            line(out, key, values)

    for bits in (2, 4, 8, 16):
        for narrow in (0, 1):
            for low, high in REGULAR + [tuple(np.sort(rng.randn(2)))]:
                case(bits, narrow, low, high, 40, gradients)
            for low, high in CORNERS + TINY:
                case(bits, narrow, low, high, 10, gradients)
            for low, high in BROKEN:
                case(bits, narrow, low, high, 0, gradients)
    for special in (INF, -INF, NAN):
        gradients[[2, 5]] = special
        line(out, 'g', gradients)
        case(8, 0, -1.3, 2.7, 10, gradients)
        case(8, 1, 0.0, 0.0, 10, gradients)


def record_channels(out, kernels, rng):
    ranges = REGULAR + CORNERS + [BROKEN[0], BROKEN[3], TINY[1]]
    low, high = [np.array([r[end] for r in ranges], F) for end in (0, 1)]
    for bits, narrow in ((2, 0), (4, 1), (8, 0), (8, 1), (16, 0)):
        x = np.stack([inputs_for(rng, bits, narrow, a, b, 5) for a, b in ranges], axis=-1)
        g = rng.randn(*x.shape).astype(F)
        y, dx, dlow, dhigh = kernels(True, bits, narrow, x, g, low, high)
        line(out, 'g', g)
        out.write('case channels %d %d\n' % (bits, narrow))
        for key, values in (('range', ranges), ('x', x), ('y', y), ('dx', dx),
                            ('d', np.stack([dlow, dhigh], axis=-1))):
            line(out, key, values)


def observer_batches(rng, channels):
    rows = [np.array([[-2e-36] * channels, [3e-36] * channels])]  # times 1 - decay these are subnormal
    rows += [rng.randn(rng.randint(1, 6), channels) * 10.0**rng.uniform(-2, 2) for _ in range(8)]
    rows.append(np.abs(rows[1]) + 1)
    rows.append(-np.abs(rows[2]) - 1)
    rows.append(np.full((3, channels), 1e-38))
    rows.append(np.array([[-2.0] * channels, [NAN] * channels, [1.5] * channels]))
    rows.append(rng.randn(1, channels))
    rows.append(np.full((1, channels), NAN))
    rows.append(rng.randn(3, channels))
    return [r.astype(F) for r in rows]


def named(by_name, end, suffix):
    """The variable of one end of the range: `min` itself, or what is kept below it."""
    found = [v for n, v in by_name.items() if (n == end if not suffix else n.endswith('/' + end + suffix))]
    assert len(found) == 1, (end, suffix, sorted(by_name))
    return found[0]


def state(session, by_name, suffix=''):
    ends = session.run([named(by_name, end, suffix) for end in ('min', 'max')])
    return np.stack([np.atleast_1d(v) for v in ends], axis=-1)


def record_observer(out, rng, kind, bits, narrow, symmetric, channels, decay):
    batches = observer_batches(rng, max(channels, 1))
    with tf.Graph().as_default(), new_session() as session:
        x = tf.compat.v1.placeholder(tf.float32, [None, max(channels, 1)])
        options = dict(per_channel=channels > 0, num_bits=bits, narrow_range=bool(narrow), symmetric=bool(symmetric))
        if kind == 'moving_average':
            y = quant_ops.MovingAvgQuantize(x, ema_decay=decay, **options)
        else:
            y = quant_ops.LastValueQuantize(x, **options)
        session.run(tf.compat.v1.global_variables_initializer())
        by_name = {v.op.name.split('/', 1)[1]: v for v in tf.compat.v1.global_variables()}

        out.write('case observer %s %d %d %d %d %r\n' % (kind, bits, narrow, symmetric, channels, decay))
        for batch in batches:
            session.run(y, {x: batch})
            line(out, 'x', batch)
            line(out, 'state', state(session, by_name))
            if kind == 'moving_average':
                line(out, 'biased', state(session, by_name, '/biased'))
                line(out, 'step', session.run(named(by_name, 'min', '/local_step')))


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    assert tf.__version__.startswith('1.15'), tf.__version__
    head = '# TensorFlow %s; written by record_tf115.py, which says how to read it\n' % tf.__version__
    with open(os.path.join(folder, 'tf115_fake_quant.txt'), 'w') as out:
        out.write(head)
        kernels, rng = Kernels(), np.random.RandomState(115)
        record_tensors(out, kernels, rng)
        record_channels(out, kernels, rng)
    with open(os.path.join(folder, 'tf115_observers.txt'), 'w') as out:
        out.write(head)
        rng = np.random.RandomState(116)
        for bits, narrow, symmetric in ((8, 0, 0), (8, 0, 1), (8, 1, 1), (2, 0, 1), (16, 0, 1)):
            record_observer(out, rng, 'last_value', bits, narrow, symmetric, 0, 0.0)
        record_observer(out, rng, 'last_value', 8, 1, 0, 3, 0.0)
        for decay in (0.999, 0.9, 0.0):
            record_observer(out, rng, 'moving_average', 8, 0, 0, 0, decay)
        record_observer(out, rng, 'moving_average', 8, 0, 1, 0, 0.99)
        record_observer(out, rng, 'moving_average', 8, 0, 0, 3, 0.99)


if __name__ == '__main__':
    main()
