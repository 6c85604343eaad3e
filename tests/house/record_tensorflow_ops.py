# Writes tensorflow_ops.txt, the op names of the TensorFlow that runs this script.
# SPDX-License-Identifier: Apache-2.0
"""usage: python record_tensorflow_ops.py       (TensorFlow 1.15)"""
import os

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python import pywrap_tensorflow as c_api


def main():
    ops = op_def_pb2.OpList()
    ops.ParseFromString(c_api.TF_GetBuffer(c_api.TF_GetAllOpList()))
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tensorflow_ops.txt")
    with open(path, "w") as out:
        out.write("# The ops of TensorFlow %s; written by record_tensorflow_ops.py\n" % tf.__version__)
        out.write("# SPDX-License-Identifier: Apache-2.0\n")
        for name in sorted(op.name for op in ops.op):
            out.write(name + "\n")


if __name__ == "__main__":
    main()
