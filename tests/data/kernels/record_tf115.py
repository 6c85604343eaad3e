# Records what TensorFlow 1.15 computes for fake quantization.
# SPDX-License-Identifier: Apache-2.0
"""Records what TensorFlow 1.15 computes for fake quantization, gradients and range observers.

Usage: python record_tf115.py [FOLDER]     (a Python that has TensorFlow 1.15; FOLDER is this script's own by default)

Writes tf115_fake_quant.txt, tf115_args.txt and tf115_observers.txt, as tables.py says.

  case tensor BITS NARROW      range: min max; x: values; y: quantized; dx: gradient of x; d: gradients of min and max
  case args BITS NARROW        the same of FakeQuantWithMinMaxArgs, which has no d
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

from tables import ALL_BITS, BROKEN, CORNERS, F, INF, NAN, REGULAR, TINY, gradients, inputs_for, line

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
    grad = gradients(rng)
    line(out, 'g', grad)

    def case(bits, narrow, low, high, count, g):
        x = inputs_for(rng, bits, narrow, low, high, count)
        y, dx, dlow, dhigh = kernels(False, bits, narrow, x, g[:x.size], F(low), F(high))
        out.write('case tensor %d %d\n' % (bits, narrow))
        for key, values in (('range', [low, high]), ('x', x), ('y', y), ('dx', dx), ('d', [dlow, dhigh])):
            line(out, key, values)

    for bits in (2, 4, 8, 16):
        for narrow in (0, 1):
            for low, high in REGULAR + [tuple(np.sort(rng.randn(2)))]:
                case(bits, narrow, low, high, 40, grad)
            for low, high in CORNERS + TINY:
                case(bits, narrow, low, high, 10, grad)
            for low, high in BROKEN:
                case(bits, narrow, low, high, 0, grad)
    for special in (INF, -INF, NAN):
        grad[[2, 5]] = special
        line(out, 'g', grad)
        case(8, 0, -1.3, 2.7, 10, grad)
        case(8, 1, 0.0, 0.0, 10, grad)


def record_all_bits(out, kernels, rng):
    """The widths that record_tensors leaves out."""
    grad = gradients(rng)
    line(out, 'g', grad)
    for bits in sorted(set(ALL_BITS) - {2, 4, 8, 16}):
        for narrow in (0, 1):
            low, high = REGULAR[rng.randint(len(REGULAR))]
            x = inputs_for(rng, bits, narrow, low, high, 20)
            y, dx, dlow, dhigh = kernels(False, bits, narrow, x, grad[:x.size], F(low), F(high))
            out.write('case tensor %d %d\n' % (bits, narrow))
            for key, values in (('range', [low, high]), ('x', x), ('y', y), ('dx', dx), ('d', [dlow, dhigh])):
                line(out, key, values)


def record_args(out, rng):
    """The op whose range is an attribute. It refuses ranges that are not in order."""
    grad = gradients(rng)
    line(out, 'g', grad)
    ranges = {bits: [REGULAR[bits % len(REGULAR)]] for bits in ALL_BITS}
    ranges[8] = REGULAR + [(1.0, 6.0), (-6.0, -1.0)] + TINY
    for bits in ALL_BITS:
        for narrow in (0, 1):
            for low, high in ranges[bits]:
                x = inputs_for(rng, bits, narrow, low, high, 20)
                options = dict(min=float(low), max=float(high), num_bits=bits, narrow_range=bool(narrow))
                with tf.Graph().as_default(), new_session() as session:
                    values, g = [tf.compat.v1.placeholder(tf.float32, None) for _ in range(2)]
                    y = tf.quantization.fake_quant_with_min_max_args(values, **options)
                    dx = tf.quantization.fake_quant_with_min_max_args_gradient(g, values, **options)
                    y, dx = session.run([y, dx], {values: x, g: grad[:x.size]})
                out.write('case args %d %d\n' % (bits, narrow))
                for key, found in (('range', [low, high]), ('x', x), ('y', y), ('dx', dx)):
                    line(out, key, found)


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
        record_all_bits(out, kernels, rng)
    with open(os.path.join(folder, 'tf115_args.txt'), 'w') as out:
        out.write(head)
        record_args(out, np.random.RandomState(117))
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
