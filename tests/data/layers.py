# Layers that the recorded networks are made of.
# SPDX-License-Identifier: Apache-2.0
"""Each function adds one layer or input to the default graph; they want TensorFlow 1.15."""
import tensorflow as tf
from tensorflow.contrib import layers as contrib

tf1 = tf.compat.v1


def image(size=8, channels=3, batch=2, name='input'):
    """Placeholder of images; a batch or size of None is unknown."""
    return tf1.placeholder(tf.float32, [batch, size, size, channels], name=name)


def conv(x, scope, channels=4, kernel=3, stride=1, rate=1, bias=True, activation=tf.nn.relu6, **batch_norm):
    """Conv2D with a bias, if wanted; with arguments of a batch normalization, that instead."""
    return contrib.conv2d(x, channels, kernel, stride, rate=rate, activation_fn=activation, scope=scope,
                          normalizer_fn=contrib.batch_norm if batch_norm else None,
                          normalizer_params=batch_norm or None,
                          biases_initializer=tf1.zeros_initializer() if bias else None)


def depthwise(x, scope, kernel=3, stride=1, rate=1, bias=True, activation=tf.nn.relu6, multiplier=1, **batch_norm):
    """DepthwiseConv2dNative with a bias, if wanted; with arguments of a batch normalization, that instead."""
    return separable(x, scope, None, kernel, stride, rate, bias, activation, multiplier, **batch_norm)


def separable(x, scope, channels=4, kernel=3, stride=1, rate=1, bias=True, activation=tf.nn.relu6, multiplier=1,
              **batch_norm):
    """A depthwise convolution and, unless channels is None, a 1 by 1 convolution right after it."""
    return contrib.separable_conv2d(x, channels, kernel, multiplier, stride, rate=rate, activation_fn=activation,
                                    normalizer_fn=contrib.batch_norm if batch_norm else None,
                                    normalizer_params=batch_norm or None,
                                    biases_initializer=tf1.zeros_initializer() if bias else None, scope=scope)


def dense(x, scope, units=5, activation=None, **batch_norm):
    """MatMul of the flattened input with a bias; with arguments of a batch normalization, that instead."""
    if x.shape.ndims != 2:
        x = contrib.flatten(x)
    return contrib.fully_connected(x, units, activation_fn=activation, scope=scope,
                                   normalizer_fn=contrib.batch_norm if batch_norm else None,
                                   normalizer_params=batch_norm or None)


def raw_conv(x, weights, name=None):
    """Conv2D and nothing else."""
    return tf1.nn.conv2d(x, weights, strides=[1, 1, 1, 1], padding='SAME', name=name)


def weights(name, shape=(3, 3, 4, 4)):
    """Variable for a layer's weights."""
    return tf1.get_variable(name, list(shape), initializer=tf1.random_normal_initializer(stddev=0.1, seed=1))
