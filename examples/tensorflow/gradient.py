# The gradient that a folded batch norm needs.
# SPDX-License-Identifier: Apache-2.0
"""Import this before gradients are added to a rewritten training graph.

A rewrite folds a batch norm into the layer before it. Of the old operation only the statistics of the batch are used
then, its outputs 1 and 2, for which TensorFlow has no gradient. The rewrite writes the name of the one below into the
operation.
"""
import tensorflow as tf


@tf.RegisterGradient('FoldFusedBatchNormGrad')
def gradient_of_statistics(op, _, of_mean, of_variance, *unused):
    """Of m = sum(x) / n and v = sum((x - m)^2) / (n - 1), for each channel: dm/dx = 1 / n, dv/dx = 2 (x - m) / (n - 1).

    That v depends on m adds nothing: sum(x - m) is zero.
    """
    x, mean = op.inputs[0], op.outputs[1]
    n = tf.cast(tf.size(x) / tf.size(mean), x.dtype)
    return of_mean / n + 2 * of_variance * (x - mean) / (n - 1), None, None, None, None


def check():
    """Compares it with differences, on random numbers. Raises AssertionError where they disagree."""
    tf1 = tf.compat.v1
    with tf.Graph().as_default(), tf1.Session():
        x = tf.constant(tf.random.stateless_normal([4, 3, 3, 2], [1, 2]).eval())
        with tf1.get_default_graph()._attr_scope(
                {'_gradient_op_type': tf1.AttrValue(s=b'FoldFusedBatchNormGrad')}):
            statistics = tf1.nn.fused_batch_norm(x, [1., 1.], [0., 0.], is_training=True)[1:3]
        y = statistics[0] * [0.3, -2.] + tf.square(statistics[1]) * [1.5, 0.7]
        error = tf1.test.compute_gradient_error(x, [4, 3, 3, 2], y, [2], delta=1e-2)
        assert error < 1e-3, f'the gradient of the statistics is off by {error}'
