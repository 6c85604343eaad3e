# A client: what the verifier finds missing is what TFLite's converter leaves in floats.
# SPDX-License-Identifier: Apache-2.0
"""usage: verify.py QGRAFT_REWRITE FOLDER

Rewrites the network of network.py, and networks recorded from TensorFlow 1.15, for evaluation, each with --verify
tflite_uint8. Frozen as they are initialized, untrained, they are converted: where the verifier misses nothing but the
range of an input, the model must have no tensor of floats, else it must have one. The same with ranges by channel for
tflite_int8, where all weights must have a scale for each channel, and the model must be one that TFLite can run.
"""
import json
import pathlib
import sys

import network
import numpy as np
import tensorflow as tf
from conversion import model_of, run_on_zeros, types_of
from network import LOGITS
from rewriting import Rewriter

GRAPHS = pathlib.Path(__file__).resolve().parents[2] / 'tests' / 'data' / 'graphs'
# The recorded networks, with their outputs.
RECORDED = {
    'add_chain': 'output',
    'bypass_relu': 'output',
    'constant_weights': 'output',
    'conv_bias_relu6': 'output',
    'conv_without_activation': 'bare/Conv2D',
    'dilated_depthwise': 'output',
    'fully_connected': 'output',
    'mobilenet_v1_nobn': 'MobilenetV1/Predictions',
    'overlapping_bypasses': 'output',
    'partitioned': 'net/output',
    'post_activation_bypass_relu': 'output',
    'residual_blocks': 'output',
    'separable_conv': 'output',
}
# Configurations of the network of network.py.
CONFIGURATIONS = {
    'all of it': {},
    'without its second layer': {'layers': [{'name': 'conv2/*', 'exclude': True}]},
    'its last layer alone': {'scope': 'dense'},
}
# Networks whose convolutions have weights by channel: what the configuration says of other layers, how many they are.
BY_CHANNEL = {
    'depthwise_relu6': ([], 2),
    'dilated_depthwise': ([], 3),
    'mobilenet_v1_nobn': ([], 28),
    'residual_blocks': ([{'op': 'matmul', 'weights': {'granularity': 'per_tensor'}}], 5),
    'separable_conv': ([], 2),
}


def check_channels(rewrite, folder, name, other_layers, layers):
    """Whether the verifier misses nothing, and the model has integers alone, and scales by channel in all layers."""
    config = folder / 'verify_config.json'
    config.write_text(json.dumps({'weights': {'granularity': 'per_channel', 'symmetric': True}, 'layers': other_layers}))
    graph, _ = rewrite(GRAPHS / f'{name}.before.pb', 'verify', '--eval', '--verify', 'tflite_int8', '--config', config)
    model = model_of(graph, RECORDED.get(name, 'output'), folder / 'verify.pb', tf.int8)
    scales = [t['name'] for t in model.get_tensor_details()
              if t['dtype'] == np.int8 and len(t['quantization_parameters']['scales']) > 1]
    missing, types = missing_in(folder / 'verify.json'), types_of(model)
    print(f'{name}, by channel: {len(scales)} weights of {layers} have scales by channel; '
          f'without a range: {", ".join(missing) or "none"}; tensors of {", ".join(sorted(types))}')
    run_on_zeros(model)
    return not missing and 'float32' not in types and len(scales) == layers


def missing_in(report):
    """The nodes without a range, less the inputs, whose ranges the converter is told."""
    ranges = json.loads(report.read_text())['ranges']
    return [m['node'] for m in ranges['missing'] if m['role'] != 'graph input']


def cases(folder):
    """What to look at: a name, a graph, its output, and options."""
    graph = folder / 'verify_eval.meta'
    network.export(str(graph), False)
    for name, configuration in CONFIGURATIONS.items():
        config = folder / 'verify_config.json'
        config.write_text(json.dumps(configuration))
        yield f'digits, {name}', graph, LOGITS, ['--config', config]
    for name, output in RECORDED.items():
        yield name, GRAPHS / f'{name}.before.pb', output, []


def main():
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    rewrite = Rewriter(sys.argv[1], folder)
    wrong = []
    for name, before, output, options in cases(folder):
        graph, _ = rewrite(before, 'verify', '--eval', '--verify', 'tflite_uint8', *options)
        missing = missing_in(folder / 'verify.json')
        model = model_of(graph, output, folder / 'verify.pb')
        run_on_zeros(model)
        has_floats = 'float32' in types_of(model)
        print(f'{name}: {"floats" if has_floats else "integers only"}; without a range: {", ".join(missing) or "none"}')
        if has_floats != bool(missing):
            wrong.append(name)
    wrong += [f'{name}, by channel' for name, expected in BY_CHANNEL.items()
              if not check_channels(rewrite, folder, name, *expected)]
    if wrong:
        raise SystemExit(f'verify.py: the converter does not agree on {", ".join(wrong)}')


if __name__ == '__main__':
    main()
