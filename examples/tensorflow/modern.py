# A client: what the modern profile quantizes, TFLite runs in integers; fake quantization aside nothing has changed.
# SPDX-License-Identifier: Apache-2.0
"""usage: modern.py QGRAFT_REWRITE FOLDER [RECORDED]

Rewrites networks by --profile modern: those that zoo.py builds, networks recorded beside the project and, where the
folder RECORDED has them, published networks. Of each, the verifier must miss nothing, the graph for evaluation must
convert to TFLite models of bytes, unsigned and signed, without a float inside; and with fake quantization made Identity
both rewritten graphs must compute what the graph before did.
"""
import json
import pathlib
import sys

import numpy as np
import tensorflow as tf
import training
import verify
import zoo
from conversion import model_of, run_on_zeros, types_of
from network import tf1
from rewriting import Rewriter

PUBLISHED = {
    'lenet': ('b30f90e29516624d', 'Predictions/Reshape_1'),
    'mobilenet_v1': ('ef8bb7f2442d3cfc', 'MobilenetV1/Predictions/Reshape_1'),
    'resnet_v1_50': ('08eabdfacbc38af7', 'resnet_v1_50/predictions/Reshape_1'),
    'inception_v3': ('c9c1e0429d34457b', 'InceptionV3/Predictions/Reshape_1'),
}
TARGETS = ('tflite_uint8', tf.uint8), ('tflite_int8', tf.int8)
FAKE_QUANTIZATION = 'FakeQuantWithMinMaxVars', 'FakeQuantWithMinMaxVarsPerChannel'


def cases(folder, recorded):
    """What to look at: a name, a graph, its output."""
    for name, build in zoo.NETWORKS.items():
        graph = folder / f'zoo_{name}.meta'
        yield name, graph, zoo.export(build, graph)
    for name, output in verify.RECORDED.items():
        yield f'recorded {name}', verify.GRAPHS / f'{name}.before.pb', output
    for name, (file, output) in PUBLISHED.items():
        if recorded and (recorded / f'{file}.meta').exists():
            yield f'published {name}', recorded / f'{file}.meta', output


def without_quantization(path):
    """The graph of a file; what is fake-quantized is passed on as it is, and the ranges are still computed."""
    graph = tf1.MetaGraphDef.FromString(path.read_bytes())
    for node in graph.graph_def.node:
        if node.op in FAKE_QUANTIZATION:
            first, *others = node.input
            del node.input[:]
            node.input.extend([first] + ['^' + i.split(':')[0] for i in others])
            node.op = 'Identity'
            node.attr.clear()
            node.attr['T'].type = tf.float32.as_datatype_enum
    return graph


def outputs(graph, output):
    """What a graph computes from the same numbers, whatever its variables are called and initialized to."""
    with tf.Graph().as_default() as g, training.session() as s:
        tf1.train.import_meta_graph(graph, clear_devices=True)
        s.run(tf1.global_variables_initializer())
        for v in tf1.global_variables():
            shape, random = v.shape.as_list(), np.random.RandomState(sum(v.op.name.encode()))
            if v.dtype.base_dtype == tf.float32 and 'quant/' not in v.op.name:
                inputs = np.prod(shape[:-1]) if len(shape) > 1 else 0
                values = random.normal(size=shape) / np.sqrt(inputs) if inputs else random.uniform(.5, 1, shape)
                v.load(values.astype(np.float32), s)
        given = {}
        for p in (o for o in g.get_operations() if o.type == 'Placeholder'):
            shape = [d or 1 for d in p.outputs[0].shape.as_list()]
            given[p.outputs[0]] = np.random.RandomState(1).uniform(-1, 1, shape)
        return s.run(output + ':0', given)


def difference(before, after, output):
    """The greatest difference that a rewrite has made, relative to the greatest value."""
    wanted = outputs(without_quantization(before), output)
    return np.max(np.abs(outputs(without_quantization(after), output) - wanted)) / np.max(np.abs(wanted))


def problems_of(name, before, output, rewrite):
    """What is wrong with the rewrites of one graph, as texts."""
    for target, kind in TARGETS[1:] if name == zoo.SIGNED else TARGETS:
        graph, _ = rewrite(before, 'modern', '--eval', '--profile', 'modern', '--verify', target)
        report = json.loads((rewrite.folder / 'modern.json').read_text())
        ranges = report['ranges']
        for what in 'missing', 'unshared':
            if ranges[what]:
                yield f'{target}, {what}: ' + ', '.join(r['node'] for r in ranges[what])
        # What no node reads is quantized beside it.
        moved = {m['from']: m['to'].removesuffix(':0') for m in report['moved'] if m['operands'] == 0}
        model = model_of(graph, moved.get(output + ':0', output), rewrite.folder / 'modern.pb', kind)
        run_on_zeros(model)
        if 'float32' in types_of(model):
            yield f'{target}: floats'
    training_graph, _ = rewrite(before, 'modern_training', '--profile', 'modern')
    for after in graph, training_graph:
        by = difference(before, after, output)
        if not by < 1e-4:
            yield f'{after.stem} differs by {by:.1e}'


def main():
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    rewrite = Rewriter(sys.argv[1], folder)
    failed = False
    for name, before, output in cases(folder, pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None):
        problems = list(problems_of(name, before, output, rewrite))
        print(f'{name}: {"; ".join(problems) or "integers only, and the same without fake quantization"}', flush=True)
        failed = failed or bool(problems)
    if failed:
        raise SystemExit('modern.py: not all is as it should be')


if __name__ == '__main__':
    main()
