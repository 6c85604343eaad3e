# Records what TensorFlow 1.15 computes with a small network that it has rewritten.
# SPDX-License-Identifier: Apache-2.0
"""Writes tf115_runs.txt beside this file.

usage: python record_tf115.py        (a Python 3.7 with tensorflow==1.15, protobuf<3.21; nothing else is needed)

The network: conv 3x3, stride 2, bias, relu6; depthwise conv 3x3, bias, relu; the sum of both; conv 3x3 without padding, bias,
relu; max pool; fully connected, bias. Its numbers are such that no sum depends on its order, so that every implementation must
give the same bits: the first conv adds multiples of 2^-15 below 2^7; in the later layers each output is the sum of two
products, one factor of which is a power of two, or of one product. What fake quantization makes of the weights is of the same
kind: their ranges are steps of a power of two.

The file, a record a line, floats in hexadecimal: "image" (NHWC, one a step); then for each case its name with the rewrite's
arguments, its "weights" (HWIO), in a case for evaluation its "range"s as they were set, and for each step the "output"s that
fake quantization passes on and the "range"s after it, by the name of the scope that the rewrite has made for them.
"""
import os

import numpy as np
import tensorflow as tf
from tensorflow.contrib import quantize as contrib_quantize
from tensorflow.core.protobuf import rewriter_config_pb2

tf1 = tf.compat.v1
HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 3
LAYERS = {'conv1': (3, 3, 3, 8), 'depthwise': (3, 3, 8, 1), 'conv2': (3, 3, 8, 6), 'dense': (6, 5)}

CASES = [
    dict(name='training', is_training=True),
    dict(name='training_4_bits', is_training=True, weight_bits=4, activation_bits=4),
    dict(name='training_symmetric', is_training=True, symmetric=True),
    dict(name='training_symmetric_4_bits', is_training=True, weight_bits=4, activation_bits=4, symmetric=True),
    dict(name='training_delay', is_training=True, quant_delay=2),
    dict(name='training_delay_4_bits_symmetric', is_training=True, weight_bits=4, activation_bits=4, symmetric=True,
         quant_delay=3),
    dict(name='evaluation', is_training=False),
    dict(name='evaluation_4_bits_symmetric', is_training=False, weight_bits=4, activation_bits=4, symmetric=True),
    dict(name='evaluation_delay', is_training=False, quant_delay=2),
]


def weights_of(bits):
    """Weights by layer, and the greatest magnitude in each."""
    random = np.random.RandomState(bits)
    step = 2.0 ** -8 if bits == 8 else 2.0 ** -4
    greatest = step * (2 ** (bits - 1) - 1)
    weights = {}
    for layer, shape in LAYERS.items():
        if layer == 'conv1':
            w = random.randint(-int(greatest * 2 ** 10), int(greatest * 2 ** 10), shape) * 2.0 ** -10
            w[0, 1, 2, 3], w[2, 2, 0, 5] = greatest, -greatest
        else:
            w = np.zeros(shape)
            by_output = w[..., 0] if layer == 'depthwise' else w
            for output in range(by_output.shape[-1]):
                taps = by_output[..., output]
                places = random.choice(taps.size, 2, replace=False)
                if output < 2:
                    taps.flat[places[0]] = greatest * (1 - 2 * output)
                else:
                    for place in places:
                        taps[np.unravel_index(place, taps.shape)] = random.choice([-1, 1, 1]) * 2.0 ** random.randint(-4, -1)
        weights[layer] = w.astype(np.float32)
    return weights, greatest


def network(image, weights):
    """Builds the network and returns its output."""
    def layer(name, x, op, activation):
        with tf1.variable_scope(name):
            w = tf1.get_variable('weights', initializer=tf.constant(weights[name]))
            y = op(x, w)
            random = np.random.RandomState(len(name))
            offsets = random.randint(-16, 17, y.shape[-1].value) * 2.0 ** -6
            y = tf.nn.bias_add(y, tf1.get_variable('offsets', initializer=tf.constant(offsets, tf.float32)))
            return activation(y) if activation else y

    x = layer('conv1', image, lambda x, w: tf.nn.conv2d(x, w, strides=[1, 2, 2, 1], padding='SAME'), tf.nn.relu6)
    y = layer('depthwise', x, lambda x, w: tf.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], 'SAME'), tf.nn.relu)
    with tf1.name_scope('sum'):
        x = tf.add(x, y)
    x = layer('conv2', x, lambda x, w: tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding='VALID'), tf.nn.relu)
    x = tf.reshape(tf.nn.max_pool2d(x, [2, 2], [2, 2], 'VALID'), [1, 6])
    return tf.reshape(layer('dense', x, tf.matmul, None), [5], name='scores')


def record(out, name, values):
    """One record: name, dimensions, values."""
    values = np.asarray(values, np.float32)
    numbers = ' '.join(short_hex(v) for v in values.ravel())
    out.write('%s %s : %s\n' % (name, ' '.join(str(d) for d in values.shape), numbers))


def short_hex(value):
    """A float in hexadecimal, without trailing zeros."""
    if value == 0:
        return '-0' if np.signbit(value) else '0'
    mantissa, exponent = float(value).hex().split('p')
    mantissa = mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa
    return mantissa + 'p' + exponent


def run_case(out, images, name, is_training, **arguments):
    weights, greatest = weights_of(arguments.get('weight_bits', 8))
    graph = tf.Graph()
    with graph.as_default():
        image = tf1.placeholder(tf.float32, images[0].shape)
        scores = network(image, weights)
        if is_training:
            contrib_quantize.experimental_create_training_graph(graph, **arguments)
        else:
            contrib_quantize.experimental_create_eval_graph(graph, **arguments)
        ends = {v.op.name: v for v in tf1.global_variables() if v.op.name.endswith(('/min', '/max'))}
        scopes = sorted({end.rsplit('/', 1)[0] for end in ends})
        merged = '/delayed_quant/Merge:0' if arguments.get('quant_delay') else '/FakeQuantWithMinMaxVars:0'
        passed_on = {s: graph.get_tensor_by_name(s + merged) for s in scopes}
        config = tf1.ConfigProto()
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        config.graph_options.optimizer_options.opt_level = -1
        out.write('case %s %s %d %d %s %d\n' % (
            name, 'training' if is_training else 'evaluation', arguments.get('weight_bits', 8),
            arguments.get('activation_bits', 8), 'symmetric' if arguments.get('symmetric') else 'affine',
            arguments.get('quant_delay', 0)))
        for v in tf1.trainable_variables():
            record(out, 'weights ' + v.op.name, initial_value(v))
        with tf1.Session(config=config) as session:
            session.run(tf1.global_variables_initializer())
            if not is_training:
                set_ranges(out, session, scopes, ends, greatest)
            for step in range(STEPS):
                values, output = session.run([passed_on, scores], {image: images[step]})
                out.write('step %d\n' % (step + 1))
                record(out, 'output scores', output)
                for s in scopes:
                    if step == STEPS - 1 or not s.endswith('weights_quant'):
                        record(out, 'output ' + s, values[s])
                    if is_training:
                        record(out, 'range ' + s, session.run([ends[s + '/min'], ends[s + '/max']]))


def set_ranges(out, session, scopes, ends, greatest):
    """Gives the range variables values as a training may have left them."""
    for i, s in enumerate(scopes):
        values = (-greatest, greatest) if s.endswith('weights_quant') else (-0.3 * i, 2.1 + 0.7 * i)
        for end, value in zip(('/min', '/max'), values):
            ends[s + end].load(np.float32(value), session)
        record(out, 'range ' + s, values)


def initial_value(variable):
    with tf1.Session(graph=variable.graph) as session:
        return session.run(variable.initial_value)


def main():
    random = np.random.RandomState(1)
    # Each step's image has a range of its own.
    images = [(random.randint(-64 * (step + 1), 64 * (step + 1) + 1, (1, 8, 8, 3)) * 2.0 ** -5) for step in range(STEPS)]
    with open(os.path.join(HERE, 'tf115_runs.txt'), 'w') as out:
        out.write('# Recorded by record_tf115.py from TensorFlow %s\n' % tf.__version__)
        for image in images:
            record(out, 'image', image)
        for case in CASES:
            run_case(out, images, **case)


if __name__ == '__main__':
    main()
