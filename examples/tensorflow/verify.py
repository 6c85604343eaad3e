# A client: what the verifier finds missing is what TFLite's converter leaves in floats.
# SPDX-License-Identifier: Apache-2.0
"""usage: verify.py QGRAFT_REWRITE FOLDER

Rewrites the network of network.py, and networks recorded from TensorFlow 1.15, for evaluation, each with --verify
tflite_uint8. Frozen as they are initialized, untrained, they are converted: where the verifier misses nothing but the
range of an input, the model must have no tensor of floats, else it must have one.
"""
import json
import pathlib
import sys

import network
from conversion import types_in_model
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
        has_floats = 'float32' in types_in_model(graph, output, folder / 'verify.pb')
        print(f'{name}: {"floats" if has_floats else "integers only"}; without a range: {", ".join(missing) or "none"}')
        if has_floats != bool(missing):
            wrong.append(name)
    if wrong:
        raise SystemExit(f'verify.py: the converter does not agree on {", ".join(wrong)}')


if __name__ == '__main__':
    main()
