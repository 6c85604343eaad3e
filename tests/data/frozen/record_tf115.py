# Records a frozen network with batch norms, and what TensorFlow 1.15 computes of it.
# SPDX-License-Identifier: Apache-2.0
"""Writes network.pb and numbers.pb beside this file.

usage: python record_tf115.py        (a Python 3.7 with tensorflow==1.15, protobuf<3.21)

network.pb, a GraphDef, is the network after freezing: input -> Conv2D, FusedBatchNormV3, Relu6 ->
DepthwiseConv2dNative, FusedBatchNorm, Relu6 -> MatMul and a batch norm in single operations -> output. Its statistics are
random.

numbers.pb, a GraphDef of constants, holds an input and the output for it, and for each of the layers conv, depthwise and
dense what TensorFlow computes of its constants: LAYER/weights, the product of weights and m, and LAYER/bias,
beta - mean * m, where m = gamma * rsqrt(variance + epsilon). Running it again writes the same bytes, on a processor of
the same kind.
"""
import os

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1
HERE = os.path.dirname(os.path.abspath(__file__))
RNG = np.random.RandomState(1)
EPSILON = {'conv': 1e-3, 'depthwise': 1e-4, 'dense': 1e-5}


def variable(name, values):
    return tf1.get_variable(name, initializer=values.astype(np.float32), use_resource=False)


class BatchNorm:
    """gamma, beta, mean and variance of a layer, as variables."""

    def __init__(self, scope, channels):
        with tf1.variable_scope(scope):
            self.gamma = variable('gamma', RNG.normal(1, 0.5, channels))
            self.beta = variable('beta', RNG.normal(0, 1, channels))
            self.mean = variable('moving_mean', RNG.normal(0, 2, channels))
            self.variance = variable('moving_variance', np.exp(RNG.normal(0, 3, channels)))
        self.epsilon = EPSILON[scope]

    def fused(self, x, function, name):
        y, *_ = function(x=x, scale=self.gamma, offset=self.beta, mean=self.mean, variance=self.variance,
                         epsilon=self.epsilon, is_training=False, name=name)
        return y

    def spelled_out(self, x, name):
        return tf.nn.batch_normalization(x, self.mean, self.variance, self.beta, self.gamma, self.epsilon, name=name)

    def folded(self, weights, shape):
        """The weights and the bias after folding."""
        m = self.gamma * tf.math.rsqrt(self.variance + self.epsilon)
        return weights * tf.reshape(m, shape), self.beta - self.mean * m


def network():
    """The output, and the folded numbers by name."""
    x = tf1.placeholder(tf.float32, [None, 8, 8, 3], name='input')
    numbers = {}

    def keep(scope, folded):
        numbers.update(zip((scope + '/weights', scope + '/bias'), folded))

    weights = variable('conv/weights', RNG.normal(0, 0.3, [3, 3, 3, 16]))
    norm = BatchNorm('conv', 16)
    x = tf1.nn.conv2d(x, weights, strides=[1, 2, 2, 1], padding='SAME', name='conv/Conv2D')
    x = tf.nn.relu6(norm.fused(x, tf.raw_ops.FusedBatchNormV3, 'conv/FusedBatchNormV3'), name='conv/Relu6')
    keep('conv', norm.folded(weights, [16]))

    weights = variable('depthwise/weights', RNG.normal(0, 0.3, [3, 3, 16, 2]))
    norm = BatchNorm('depthwise', 32)
    x = tf1.nn.depthwise_conv2d_native(x, weights, strides=[1, 1, 1, 1], padding='SAME', name='depthwise/depthwise')
    x = tf.nn.relu6(norm.fused(x, tf.raw_ops.FusedBatchNorm, 'depthwise/FusedBatchNorm'), name='depthwise/Relu6')
    keep('depthwise', norm.folded(weights, [16, 2]))

    weights = variable('dense/weights', RNG.normal(0, 0.1, [512, 10]))
    norm = BatchNorm('dense', 10)
    x = tf.matmul(tf.reshape(x, [-1, 512], name='flat'), weights, name='dense/MatMul')
    x = norm.spelled_out(x, 'dense/batchnorm')
    keep('dense', norm.folded(weights, [10]))
    return tf.identity(x, name='output'), numbers


def constants(values):
    """A GraphDef of constants."""
    definition = tf1.GraphDef()
    for name, value in sorted(values.items()):
        node = definition.node.add(name=name, op='Const')
        node.attr['dtype'].type = tf.float32.as_datatype_enum
        node.attr['value'].tensor.CopyFrom(tf.make_tensor_proto(value))
    return definition


def write(name, definition):
    with open(os.path.join(HERE, name), 'wb') as f:
        f.write(definition.SerializeToString(deterministic=True))


def main():
    with tf1.Graph().as_default() as graph, tf1.Session() as session:
        output, numbers = network()
        session.run(tf1.global_variables_initializer())
        frozen = tf1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ['output'])
        values = session.run(numbers)
        values['input'] = RNG.normal(0, 1, [4, 8, 8, 3]).astype(np.float32)
        values['output'] = session.run(output, {'input:0': values['input']})
    write('network.pb', frozen)
    write('numbers.pb', constants(values))


if __name__ == '__main__':
    main()
