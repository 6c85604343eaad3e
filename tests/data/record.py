# Records what TensorFlow 1.15 makes of small networks.
# SPDX-License-Identifier: Apache-2.0
"""Records the reference's rewrites of the networks of networks.py and batch_norm_networks.py.

usage: python record.py        (a Python 3.7 with tensorflow==1.15, protobuf<3.21; nothing else is needed)

Writes, beside this file, graphs/NETWORK.before.pb and graphs/CASE.after.pb, binary MetaGraphDefs, and cases.jsonl with a case a
line: id, before and after (files in graphs), function ("create_graph", the whole rewrite, or the stages "quantize" and
"fold_batch_norms"), arguments (one left out has the reference's default; per_channel_weights and moving_average_weights are none
of the function, but of the reference's quantizer that weights get) and use_resource (whether new variables are resource variables). What a case records is a function of its before file and its arguments alone: the file is imported into a fresh
graph first. Running it again writes the same bytes.
"""
import contextlib
import functools
import json
import os
import random

import tensorflow as tf
from tensorflow.contrib import quantize as contrib_quantize
from tensorflow.contrib.quantize.python import fold_batch_norms, quant_ops, quantize
from tensorflow.core.protobuf import control_flow_pb2
from tensorflow.python.framework import meta_graph

import batch_norm_networks
import networks

tf1 = tf.compat.v1
HERE = os.path.dirname(os.path.abspath(__file__))


def create_graph(graph, is_training=True, **arguments):
    """The whole rewrite."""
    if is_training:
        contrib_quantize.experimental_create_training_graph(graph, **arguments)
    else:
        contrib_quantize.experimental_create_eval_graph(graph, **arguments)


FUNCTIONS = {'create_graph': create_graph, 'quantize': quantize.Quantize, 'fold_batch_norms': fold_batch_norms.FoldBatchNorms}


@contextlib.contextmanager
def weights_quantized_by(per_channel, moving_average):
    """Gives weights another of the reference's quantizers: they alone get the one for the range of the last value."""
    usual = quant_ops.LastValueQuantize
    chosen = quant_ops.MovingAvgQuantize if moving_average else usual
    quant_ops.LastValueQuantize = functools.partial(chosen, per_channel=per_channel)
    try:
        yield
    finally:
        quant_ops.LastValueQuantize = usual


def networks_of(module):
    """The functions of a module that build a network, by name."""
    return {name: f for name, f in vars(module).items()
            if callable(f) and getattr(f, '__module__', '') == module.__name__ and not name.startswith('_')}


def export(graph):
    """MetaGraphDef of a graph; the cond contexts and their values, which have no order, are put in one."""
    meta = tf1.train.export_meta_graph(graph=graph, clear_devices=False)
    if 'cond_context' in meta.collection_def:
        contexts = meta.collection_def['cond_context'].bytes_list
        contexts.value[:] = sorted(in_order(value) for value in contexts.value)
    return meta


def in_order(serialized):
    context = control_flow_pb2.CondContextDef.FromString(serialized)
    context.values_def.values[:] = sorted(context.values_def.values)
    return context.SerializeToString(deterministic=True)


def write(name, meta):
    with open(os.path.join(HERE, 'graphs', name), 'wb') as f:
        f.write(meta.SerializeToString(deterministic=True))


def read(name):
    with open(os.path.join(HERE, 'graphs', name), 'rb') as f:
        return tf1.MetaGraphDef.FromString(f.read())


def shuffle_nodes(meta):
    nodes = list(meta.graph_def.node)
    random.Random(1).shuffle(nodes)
    del meta.graph_def.node[:]
    meta.graph_def.node.extend(nodes)
    return meta


def rename_layer(meta):
    # TensorFlow's own scopes never differ in case only, so the names are changed in the file; both have the same length.
    return tf1.MetaGraphDef.FromString(meta.SerializeToString(deterministic=True).replace(b'layer_b', b'LAYER_A'))


EDITS = {'shuffled': shuffle_nodes, 'case_only': rename_layer}


def record_before(network, build, use_resource):
    """Writes the file of a network; returns its name."""
    graph = tf.Graph()
    with graph.as_default(), tf1.variable_scope(tf1.get_variable_scope(), use_resource=use_resource):
        tf1.set_random_seed(1)
        build()
    name = network + ('_resource' if use_resource else '') + '.before.pb'
    write(name, EDITS.get(network, lambda meta: meta)(export(graph)))
    return name


def record_after(case):
    """Rewrites the before file of a case and writes its after file."""
    graph = tf.Graph()
    with graph.as_default(), tf1.variable_scope(tf1.get_variable_scope(), use_resource=case['use_resource']):
        meta_graph.import_scoped_meta_graph(read(case['before']), clear_devices=False)
        arguments = dict(case['arguments'])
        per_channel, moving_average = (arguments.pop(key, False) for key in ('per_channel_weights', 'moving_average_weights'))
        with weights_quantized_by(per_channel, moving_average):
            FUNCTIONS[case['function']](graph, **arguments)
        write(case['after'], export(graph))


def case(network, function='create_graph', resource=False, new_resource=None, suffix='', **arguments):
    """A case; resource is about the variables of the network, new_resource, if given, about those of the rewrite."""
    variant = network + ('_resource' if resource else '')
    arguments.setdefault('is_training', True)
    return {'id': variant + suffix, 'before': variant + '.before.pb', 'after': variant + suffix + '.after.pb',
            'function': function, 'arguments': arguments, 'use_resource': resource if new_resource is None else new_resource}


# Networks recorded as training graphs; the others, which are about what matches, as eval graphs, whose files are smaller.
TRAINED = ('conv_bias_relu6', 'conv_relu', 'depthwise_relu6', 'separable_conv', 'fully_connected', 'bypass_relu',
           'bypass_without_activation', 'post_activation_bypass', 'dilated_conv', 'partitioned', 'one_partition', 'case_only',
           'unknown_batch', 'unknown_rank', 'gradients', 'unused_activation', 'shared_weights')
TRAINED_RESOURCE = ('conv_bias_relu6', 'depthwise_relu6', 'fully_connected', 'partitioned', 'same_scope', 'unknown_rank', 'devices')
EVAL_RESOURCE = ('conv_relu', 'separable_conv', 'weights_first', 'post_activation_bypass', 'overlapping_bypasses', 'dilated_conv',
                 'one_partition', 'add_mul_sweep', 'shuffled', 'taken_names', 'case_only')
DELAYED = ('conv_bias_relu6', 'devices', 'same_scope', 'taken_names', 'control_dependencies', 'existing_cond')
DELAYED_RESOURCE = ('conv_bias_relu6', 'bypass_without_activation', 'add_mul_sweep', 'control_dependencies', 'shared_weights')


def all_cases():
    cases = []
    for network in networks_of(networks):
        if network in TRAINED:
            cases.append(case(network))
        else:
            stage = 'quantize' if network == 'before_batch_norm' else 'create_graph'
            cases.append(case(network, stage, suffix='.eval', is_training=False))
    cases += [case(network, resource=True) for network in TRAINED_RESOURCE]
    cases += [case(network, resource=True, suffix='.eval', is_training=False) for network in EVAL_RESOURCE]
    cases += [case(network, suffix='.delay', quant_delay=100) for network in DELAYED]
    cases += [case(network, resource=True, suffix='.delay', quant_delay=100) for network in DELAYED_RESOURCE]
    return cases + option_cases() + channel_cases() + batch_norm_cases()


def option_cases():
    cases = []
    for resource in (False, True):
        cases.append(case('conv_bias_relu6', resource=resource, suffix='.eval', is_training=False))
        cases.append(case('bypass_relu', resource=resource, suffix='.eval_delay', is_training=False, quant_delay=5))
        cases.append(case('conv_bias_relu6', resource=resource, suffix='.symmetric', symmetric=True))
        # Variables of the rewrite of the other kind than the network's.
        cases.append(case('conv_bias_relu6', resource=resource, new_resource=not resource, suffix='.mixed', quant_delay=7))
    cases.append(case('add_mul_sweep', suffix='.symmetric_4bits', symmetric=True, weight_bits=4, activation_bits=4))
    for bits in (2, 4, 7, 16):
        cases.append(case('conv_bias_relu6', suffix='.%dbits' % bits, is_training=False, weight_bits=bits, activation_bits=bits))
    cases.append(case('conv_bias_relu6', suffix='.symmetric_7bits', symmetric=True, weight_bits=7, activation_bits=7))
    cases.append(case('conv_bias_relu6', suffix='.symmetric_16bits', symmetric=True, weight_bits=16, activation_bits=16))
    cases.append(case('overlapping_bypasses', suffix='.4_16bits', is_training=False, weight_bits=4, activation_bits=16,
                      quant_delay=1))
    for name, scope in (('part', 'block2'), ('slash', 'block1/'), ('sweep', 'block3'), ('prefix', 'block'), ('nothing', 'nothing')):
        cases.append(case('scopes', suffix='.scope_' + name, scope=scope, is_training=name == 'part'))
    cases.append(case('scopes', 'quantize', suffix='.stage', scope='block1', ema_decay=0.9, quant_delay=3))
    return cases


def channel_cases():
    """Weights with a range for each channel."""
    cases = []
    for resource in (False, True):
        for network in ('conv_bias_relu6', 'fully_connected', 'depthwise_relu6'):
            cases.append(case(network, resource=resource, suffix='.channels', per_channel_weights=True))
        cases.append(case('conv_bias_relu6', resource=resource, suffix='.channels_average', per_channel_weights=True,
                          moving_average_weights=True))
        cases.append(case('conv_bias_relu6', resource=resource, suffix='.channels_eval', per_channel_weights=True,
                          is_training=False))
    cases.append(case('conv_bias_relu6', suffix='.channels_symmetric_4bits', per_channel_weights=True, symmetric=True,
                      weight_bits=4, quant_delay=100))
    cases.append(case('fused_training', suffix='.channels', per_channel_weights=True))
    return cases


def batch_norm_cases():
    return [
        case('fused_training'),
        case('fused_training', resource=True),
        case('fused_training', suffix='.freeze', freeze_bn_delay=200, quant_delay=100),
        case('fused_training', 'fold_batch_norms', suffix='.fold', freeze_batch_norm_delay=200),
        case('fused_eval', is_training=False),
        case('fused_eval', 'fold_batch_norms', suffix='.fold', is_training=False),
        case('unfused_training'),
        case('unfused_training', 'fold_batch_norms', suffix='.fold', freeze_batch_norm_delay=200),
        case('unfused_eval', is_training=False),
        case('fused_forced_updates', 'fold_batch_norms', suffix='.fold'),
        case('fused_bypass'),
        case('fused_wide', 'fold_batch_norms', suffix='.fold', freeze_batch_norm_delay=10),
        case('fused_dense', 'fold_batch_norms', suffix='.fold'),
        case('fused_separable_eval', is_training=False),
        case('mobilenet_v1_nobn', 'quantize'),
    ]


def main():
    os.makedirs(os.path.join(HERE, 'graphs'), exist_ok=True)
    cases = all_cases()
    builders = dict(networks_of(networks), **networks_of(batch_norm_networks))
    wanted = {c['before'] for c in cases} | {'mobilenet_v1.before.pb'}
    written = {c['after'] for c in cases}
    for network, build in builders.items():
        for use_resource in (False, True):
            if network + ('_resource' if use_resource else '') + '.before.pb' in wanted:
                written.add(record_before(network, build, use_resource))
    for c in cases:
        record_after(c)
    for stale in set(os.listdir(os.path.join(HERE, 'graphs'))) - written:
        os.remove(os.path.join(HERE, 'graphs', stale))
    with open(os.path.join(HERE, 'cases.jsonl'), 'w') as f:
        for c in sorted(cases, key=lambda c: c['id']):
            f.write(json.dumps(c, sort_keys=True) + '\n')
    print('%d cases, %d files' % (len(cases), len(written)))


if __name__ == '__main__':
    main()
