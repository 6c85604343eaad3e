# Fake quantization by qgraft for TensorFlow, in Python: stands beside the shared object that it loads.
# SPDX-License-Identifier: Apache-2.0
"""The functions have the names, arguments and values of tf.quantization's; those a channel take an axis too."""
import pathlib

import tensorflow as tf

_ops = tf.load_op_library(str(pathlib.Path(__file__).resolve().with_name('qgraft_fake_quant_op.so')))


def fake_quant_with_min_max_vars(inputs, min, max, num_bits=8, narrow_range=False, name=None):
    """Moves each of `inputs` to the nearest of 2^num_bits values from min to max, both scalars."""
    return _ops.qgraft_fake_quant_with_min_max_vars(
        inputs, min, max, num_bits=num_bits, narrow_range=narrow_range, name=name)


def fake_quant_with_min_max_vars_per_channel(inputs, min, max, num_bits=8, narrow_range=False, axis=-1, name=None):
    """The same with a min and a max for each channel; the channels are the dimension `axis` of inputs."""
    return _ops.qgraft_fake_quant_with_min_max_vars_per_channel(
        inputs, min, max, num_bits=num_bits, narrow_range=narrow_range, axis=axis, name=name)


@tf.RegisterGradient('QgraftFakeQuantWithMinMaxVars')
def _gradient(op, grad):
    return _ops.qgraft_fake_quant_with_min_max_vars_gradient(
        grad, *op.inputs, num_bits=op.get_attr('num_bits'), narrow_range=op.get_attr('narrow_range'))


@tf.RegisterGradient('QgraftFakeQuantWithMinMaxVarsPerChannel')
def _gradient_per_channel(op, grad):
    return _ops.qgraft_fake_quant_with_min_max_vars_per_channel_gradient(
        grad, *op.inputs, num_bits=op.get_attr('num_bits'), narrow_range=op.get_attr('narrow_range'),
        axis=op.get_attr('axis'))
