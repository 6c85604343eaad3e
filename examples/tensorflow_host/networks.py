# The graphs that check.py rewrites: one that this TensorFlow builds, and what a graph must not be.
# SPDX-License-Identifier: Apache-2.0
"""Each function that has no leading underscore builds a graph, and gives it as a MetaGraphDef."""
import tensorflow as tf

tf1 = tf.compat.v1


def _batch_norm(x, is_training, decay=0.99):
    """tf.compat.v1.layers without Keras: the layer's scale and offset, its moving averages and their updates."""
    def variable(name, initial, trainable=False):
        return tf1.get_variable(name, [x.shape[-1]], initializer=tf1.constant_initializer(initial), trainable=trainable)

    with tf1.variable_scope('BatchNorm'):
        gamma, beta = variable('gamma', 1., True), variable('beta', 0., True)
        mean, variance = variable('moving_mean', 0.), variable('moving_variance', 1.)
        if not is_training:
            return tf1.nn.fused_batch_norm(x, gamma, beta, mean, variance, epsilon=1e-3, is_training=False)[0]
        y, batch_mean, batch_variance = tf1.nn.fused_batch_norm(x, gamma, beta, epsilon=1e-3, is_training=True)
        for average, now in (mean, batch_mean), (variance, batch_variance):
            change = (average - now) * (1 - decay)
            tf1.add_to_collection(tf1.GraphKeys.UPDATE_OPS, tf1.assign_sub(average, change))
        return y


def build(is_training, resource_variables):
    """A network of four layers, three of them with batch norm."""
    with tf.Graph().as_default(), tf1.variable_scope('', use_resource=resource_variables):
        x = tf1.placeholder(tf.float32, [None, 8, 8, 3], name='images')
        with tf1.variable_scope('conv'):
            x = tf.nn.conv2d(x, tf1.get_variable('weights', [3, 3, 3, 8]), 1, 'SAME')
            x = tf.nn.relu6(_batch_norm(x, is_training))
        with tf1.variable_scope('depthwise'):
            x = tf.nn.depthwise_conv2d(x, tf1.get_variable('weights', [3, 3, 8, 1]), [1, 2, 2, 1], 'SAME')
            x = tf.nn.relu6(_batch_norm(x, is_training))
        with tf1.variable_scope('residual'):
            y = tf.nn.conv2d(x, tf1.get_variable('weights', [1, 1, 8, 8]), 1, 'SAME')
            x = tf.nn.relu(_batch_norm(y, is_training) + x)
        with tf1.variable_scope('logits'):
            x = tf.reshape(x, [-1, 4 * 4 * 8])
            x = tf.matmul(x, tf1.get_variable('weights', [4 * 4 * 8, 10]))
            x = tf.nn.bias_add(x, tf1.get_variable('bias', [10]))
        tf.identity(x, name='output')
        return tf1.train.export_meta_graph()


def with_optimizer():
    """A graph to which gradients and an optimizer have been added already."""
    with tf.Graph().as_default():
        w = tf1.get_variable('w', [2], use_resource=False)
        tf1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(w * w))
        return tf1.train.export_meta_graph()


def dangling():
    """A graph with an input that is not there."""
    meta = tf1.MetaGraphDef()
    meta.graph_def.node.add(name='a', op='Identity', input=['nowhere'])
    return meta
