# Records the names of TensorFlow 2.21's operations, and which of them train.
# SPDX-License-Identifier: Apache-2.0
"""Writes, beside this file, training_ops.txt and other_ops.txt: together the names of all operations in the registry.

usage: python record_op_names.py        (tensorflow==2.21)

An operation trains when it is part of an optimizer's update. Told by its definition: it takes a gradient or a learning rate, and
either changes a variable that it is given, or gives back tables or parameters that it has updated. A few are told by name.
"""
import os

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2, types_pb2
from tensorflow.python.client import pywrap_tf_session as c_api

HERE = os.path.dirname(os.path.abspath(__file__))
STEP = {'grad', 'gradient', 'gradients', 'activation_gradients', 'tables_gradients', 'lr', 'learning_rate'}
PLAIN_STEP = {'alpha', 'delta'}  # of gradient descent: the learning rate, and the gradient
# Accumulators of gradients, gradients sent to embedding tables that lie elsewhere, and stochastic dual coordinate ascent.
BY_NAME = """
AccumulatorApplyGradient AccumulatorTakeGradient ResourceAccumulatorApplyGradient ResourceAccumulatorTakeGradient
SparseAccumulatorApplyGradient SparseAccumulatorTakeGradient SdcaOptimizer SdcaOptimizerV2 SdcaShrinkL1
SendTPUEmbeddingGradients XlaSendTPUEmbeddingGradients XlaSendTPUEmbeddingGradientsV2
""".split()


def changes_parameters(op):
    first = op.input_arg[0]
    return (first.is_ref or (first.type == types_pb2.DT_RESOURCE and not op.output_arg)
            or any(arg.name.startswith('updated_') for arg in op.output_arg))


def trains(op):
    if op.name in BY_NAME:
        return True
    inputs = {arg.name for arg in op.input_arg}
    return (inputs & STEP or inputs >= PLAIN_STEP) and changes_parameters(op)


def write(name, what, ops):
    with open(os.path.join(HERE, name), 'w') as f:
        f.write('# %s of TensorFlow %s; written by record_op_names.py\n' % (what, tf.__version__))
        f.write('# SPDX-License-Identifier: Apache-2.0\n')
        f.writelines(sorted(op.name + '\n' for op in ops))


def main():
    ops = op_def_pb2.OpList.FromString(c_api.TF_GetBuffer(c_api.TF_GetAllOpList())).op
    write('training_ops.txt', 'The operations that train', [op for op in ops if trains(op)])
    write('other_ops.txt', 'The other operations', [op for op in ops if not trains(op)])


if __name__ == '__main__':
    main()
