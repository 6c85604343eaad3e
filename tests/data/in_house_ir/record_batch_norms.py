# Records what TensorFlow 1.15 computes with a small network with batch norms, which it has folded and quantized.
# SPDX-License-Identifier: Apache-2.0
"""Writes tf115_batch_norm_runs.txt beside this file.

usage: python record_batch_norms.py        (a Python 3.7 with tensorflow==1.15, protobuf<3.21; nothing else is needed)

The network: conv 3x3 with stride 2, relu6; depthwise conv 3x3, relu; conv 3x3, added to the output of the first, relu; each
with a fused batch norm; fully connected, bias. Unlike in record_tf115.py sums depend on their order here, so another
implementation may be off by float rounding. A value that lies that near to the middle between two quantized ones may then
become the other: the seed is one with which this happens nowhere.

Updates of the moving statistics wait for the output, so that the whole step reads what the step before has left.

The file is as record_tf115.py says. The arguments of a case have at their end the freeze_bn_delay, or -1. "weights" are all
variables of the network before the first step; a step has beside its outputs and ranges the "moving" statistics after it. The
case for evaluation has the variables that the first case ended with.
"""
import os

import numpy as np
import tensorflow as tf
from tensorflow.contrib import layers
from tensorflow.contrib import quantize as contrib_quantize

from record_tf115 import HERE, record

tf1 = tf.compat.v1
STEPS = 3
SEED = 3
SHAPE = (2, 6, 6, 3)

CASES = [
    dict(name='training', is_training=True),
    dict(name='training_4_bits_symmetric', is_training=True, weight_bits=4, activation_bits=4, symmetric=True),
    dict(name='training_freeze', is_training=True, quant_delay=1, freeze_bn_delay=3),
    dict(name='evaluation', is_training=False),
]


def network(image, is_training):
    norm = dict(normalizer_fn=layers.batch_norm,
                normalizer_params=dict(is_training=is_training, scale=True, fused=True, decay=0.875, epsilon=0.01))
    x = layers.conv2d(image, 4, 3, stride=2, activation_fn=tf.nn.relu6, scope='conv1', **norm)
    y = layers.separable_conv2d(x, None, 3, 1, activation_fn=tf.nn.relu, scope='depthwise', **norm)
    y = layers.conv2d(y, 4, 3, activation_fn=None, scope='sum/conv2', **norm)
    with tf1.name_scope('sum'):
        x = tf.nn.relu(tf.add(x, y))
    x = tf.reshape(x, [SHAPE[0], 36])
    x = layers.fully_connected(x, 5, activation_fn=None, scope='dense')
    return tf.reshape(x, [SHAPE[0] * 5], name='scores')


def values_for(variables):
    """Values by name, as a training may have left them."""
    random = np.random.RandomState(SEED)
    values = {}
    for v in variables:
        name, shape = v.op.name, v.shape.as_list()
        if name.endswith(('gamma', 'moving_variance')):
            values[name] = random.uniform(0.5, 1.5, shape)
        else:
            values[name] = random.uniform(-0.5, 0.5, shape)
    return values


def let_updates_wait(graph):
    """The same graph, where moving statistics change after the output is there."""
    meta = tf1.train.export_meta_graph(graph=graph)
    for node in meta.graph_def.node:
        if node.op == 'AssignSub' and node.name.endswith(('AssignMovingAvg', 'AssignMovingAvg_1')) and 'BatchNorm' in node.name:
            node.input.append('^scores')
    waiting = tf.Graph()
    with waiting.as_default():
        tf1.train.import_meta_graph(meta)
    return waiting


def rewritten(is_training, **arguments):
    """The rewritten network, and the names of the variables that it had before."""
    graph = tf.Graph()
    with graph.as_default():
        network(tf1.placeholder(tf.float32, SHAPE, name='image'), is_training)
        names = [v.op.name for v in tf1.global_variables()]
        rewrite = (contrib_quantize.experimental_create_training_graph if is_training else
                   contrib_quantize.experimental_create_eval_graph)
        rewrite(graph, **arguments)
    return let_updates_wait(graph), names


def run_case(out, images, trained, name, is_training, **arguments):
    graph, names = rewritten(is_training, **arguments)
    out.write('case %s %s %d %d %s %d %d\n' % (
        name, 'training' if is_training else 'evaluation', arguments.get('weight_bits', 8), arguments.get('activation_bits', 8),
        'symmetric' if arguments.get('symmetric') else 'affine', arguments.get('quant_delay', 0),
        arguments.get('freeze_bn_delay', -1)))
    with graph.as_default():
        variables = {v.op.name: v for v in tf1.global_variables()}
        scopes = sorted({n.rsplit('/', 1)[0] for n in variables if n.endswith(('_quant/min', '_quant/max'))})
        merged = '/delayed_quant/Merge:0' if arguments.get('quant_delay') else '/FakeQuantWithMinMaxVars:0'
        fetches = {'passed on': {s: s + merged for s in scopes}, 'scores': 'scores:0',
                   'updates': tf1.get_collection(tf1.GraphKeys.UPDATE_OPS)}
        config = tf1.ConfigProto()
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        config.graph_options.optimizer_options.opt_level = -1
        with tf1.Session(config=config) as session:
            session.run(tf1.global_variables_initializer())
            start = values_for([variables[n] for n in names]) if is_training else trained
            for n, value in start.items():
                if n in names or not is_training and n in variables:
                    variables[n].load(np.float32(value), session)
            for n in names:
                record(out, 'weights ' + n, session.run(variables[n]))
            if not is_training:
                for s in scopes:
                    record(out, 'range ' + s, session.run([variables[s + '/min'], variables[s + '/max']]))
            for step in range(STEPS):
                values = session.run(fetches, {'image:0': images[step]})
                out.write('step %d\n' % (step + 1))
                record(out, 'output scores', values['scores'])
                for s in scopes:
                    record(out, 'output ' + s, values['passed on'][s])
                    if is_training:
                        record(out, 'range ' + s, session.run([variables[s + '/min'], variables[s + '/max']]))
                if is_training:
                    for n in names:
                        if '/moving_' in n:
                            record(out, 'moving ' + n, session.run(variables[n]))
            return {n: session.run(v) for n, v in variables.items()}


def main():
    random = np.random.RandomState(SEED)
    images = [random.uniform(-1, 1, SHAPE) * (1 + step) for step in range(STEPS)]
    with open(os.path.join(HERE, 'tf115_batch_norm_runs.txt'), 'w') as out:
        out.write('# Recorded by record_batch_norms.py from TensorFlow %s\n' % tf.__version__)
        for image in images:
            record(out, 'image', image)
        trained = None
        for case in CASES:
            values = run_case(out, images, trained, **case)
            trained = trained or values


if __name__ == '__main__':
    main()
