# Records what TensorFlow 1.15 makes of the digits network's evaluation graph; runs with a Python that has it.
# SPDX-License-Identifier: Apache-2.0
"""usage: python record.py EVAL_META     EVAL_META as digits.py writes it; the two files here are written anew"""
import os
import shutil
import sys

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

import tensorflow as tf  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    shutil.copyfile(sys.argv[1], os.path.join(HERE, 'eval.meta'))
    with tf.Graph().as_default() as graph:
        tf.compat.v1.train.import_meta_graph(sys.argv[1])
        tf.contrib.quantize.create_eval_graph(graph)
        out = os.path.join(HERE, 'eval_by_tensorflow_1_15.meta')
        tf.compat.v1.train.export_meta_graph(out, strip_default_attrs=True)


if __name__ == '__main__':
    main()
