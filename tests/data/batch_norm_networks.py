# Small networks with batch normalization, and MobileNet v1.
# SPDX-License-Identifier: Apache-2.0
"""Functions without a leading underscore build a network each in the default graph; record.py calls them by name."""
import tensorflow as tf

from layers import contrib, conv, dense, depthwise, image, separable, tf1


def _small(**batch_norm):
    x = conv(image(), 'conv', 4, activation=tf.nn.relu6, **batch_norm)
    tf.identity(depthwise(x, 'depthwise', **batch_norm), name='output')


def fused_training():
    _small(fused=True, is_training=True, scale=True)


def fused_eval():
    _small(fused=True, is_training=False)


def unfused_training():
    _small(fused=False, is_training=True, scale=True)


def unfused_eval():
    _small(fused=False, is_training=False)


def fused_forced_updates():
    _small(fused=True, is_training=True, updates_collections=None)


def fused_bypass():
    norm = dict(fused=True, is_training=True, scale=True)
    x = conv(image(), 'net/conv1', 4, **norm)
    y = conv(x, 'net/conv2', 4, activation=None, **norm)
    tf.identity(tf.nn.relu(x + y, name='net/relu'), name='output')


def fused_wide():
    # So many channels that zeros and ones are filled in rather than written out.
    tf.identity(conv(image(2), 'wide', 1024, 1, fused=True, is_training=True, scale=True), name='output')


def fused_dense():
    x = dense(conv(image(4), 'conv', fused=True, is_training=True), 'hidden', 6, tf.nn.relu, fused=True, is_training=True,
              scale=True)
    tf.nn.softmax(dense(x, 'logits'), name='output')


def _mobilenet_v1(classes=1000, width=0.25, **batch_norm):
    """28 layers: a convolution, 13 pairs of a depthwise and a 1 by 1 convolution, and the classifier."""
    def depth(channels):
        return max(8, int(channels * width))

    with tf1.variable_scope('MobilenetV1'):
        x = conv(image(224, batch=None), 'Conv2d_0', depth(32), stride=2, **batch_norm)
        pairs = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]
        for i, (channels, stride) in enumerate(pairs, 1):
            x = depthwise(x, 'Conv2d_%d_depthwise' % i, stride=stride, **batch_norm)
            x = conv(x, 'Conv2d_%d_pointwise' % i, depth(channels), 1, **batch_norm)
        with tf1.variable_scope('Logits'):
            x = contrib.avg_pool2d(x, 7, 1, scope='AvgPool_1a')
            x = conv(x, 'Conv2d_1c_1x1', classes, 1, activation=None)
            x = tf.squeeze(x, [1, 2], name='SpatialSqueeze')
        tf.nn.softmax(x, name='Predictions')


def mobilenet_v1():
    _mobilenet_v1(fused=True, is_training=True, scale=True)


def mobilenet_v1_nobn():
    _mobilenet_v1()


def fused_separable_eval():
    x = separable(image(), 'separable', fused=True, is_training=False, scale=True)
    tf.nn.softmax(dense(x, 'logits'), name='output')
