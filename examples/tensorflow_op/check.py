# Checks qgraft's op against TensorFlow's own: values, gradients, errors, training; and prints the time of both.
# SPDX-License-Identifier: Apache-2.0
"""usage: check.py FOLDER DEVICE...

FOLDER is where the op was built, with the module qgraft_fake_quant. It must have kernels for each DEVICE, CPU or GPU;
what is run is on the CPU.
"""
import itertools
import os
import sys
import time

# TensorFlow keeps silent of what it does well.
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '0')
import numpy as np
import tensorflow as tf
from tensorflow.python.framework import kernels

import training

sys.path.insert(0, sys.argv[1])
import qgraft_fake_quant as ours

theirs = tf.quantization

RANGES = [(-6.0, 6.0), (0.0, 6.0), (-1.0, 1.0), (-0.1, 3.7), (1.0, 6.0), (-6.0, -1.0), (0.0, 0.0), (3.0, -2.0),
          (2.0, 2.0), (-1e-3, 2e-3), (-1e30, 1e30), (-3e38, 3e38), (-1e-33, 1e-33), (0.0, 1e-39), (np.nan, 1.0),
          (0.0, np.inf)]
SPECS = list(itertools.product((2, 4, 8, 16), (False, True)))


def require(holds, what):
    if not holds:
        sys.exit('check.py: ' + what)


def same_bits(a, b):
    """Equal to the last bit, signs of zeros too; any NaN equals any NaN."""
    a, b = np.asarray(a), np.asarray(b)
    both_nan = np.isnan(a) & np.isnan(b)
    return a.shape == b.shape and bool(np.all(both_nan | (a.view(np.uint32) == b.view(np.uint32))))


def values_for(low, high, bits, narrow, random):
    """Ties between values of the range, and what is a few ulp beside them; NaN, infinities, subnormals; random ones."""
    steps = 2**bits - 1 - narrow
    with np.errstate(all='ignore'):
        ties = (np.float32(low) + (np.arange(min(steps, 600)) + 0.5) * (np.float32(high) - np.float32(low)) / steps)
        ties = ties.astype(np.float32)
        near = [ties]
        for direction in -np.inf, np.inf:
            beside = ties
            for _ in range(3):
                beside = np.nextafter(beside, np.float32(direction))
                near.append(beside)
        special = np.float32([0.0, -0.0, np.nan, np.inf, -np.inf, 1e-40, -1e-40, 3e38, -3e38, low, high])
        spread = random.normal(0, 1, 1000) * max(abs(low), abs(high), 1e-6)
        return np.concatenate(near + [special, spread.astype(np.float32)]).astype(np.float32)


def run(module, name, x, low, high, grad, **attributes):
    """The output, dx, dmin and dmax of one of the two functions."""
    x, low, high = (tf.constant(v, tf.float32) for v in (x, low, high))
    with tf.GradientTape() as tape:
        tape.watch([x, low, high])
        y = getattr(module, 'fake_quant_with_min_max_vars' + name)(x, low, high, **attributes)
    return [t.numpy() for t in [y, *tape.gradient(y, [x, low, high], tf.constant(grad))]]


def compare(what, got, wanted, grad, channels_in):
    """Values and dx to the last bit; sums by tolerance, for each adds up in an order of its own."""
    require(same_bits(got[0], wanted[0]), what + ': the values differ')
    require(same_bits(got[1], wanted[1]), what + ': dx differs')
    magnitudes = np.abs(grad).sum(channels_in)
    for name, a, b in zip(('dmin', 'dmax'), got[2:], wanted[2:]):
        off = np.abs(a - b) <= 1e-6 * magnitudes
        require(np.all(off | (a == b) | (np.isnan(a) & np.isnan(b))), '%s: %s is %s, not %s' % (what, name, a, b))


def check_devices(devices):
    for suffix in '', 'Gradient', 'PerChannel', 'PerChannelGradient':
        name = 'QgraftFakeQuantWithMinMaxVars' + suffix
        found = {kernel.device_type for kernel in kernels.get_registered_kernels_for_op(name).kernel}
        require(found == devices, '%s has kernels for %s' % (name, sorted(found)))
    print('has kernels for: ' + ', '.join(sorted(devices)))


def check_tensors():
    random = np.random.RandomState(0)
    for (low, high), (bits, narrow) in itertools.product(RANGES, SPECS):
        x = values_for(low, high, bits, narrow, random)
        grad = random.normal(0, 1, x.shape).astype(np.float32)
        arguments = '', x, low, high, grad
        attributes = dict(num_bits=bits, narrow_range=narrow)
        compare('range %g, %g, %d bits%s' % (low, high, bits, ', narrow' * narrow),
                run(ours, *arguments, **attributes), run(theirs, *arguments, **attributes), grad, None)
    # What flows back may be infinite or NaN; sums are then, too.
    x = np.float32([-9, 0, 9, np.nan, -9, 0, 9] * 9)
    for special in np.inf, -np.inf, np.nan:
        grad = np.full(x.shape, special, np.float32)
        got, wanted = (run(m, '', x, -6, 6, grad)[1] for m in (ours, theirs))
        require(same_bits(got, wanted), 'dx differs where %g flows back' % special)
    # Large enough for several threads.
    x = random.normal(0, 3, (1025, 1023)).astype(np.float32)
    grad = random.normal(0, 1, x.shape).astype(np.float32)
    compare('a large tensor', run(ours, '', x, -6, 6, grad), run(theirs, '', x, -6, 6, grad), grad, None)
    empty = np.zeros((0, 3), np.float32)
    compare('an empty tensor', run(ours, '', empty, -6, 6, empty), run(theirs, '', empty, -6, 6, empty), empty, None)
    print('same values and gradients: %d ranges, %d widths and kinds' % (len(RANGES), len(SPECS)))


def check_channels():
    """Theirs has its channels last: what is compared with other axes is turned there and back."""
    random = np.random.RandomState(1)
    low, high = np.float32(RANGES).T
    count = len(RANGES)
    shapes = [((count,), 0), ((7, count), -1), ((5, 3, 2, count), 3), ((count, 67), 0), ((2, count, 5, 7), 1),
              ((3, count, 300), -2), ((40000, count), -1), ((2, count, 20000), 1), ((0, count), 1)]
    for (shape, axis), (bits, narrow) in itertools.product(shapes, SPECS):
        x, grad = (random.normal(0, 4, shape).astype(np.float32) for _ in range(2))
        attributes = dict(num_bits=bits, narrow_range=narrow)
        got = run(ours, '_per_channel', x, low, high, grad, axis=axis, **attributes)
        turned = [np.moveaxis(a, axis, -1) for a in (x, grad)]
        wanted = run(theirs, '_per_channel', turned[0], low, high, turned[1], **attributes)
        got[:2] = [np.ascontiguousarray(np.moveaxis(a, axis, -1)) for a in got[:2]]
        compare('channels at %d of %s, %d bits' % (axis, shape, bits), got, wanted, turned[1],
                tuple(range(len(shape) - 1)))
    print('same values and gradients a channel: %d shapes' % len(shapes))


def check_gradients():
    """TensorFlow's check of gradients: that of the op against differences of its values.

    The values of fake quantization are stairs, and its gradient is a straight line through them, so the two agree where
    a difference goes over whole steps: for x, with a delta of one step and values that are nowhere less than that from
    an end. Of a range that begins or ends at 0 the other end stays what it is given, and is the value of all that is
    outside: there dmin and dmax are differences, too, with any delta. (TensorFlow's own test compares its op with what
    is expected of the straight line, which check_tensors does against theirs.)
    """
    step = 2.0**-4
    low, high = -128 * step, 127 * step
    x = np.float32([-12, -9, -7.5, -3, -1.03, -0.4, 0.02, 0.71, 2, 5.6, 7.5, 8.4, 11])
    three = lambda v: tf.fill([3], np.float32(v))
    for module in theirs, ours:
        f, f_channels = module.fake_quant_with_min_max_vars, module.fake_quant_with_min_max_vars_per_channel
        cases = [('x', lambda v: f(v, low, high), x, step),
                 ('x a channel', lambda v: f_channels(v, three(low), three(high)), np.tile(x[:, None], 3), step),
                 ('min', lambda m: f(np.float32([-9, -12, 3]), m, 0.0), np.float32(-6), 0.25),
                 ('max', lambda m: f(np.float32([9, 12, -3]), 0.0, m), np.float32(6), 0.25),
                 ('min a channel', lambda m: f_channels(np.float32([[-9, -8, 3]] * 4), m, three(0)),
                  np.float32([-6, -5, -4]), 0.25),
                 ('max a channel', lambda m: f_channels(np.float32([[9, 8, -3]] * 4), three(0), m),
                  np.float32([6, 5, 4]), 0.25)]
        for what, function, at, delta in cases:
            analytic, numeric = tf.test.compute_gradient(function, [at], delta=delta)
            error = np.abs(analytic[0] - numeric[0]).max()
            require(error <= 1e-5, 'the gradient of %s is off by %g in %s' % (what, error, module.__name__))
            require(np.any(analytic[0]), 'the gradient of %s is 0 everywhere' % what)
    print("passes TensorFlow's check of gradients: x, min, max, of a tensor and of channels")


def check_errors():
    x, v = np.zeros((2, 3), np.float32), np.zeros
    f, channels = ours.fake_quant_with_min_max_vars, ours.fake_quant_with_min_max_vars_per_channel
    cases = [('1 bit', f, (x, 0.0, 1.0), dict(num_bits=1), 'num_bits must be from 2 to 16, not 1'),
             ('17 bits', channels, (x, v(3), v(3)), dict(num_bits=17), 'num_bits must be from 2 to 16, not 17'),
             ('a vector as min', f, (x, v(3), 1.0), {}, 'min has the shape [3] where a scalar is expected'),
             ('a vector as max', f, (x, 0.0, v(1)), {}, 'max has the shape [1] where a scalar is expected'),
             ('two channels', channels, (x, v(3), v(2)), {}, 'max has the shape [2] where [3] is expected'),
             ('no such axis', channels, (x, v(3), v(3)), dict(axis=2), 'axis 2 is not one of 2 dimensions'),
             ('channels of a scalar', channels, (0.0, v(1), v(1)), {}, 'axis -1 is not one of 0 dimensions')]
    for what, function, arguments, attributes, words in cases:
        arguments = [tf.constant(a, tf.float32) for a in arguments]
        try:
            function(*arguments, **attributes)
        except tf.errors.InvalidArgumentError as e:
            require(words in e.message, '%s: says %s' % (what, e.message))
        else:
            require(False, 'takes ' + what)
        # In a graph, what is wrong with a shape is said when the graph is made.
        try:
            tf.function(lambda: function(*arguments, **attributes))()
        except (ValueError, tf.errors.InvalidArgumentError):
            print('refused: ' + what)
        else:
            require(False, 'takes %s in a graph' % what)
    try:
        f(tf.constant(x, tf.float64), 0.0, 1.0)
    except (tf.errors.InvalidArgumentError, TypeError):
        print('refused: doubles')
    else:
        require(False, 'takes doubles')


def check_training():
    for learns_ranges in False, True:
        got, wanted = (training.losses(m.fake_quant_with_min_max_vars, m.fake_quant_with_min_max_vars_per_channel,
                                       learns_ranges) for m in (ours, theirs))
        apart = np.abs(got - wanted).max()
        print('%d steps of training, ranges %s: loss %.4f to %.4f, TensorFlow\'s own to %.4f, at most %g apart' % (
            len(got), 'learnt' if learns_ranges else 'fixed', got[0], got[-1], wanted[-1], apart))
        require(got[-1] < 0.5 * got[0], 'the network does not learn')
        # Sums of gradients are added up in another order, so that learnt ranges may differ in a last bit.
        require(apart <= (1e-3 if learns_ranges else 0), 'the losses differ')


def timed(function):
    """The least microseconds of a call."""
    best = float('inf')
    for _ in range(30):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return 1e6 * best


def print_times():
    raw = tf.raw_ops
    op = ours._ops
    x, g = (tf.constant(np.random.RandomState(s).normal(0, 3, (16384, 64)).astype(np.float32)) for s in (0, 1))
    one, many = (tf.constant(-6.0), tf.constant(6.0)), (tf.fill([64], -6.0), tf.fill([64], 6.0))
    name, of = 'FakeQuantWithMinMaxVars', 'qgraft_fake_quant_with_min_max_vars'
    print('\n1,048,576 floats, microseconds; TensorFlow %s on its threads:' % tf.__version__)
    for what, a, b, r, gradient in (
            ('forward', '', '', one, False), ('gradient', 'Gradient', '_gradient', one, True),
            ('forward, 64 channels', 'PerChannel', '_per_channel', many, False),
            ('gradient, 64 channels', 'PerChannelGradient', '_per_channel_gradient', many, True)):
        inputs = dict(zip(('inputs', 'min', 'max'), (x, *r)), **(dict(gradients=g) if gradient else {}))
        own = timed(lambda: getattr(raw, name + a)(**inputs))
        mine = timed(lambda: getattr(op, of + b)(**inputs))
        print('  %-22s TensorFlow %7.0f, qgraft %6.0f: %.1f times' % (what, own, mine, own / mine))


def main():
    tf.config.set_visible_devices([], 'GPU')
    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.config.experimental.enable_op_determinism()
    tf.keras.utils.set_random_seed(1)
    check_devices(set(sys.argv[2:]))
    check_tensors()
    check_channels()
    check_gradients()
    check_errors()
    check_training()
    print_times()


main()
