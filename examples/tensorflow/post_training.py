# A client: quantization without training, from ranges that TensorFlow has observed.
# SPDX-License-Identifier: Apache-2.0
"""usage: post_training.py QGRAFT_REWRITE FOLDER

FOLDER is what digits.py has left. The float network is frozen; what --list-values names is observed over the training
images; --post-training takes the ranges. The fake-quantized graph and the TFLite model of bytes must lose no more than
a percentage point over all test images, with one range a tensor and with one for each channel of the weights.
"""
import json
import pathlib
import subprocess
import sys

import network
import numpy as np
import tensorflow as tf
import training
from conversion import interpreter, run, types_of
from network import IMAGES, LOGITS, as_floats, tf1
from rewriting import Rewriter

# The converter takes no channels of a matrix product.
BY_CHANNEL = {'weights': {'granularity': 'per_channel'},
              'layers': [{'op': 'matmul', 'weights': {'granularity': 'per_tensor'}}]}


def frozen(folder):
    """The evaluation graph of the float network, with what it was trained to as constants."""
    with tf.Graph().as_default(), training.session() as s:
        tf1.train.import_meta_graph(str(folder / 'eval.meta')).restore(s, str(folder / 'float_1'))
        constants = tf1.graph_util.convert_variables_to_constants(s, s.graph_def, [LOGITS])
    path = folder / 'frozen.pb'
    path.write_bytes(constants.SerializeToString())
    return path


def observed(program, path, images):
    """The least and the greatest value, over all images, of what the program names."""
    listed = subprocess.run([program, path, '--list-values'], check=True, capture_output=True, text=True)
    names = listed.stdout.split()
    with tf.Graph().as_default() as g, training.session() as s:
        tf1.import_graph_def(tf1.GraphDef.FromString(path.read_bytes()), name='')
        values = s.run([g.get_tensor_by_name(n + ':0') for n in names], {IMAGES + ':0': as_floats(images)})
    return {n: [float(v.min()), float(v.max())] for n, v in zip(names, values)}


def logits_in_floats(path, images):
    """What the graph of a file computes."""
    with tf.Graph().as_default(), training.session() as s:
        tf1.import_graph_def(tf1.GraphDef.FromString(path.read_bytes()), name='')
        return training.logits_of(s, images)


def logits_in_bytes(path, images):
    """What the TFLite model of signed bytes computes, in steps of its output; and the types of its tensors."""
    # The converter asks for what the graph has: the range of its input.
    model = interpreter(path, {IMAGES: [1, 8, 8, 1]}, LOGITS, tf.int8, {IMAGES: (0, 127.5)})
    scale, zero = model.get_input_details()[0]['quantization']
    steps = np.clip(np.round(as_floats(images) / scale + zero), -128, 127).astype(np.int8)
    return run(model, steps), types_of(model)


def main():
    folder = pathlib.Path(sys.argv[2])
    rewrite = Rewriter(sys.argv[1], folder)
    (train, _), (images, labels) = network.digits()
    path = frozen(folder)
    table = folder / 'ranges.json'
    table.write_text(json.dumps(observed(sys.argv[1], path, train)))
    before = training.accuracy(logits_in_floats(path, images), labels)
    print(f'floats: {before:.1f} %')
    config = folder / 'by_channel.json'
    config.write_text(json.dumps(BY_CHANNEL))
    for name, options in ('one range a tensor', []), ('weights by channel', ['--config', config]):
        graph, new = rewrite(path, 'post_training', '--post-training', table, '--verify', 'tflite_int8', '--strict',
                             *options)
        faked = logits_in_floats(graph, images)
        integers, types = logits_in_bytes(graph, images)
        accuracy, in_bytes = training.accuracy(faked, labels), training.accuracy(integers, labels)
        agree = 100 * np.mean(np.argmax(faked, axis=1) == np.argmax(integers, axis=1))
        print(f'{name}: fake-quantized {accuracy:.1f} %, in integers {in_bytes:.1f} %, which agree in {agree:.1f} %; '
              f'tensors of {", ".join(sorted(types))}; new variables: {len(new)}')
        if 'float32' in types or new or min(accuracy, in_bytes) < before - 1 or agree < 99:
            raise SystemExit(f'post_training.py: {name}: not as it should be')


if __name__ == '__main__':
    main()
