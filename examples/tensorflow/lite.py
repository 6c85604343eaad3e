# A client: TFLite runs the quantized network in integers only.
# SPDX-License-Identifier: Apache-2.0
"""usage: lite.py QGRAFT_REWRITE FOLDER

FOLDER is what digits.py has left. The evaluation graph, with what was trained at 8 bits, is frozen and converted; over
all test images the integers must agree with the fake-quantized graph, and no worse than in the graph that TensorFlow
1.15 made of the same network, which lies in data/.
"""
import pathlib
import sys

import network
import numpy as np
import tensorflow as tf
import training
from conversion import interpreter, run, types_of
from network import IMAGES, LOGITS, MEAN, SCALE, tf1
from rewriting import Rewriter

DATA = pathlib.Path(__file__).parent / 'data'


def require(holds, what):
    if not holds:
        raise SystemExit(f'lite.py: {what}')


def frozen(graph, checkpoint, path):
    """Writes the graph with its variables as constants."""
    with tf.Graph().as_default(), training.session() as s:
        tf1.train.import_meta_graph(str(graph)).restore(s, checkpoint)
        constants = tf1.graph_util.convert_variables_to_constants(s, s.graph_def, [LOGITS])
    path.write_bytes(constants.SerializeToString())
    return path


class Agreement:
    """How the integers of a graph compare with its fake quantization."""

    def __init__(self, graph, checkpoint, images, folder):
        path = frozen(graph, checkpoint, folder / 'frozen.pb')
        model = interpreter(path, {IMAGES: [1, 8, 8, 1]}, LOGITS, tf.uint8, {IMAGES: (MEAN, SCALE)})
        step, zero = model.get_output_details()[0]['quantization']
        logits = (run(model, images).astype(np.float64) - zero) * step
        self.types = types_of(model)
        require('float32' not in self.types, f'{graph.name} becomes a model with tensors of {sorted(self.types)}')
        expected = training.logits_with(graph, checkpoint, images)
        off = np.abs(logits - expected) / step
        self.top1 = 100 * float(np.mean(np.argmax(logits, axis=1) == np.argmax(expected, axis=1)))
        self.mean, self.most = float(np.mean(off)), float(np.max(off))

    def __str__(self):
        return (f'top-1 agreement {self.top1:.2f} %, logits off by {self.mean:.3f} steps in the mean and '
                f'{self.most:.2f} at most, tensors of {", ".join(sorted(self.types))}')


def nodes(path):
    """The nodes of a graph file, by name, as texts."""
    meta = tf1.MetaGraphDef()
    meta.ParseFromString(path.read_bytes())
    return {n.name: n.SerializeToString(deterministic=True) for n in meta.graph_def.node}


def main():
    folder = pathlib.Path(sys.argv[2])
    require((folder / 'eval.meta').is_file(), f'{folder} lacks what digits.py leaves there; run that first')
    graph, _ = Rewriter(sys.argv[1], folder)(folder / 'eval.meta', 'lite', '--eval')
    checkpoint = str(folder / 'quantized_1_8')
    _, (images, _) = network.digits()
    ours = Agreement(graph, checkpoint, images, folder)
    print(f'qgraft:          {ours}')
    require(ours.top1 >= 99, f'the integers agree on {ours.top1:.2f} % only')
    require(ours.mean <= 1 and ours.most <= 8, f'the logits are off by {ours.mean:.2f} steps, {ours.most:.2f} at most')

    require(nodes(DATA / 'eval.meta') == nodes(folder / 'eval.meta'),
            'data/eval.meta is not the present network: record it again (data/record.py)')
    theirs = Agreement(DATA / 'eval_by_tensorflow_1_15.meta', checkpoint, images, folder)
    print(f'TensorFlow 1.15: {theirs}')
    require(ours.top1 >= theirs.top1 and ours.mean <= theirs.mean + 1e-3 and ours.most <= theirs.most + 1e-3,
            'this is worse than with the graph of TensorFlow 1.15')


if __name__ == '__main__':
    main()
