# Times TensorFlow's own graph optimizer, Grappler's remapper alone, on a graph file: seconds=... on one line.
# SPDX-License-Identifier: Apache-2.0
import os
import statistics
import sys
import time

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('CUDA_VISIBLE_DEVICES', '-1')

import tensorflow as tf  # noqa: E402
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2, rewriter_config_pb2  # noqa: E402
from tensorflow.python.grappler import cluster, tf_optimizer  # noqa: E402

RUNS = 7


def load(path):
    """The MetaGraphDef of a file, with a collection that tells what is to be computed: what nobody reads."""
    meta = meta_graph_pb2.MetaGraphDef()
    with open(path, 'rb') as f:
        meta.ParseFromString(f.read())
    read = {i.split(':')[0].lstrip('^') for n in meta.graph_def.node for i in n.input}
    ends = [n.name for n in meta.graph_def.node if n.name not in read]
    meta.collection_def['train_op'].node_list.value.extend(ends)
    return meta


def remapper_alone():
    """A configuration that turns every other optimizer off."""
    config = config_pb2.ConfigProto()
    options = config.graph_options.rewrite_options
    for field in options.DESCRIPTOR.fields:
        if field.enum_type is not None and field.enum_type.name == 'Toggle':
            setattr(options, field.name, rewriter_config_pb2.RewriterConfig.OFF)
    options.remapping = rewriter_config_pb2.RewriterConfig.ON
    options.min_graph_nodes = -1
    options.meta_optimizer_iterations = rewriter_config_pb2.RewriterConfig.ONE
    options.optimizers.append('remap')
    return config


def main():
    meta = load(sys.argv[1])
    config = remapper_alone()
    machine = cluster.Cluster()
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        out = tf_optimizer.OptimizeGraph(config, meta, cluster=machine)
        seconds.append(time.perf_counter() - start)
    print(f'seconds={statistics.median(seconds[1:]):.6f} nodes={len(meta.graph_def.node)} result={len(out.node)} '
          f'by TensorFlow {tf.__version__}')


if __name__ == '__main__':
    main()
