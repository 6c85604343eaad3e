# Records TensorFlow 1.15's definitions of the operations that a rewrite adds.
# SPDX-License-Identifier: Apache-2.0
"""Writes op_list.pb, a binary OpList, beside this file: the definitions as TensorFlow puts them in a stripped_op_list.

usage: python record_op_list.py [--check]        (a Python 3.7 with tensorflow==1.15)

With --check it writes nothing, and fails where the file differs from TensorFlow's.
"""
import os
import sys

from tensorflow.core.framework import graph_pb2, op_def_pb2
from tensorflow.python.framework import meta_graph

OPS = """
Add AddV2 Assign AssignAdd AssignAddVariableOp AssignSub AssignSubVariableOp AssignVariableOp BatchToSpaceND Cast Const Conv2D
DepthwiseConv2dNative FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel Fill GreaterEqual Identity MatMul Max Maximum
Merge Min Minimum Mul Pack Pow Range Rank ReadVariableOp RealDiv Reciprocal Reshape Rsqrt Shape Size Sub Switch Transpose
VarHandleOp VarIsInitializedOp VariableV2
""".split()
FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'op_list.pb')


def main(check):
    graph = graph_pb2.GraphDef()
    for name in OPS:
        graph.node.add(op=name)
    ops = meta_graph.stripped_op_list_for_graph(graph)
    if [op.name for op in ops.op] != sorted(OPS):
        sys.exit('TensorFlow lacks some of the operations')
    if check:
        with open(FILE, 'rb') as f:
            recorded = op_def_pb2.OpList.FromString(f.read())
        differ = [op.name for op in ops.op if op not in recorded.op]
        if differ or len(recorded.op) != len(ops.op):
            sys.exit('op_list.pb differs from TensorFlow: ' + ' '.join(differ))
        return
    with open(FILE, 'wb') as f:
        f.write(ops.SerializeToString(deterministic=True))


if __name__ == '__main__':
    main(check='--check' in sys.argv[1:])
