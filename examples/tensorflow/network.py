# The network that the clients train: a small residual one with batch norm, on 8 x 8 images of digits.
# SPDX-License-Identifier: Apache-2.0
"""A TensorFlow 1 graph, as people have them; nothing here knows of quantization."""
import os

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('CUDA_VISIBLE_DEVICES', '-1')
os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '0')

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402

tf1 = tf.compat.v1
tf1.logging.set_verbosity(tf1.logging.ERROR)
IMAGES, LABELS, LOGITS = 'images', 'labels', 'logits'
# What a byte of an input image stands for: (byte - MEAN) / SCALE.
MEAN, SCALE = 127.5, 127.5


def digits():
    """The images as bytes, and their labels: those to train with, and those to test with."""
    data = load_digits()
    images = (data.images[..., np.newaxis] * 15).astype(np.uint8)
    order = np.random.RandomState(0).permutation(len(images))
    train, test = order[:1437], order[1437:]
    return (images[train], data.target[train]), (images[test], data.target[test])


def as_floats(images):
    """The numbers that bytes stand for."""
    return (images.astype(np.float32) - MEAN) / SCALE


def _batch_norm(x, is_training):
    """Scale and offset, moving averages, and their updates in the collection UPDATE_OPS."""
    def variable(name, initial, trainable):
        return tf1.get_variable(name, [x.shape[-1]], initializer=tf1.constant_initializer(initial), trainable=trainable)

    with tf1.variable_scope('BatchNorm'):
        gamma, beta = variable('gamma', 1., True), variable('beta', 0., True)
        mean, variance = variable('moving_mean', 0., False), variable('moving_variance', 1., False)
        if not is_training:
            return tf1.nn.fused_batch_norm(x, gamma, beta, mean, variance, epsilon=1e-3, is_training=False)[0]
        y, batch_mean, batch_variance = tf1.nn.fused_batch_norm(x, gamma, beta, epsilon=1e-3, is_training=True)
        for average, now in (mean, batch_mean), (variance, batch_variance):
            tf1.add_to_collection(tf1.GraphKeys.UPDATE_OPS, tf1.assign_sub(average, (average - now) * 0.05))
        return y


def _convolution(x, scope, channels, stride, is_training):
    with tf1.variable_scope(scope):
        weights = tf1.get_variable('weights', [3, 3, x.shape[-1], channels],
                                   initializer=tf1.variance_scaling_initializer(2.))
        return _batch_norm(tf.nn.conv2d(x, weights, stride, 'SAME'), is_training)


def export(path, is_training, seed=0):
    """Writes the graph of the network as a MetaGraphDef."""
    with tf.Graph().as_default(), tf1.variable_scope('', use_resource=False):
        tf1.set_random_seed(seed)
        x = tf1.placeholder(tf.float32, [None, 8, 8, 1], name=IMAGES)
        x = tf.nn.relu6(_convolution(x, 'conv1', 16, 1, is_training))
        x = tf.nn.relu6(_convolution(x, 'conv2', 16, 1, is_training) + x)
        x = tf.nn.relu6(_convolution(x, 'conv3', 32, 2, is_training))
        with tf1.variable_scope('dense'):
            x = tf.reshape(x, [-1, 4 * 4 * 32])
            weights = tf1.get_variable('weights', [4 * 4 * 32, 10], initializer=tf1.glorot_uniform_initializer())
            x = tf.matmul(x, weights)
            x = tf.nn.bias_add(x, tf1.get_variable('bias', [10], initializer=tf1.zeros_initializer()))
        # The last layer's activation; what reads it is fake-quantized, too.
        x = tf.identity(x, name='linear')
        tf.identity(x, name=LOGITS)
        # Default attributes are left out, so that older releases of TensorFlow read the file, too.
        tf1.train.export_meta_graph(path, as_text=False, strip_default_attrs=True)
