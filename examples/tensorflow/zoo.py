# Small networks of what the profile tf115 does not cover, in TensorFlow 1's way.
# SPDX-License-Identifier: Apache-2.0
import tensorflow as tf
from network import tf1


def weights(name, shape):
    return tf1.get_variable(name, shape, initializer=tf1.initializers.random_uniform(-.3, .3, seed=len(name)))


def conv(x, name, channels=8, size=3, stride=1):
    return tf.nn.conv2d(x, weights(name, [size, size, x.shape[3], channels]), stride, 'SAME', name=name)


def biased(x, name):
    return tf.nn.bias_add(x, weights(name + '/bias', [x.shape[-1]]), name=name)


def dense(x, name, channels=10):
    return tf.matmul(x, weights(name, [x.shape[1], channels]), name=name)


def flat(x):
    return tf.reshape(x, [-1, x.shape[1] * x.shape[2] * x.shape[3]])


def normed(x, name):
    """A batch norm with given statistics."""
    c = [x.shape[3]]
    numbers = [tf1.get_variable(f'{name}/{n}', c, initializer=tf1.ones_initializer(), trainable=n in ('gamma', 'beta'))
               for n in ('gamma', 'beta', 'moving_mean', 'moving_variance')]
    return tf1.nn.fused_batch_norm(x, *numbers, is_training=False, name=name)[0]


def bare(x):
    """Neither bias nor activation."""
    return dense(flat(conv(conv(x, 'first'), 'second')), 'dense')


def leaky_relu(x):
    x = tf.nn.leaky_relu(biased(conv(x, 'first'), 'bias'), .1)
    return tf.nn.leaky_relu(normed(conv(x, 'second'), 'norm'), .2)


def hard_swish(x):
    """As several front ends spell it."""
    x = normed(conv(x, 'first'), 'norm')
    x = x * tf.nn.relu6(x + 3.) * (1 / 6)
    x = biased(conv(x, 'second'), 'bias')
    x = x * (tf.nn.relu6(x + 3.) / 6.)
    x = conv(x, 'third')
    return x * tf.nn.relu6(x + 3.) / 6.


def hard_sigmoid_gate(x):
    """Squeeze and excitation, as MobileNet v3 has it."""
    x = tf.nn.relu(normed(conv(x, 'first'), 'norm'))
    gate = tf.reduce_mean(x, [1, 2], keepdims=True)
    gate = tf.nn.relu(biased(conv(gate, 'squeeze', 4, 1), 'squeeze_bias'))
    gate = biased(conv(gate, 'excite', 8, 1), 'excite_bias')
    return conv(x * (tf.nn.relu6(gate + 3.) * (1 / 6)), 'second')


def sigmoid_gate(x):
    x = conv(x, 'first')
    return conv(x * tf.sigmoid(x), 'second')


def prelu(x):
    x = biased(conv(x, 'first'), 'bias')
    slopes = weights('slopes', [1, 1, 8])
    return conv(tf.nn.relu(x) + -slopes * tf.nn.relu(-x), 'second')


def transposed(x):
    """An autoencoder."""
    x = tf.nn.relu(conv(x, 'down', 8, 3, 2))
    x = tf.nn.conv2d_transpose(x, weights('up', [3, 3, 4, 8]), [1, 8, 8, 4], 2, name='up')
    return tf.sigmoid(biased(x, 'bias'))


def joined(x):
    """Branches of an Inception: poolings, and a concatenation of many."""
    branches = [tf.nn.relu(biased(conv(x, f'branch{i}', 4), f'bias{i}')) for i in range(3)]
    branches += [conv(x, 'bare_branch', 4), tf.nn.max_pool2d(x, 3, 1, 'SAME')]
    return dense(flat(tf.nn.avg_pool2d(tf.concat(branches, 3), 2, 2, 'VALID')), 'dense')


def dense_block(x):
    """Each layer reads all before it: one range for all of them."""
    for i in range(4):
        x = tf.concat([x, tf.nn.relu(normed(conv(x, f'conv{i}', 4), f'norm{i}'))], 3)
    return tf.nn.max_pool2d(x, 2, 2, 'VALID')


def u_net(x):
    high = tf.nn.relu(conv(x, 'first'))
    low = tf.nn.relu(conv(tf.nn.max_pool2d(high, 2, 2, 'VALID'), 'second'))
    up = tf1.image.resize_bilinear(low, [8, 8])
    return conv(tf.concat([high, up], 3), 'last', 3)


def residual(x):
    x = conv(x, 'first')
    for i in range(2):
        x = x + biased(conv(tf.nn.relu(normed(conv(x, f'a{i}'), f'norm{i}')), f'b{i}'), f'bias{i}')
    return tf.pad(tf.nn.relu(x), [[0, 0], [1, 1], [1, 1], [0, 0]])


def preprocessed(x):
    return conv(tf.pad(x * 2. - 1., [[0, 0], [1, 1], [1, 1], [0, 0]]), 'first')


def depthwise(x):
    x = tf.nn.depthwise_conv2d(conv(x, 'first'), weights('depthwise', [3, 3, 8, 1]), [1, 1, 1, 1], 'SAME')
    return tf.nn.relu6(normed(conv(x, 'pointwise', 8, 1), 'norm'))


def shuffled(x):
    """What only moves values about, and splits them."""
    a, b = tf.split(tf.nn.relu(conv(x, 'first')), 2, 3)
    x = tf.stack([tf.nn.relu(conv(a, 'second', 4)), b], 4)
    x = tf.reshape(tf.transpose(x, [0, 1, 2, 4, 3]), [1, 8, 8, 8])
    a, b = tf.split(conv(x, 'third'), [2, 6], 3)
    return conv(tf.nn.depth_to_space(tf.concat([b, a], 3), 2), 'last', 2)


def attention(x):
    x = tf.reshape(conv(x, 'first'), [1, 64, 8])
    queries, keys, values = (tf.reshape(dense(tf.reshape(x, [64, 8]), n, 8), [1, 64, 8]) for n in ('q', 'k', 'v'))
    return tf.matmul(tf.nn.softmax(tf.matmul(queries, keys, transpose_b=True) * .35), values)


def scores(x):
    return tf.nn.softmax(dense(flat(tf.transpose(conv(x, 'first'), [0, 2, 1, 3])), 'dense'))


NETWORKS = {f.__name__: f for f in (bare, leaky_relu, hard_swish, hard_sigmoid_gate, sigmoid_gate, prelu, transposed,
                                    joined, dense_block, u_net, residual, preprocessed, depthwise, shuffled, attention,
                                    scores)}
# TFLite multiplies batches of matrices in signed bytes only.
SIGNED = 'attention'


def export(build, path):
    """Writes a network to a file. Returns the name of its output."""
    with tf.Graph().as_default() as g:
        output = build(tf1.placeholder(tf.float32, [1, 8, 8, 3], name='input'))
        tf1.train.export_meta_graph(str(path), graph=g)
    return output.op.name
