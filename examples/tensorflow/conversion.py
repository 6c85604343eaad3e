# Freezes and converts rewritten graphs, for the clients that look at what TFLite makes of them.
# SPDX-License-Identifier: Apache-2.0
import warnings

import numpy as np
import tensorflow as tf
import training
from network import tf1

warnings.filterwarnings('ignore', message='.*Interpreter is deprecated')


def frozen(graph, output, path):
    """Writes the graph with its variables as they are initialized. Returns the shapes of its inputs, by name."""
    with tf.Graph().as_default(), training.session() as s:
        tf1.train.import_meta_graph(str(graph), clear_devices=True)
        s.run(tf1.global_variables_initializer())
        for v in tf1.global_variables():
            if v.op.name.endswith('quant/min'):
                v.load(np.full(v.shape, -1, np.float32), s)
            if v.op.name.endswith('weights_quant/max'):  # symmetric, as bytes with a sign need it
                v.load(np.full(v.shape, 1, np.float32), s)
        constants = tf1.graph_util.convert_variables_to_constants(s, s.graph_def, [output])
        inputs = [s.graph.get_tensor_by_name(n.name + ':0') for n in constants.node if n.op == 'Placeholder']
        shapes = {t.op.name: [d or 1 for d in t.shape.as_list()] for t in inputs}
    path.write_bytes(constants.SerializeToString())
    return shapes


def model_of(graph, output, path, inference_type=tf.uint8):
    """The TFLite model that the graph becomes; `path` is for the frozen graph."""
    shapes = frozen(graph, output, path)
    converter = tf1.lite.TFLiteConverter.from_frozen_graph(str(path), list(shapes), [output], shapes)
    converter.inference_type = inference_type
    converter.quantized_input_stats = {name: (127.5 if inference_type == tf.uint8 else 0, 127.5) for name in shapes}
    return tf.lite.Interpreter(model_content=converter.convert(), num_threads=1)


def types_of(model):
    """The types of the tensors of a model, which is run once, on zeros."""
    model.allocate_tensors()
    for given in model.get_input_details():
        model.set_tensor(given['index'], np.zeros(given['shape'], given['dtype']))
    model.invoke()
    return {np.dtype(t['dtype']).name for t in model.get_tensor_details()}
