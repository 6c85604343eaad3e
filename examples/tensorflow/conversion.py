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


def interpreter(path, shapes, output, inference_type, stats):
    """The TFLite model of a frozen graph, ready to run; `stats` is what the converter is told of inputs, by name."""
    converter = tf1.lite.TFLiteConverter.from_frozen_graph(str(path), list(shapes), [output], shapes)
    converter.inference_type = inference_type
    converter.quantized_input_stats = stats
    model = tf.lite.Interpreter(model_content=converter.convert(), num_threads=1)
    model.allocate_tensors()
    return model


def model_of(graph, output, path, inference_type=tf.uint8):
    """The TFLite model that the graph becomes; `path` is for the frozen graph."""
    shapes = frozen(graph, output, path)
    middle = 127.5 if inference_type == tf.uint8 else 0
    return interpreter(path, shapes, output, inference_type, {name: (middle, 127.5) for name in shapes})


def types_of(model):
    """The types of the tensors of a model."""
    return {np.dtype(t['dtype']).name for t in model.get_tensor_details()}


def run(model, images):
    """The output of a model for each image, in its integers."""
    given, made = model.get_input_details()[0], model.get_output_details()[0]
    outputs = []
    for image in images:
        model.set_tensor(given['index'], image[np.newaxis])
        model.invoke()
        outputs.append(model.get_tensor(made['index'])[0])
    return np.array(outputs)


def run_on_zeros(model):
    """Whether it runs is what counts."""
    for given in model.get_input_details():
        model.set_tensor(given['index'], np.zeros(given['shape'], given['dtype']))
    model.invoke()
