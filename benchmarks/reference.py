# Times the rewrite alone of tf.contrib.quantize on a graph file, with a Python of TensorFlow 1.15: seconds=...
# SPDX-License-Identifier: Apache-2.0
import os
import sys
import time

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

import tensorflow as tf  # noqa: E402


def main():
    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
    seconds = []
    for _ in range(3):
        graph = tf.Graph()
        with graph.as_default():
            tf.compat.v1.train.import_meta_graph(sys.argv[1])
        start = time.perf_counter()
        tf.contrib.quantize.experimental_create_training_graph(graph)
        seconds.append(time.perf_counter() - start)
    print('seconds=%f result=%d' % (sorted(seconds)[1], len(graph.as_graph_def().node)))


if __name__ == '__main__':
    main()
