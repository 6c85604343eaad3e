# Checks what a host built with TensorFlow's own classes does, against qgraft-rewrite and against TensorFlow itself.
# SPDX-License-Identifier: Apache-2.0
"""usage: check.py PROGRAM OP QGRAFT_REWRITE [GRAPH...]

PROGRAM is tensorflow_host, OP the shared object of the op. Each GRAPH is a MetaGraphDef of a training network without
gradients; a network that this TensorFlow builds is checked, too. The program, the op and qgraft-rewrite must give the
same graph, which TensorFlow must import; bad input must be refused with qgraft's words.
"""
import difflib
import os
import pathlib
import subprocess
import sys
import tempfile

# TensorFlow keeps silent of what it does well.
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '0')
import numpy as np
import tensorflow as tf

import networks

tf1 = tf.compat.v1

# The op's attributes, and how qgraft-rewrite is told the same.
SETTINGS = [
    ({}, []),
    ({'is_training': False}, ['--eval']),
    ({'weight_bits': 4, 'activation_bits': 6, 'symmetric': True, 'quant_delay': 100, 'freeze_bn_delay': 200},
     '--weight-bits 4 --activation-bits 6 --symmetric --quant-delay 100 --freeze-bn-delay 200'.split()),
    ({'resource_variables': True, 'quant_delay': 5}, ['--resource-variables', '--quant-delay', '5']),
]


def lines_of(meta):
    """Everything in a MetaGraphDef as lines to compare, those of a node with its name."""
    for node in meta.graph_def.node:
        yield from ('%s: %s' % (node.name, line.strip()) for line in str(node).splitlines())
    rest = tf1.MetaGraphDef.FromString(meta.SerializeToString())
    rest.graph_def.ClearField('node')
    yield from str(rest).splitlines()


def expect_equal(what, got, wanted):
    if got == wanted:
        return
    diff = difflib.unified_diff(list(lines_of(wanted)), list(lines_of(got)), 'qgraft-rewrite', what, lineterm='', n=0)
    sys.exit('%s differs:\n%s' % (what, '\n'.join(list(diff)[:60])))


def run(*command):
    """The exit status and what the command has written, both streams."""
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def must_run(*command):
    status, text = run(*command)
    if status != 0:
        sys.exit('%s fails: %s' % (' '.join(map(str, command)), text))


def read(path):
    return tf1.MetaGraphDef.FromString(pathlib.Path(path).read_bytes())


def through_op(op, meta, **attributes):
    content = meta if isinstance(meta, bytes) else meta.SerializeToString()
    return tf1.MetaGraphDef.FromString(op(meta_graph=tf.constant(content), **attributes).numpy())


def import_and_run(meta, inputs):
    """Imports a graph; where there are inputs, runs it once from its initial values."""
    with tf.Graph().as_default() as graph:
        tf1.train.import_meta_graph(meta)
        if inputs:
            with tf1.Session() as session:
                session.run(tf1.global_variables_initializer())
                return session.run('output:0', inputs)
        return graph


def check_graph(name, meta, tools, folder, settings, inputs=None):
    program, op, rewriter = tools
    before, wanted, got = (folder / (name + suffix) for suffix in ('.pb', '.wanted.pb', '.host.pb'))
    before.write_bytes(meta.SerializeToString())
    for attributes, flags in settings:
        what = '%s %s' % (name, ' '.join(flags))
        must_run(rewriter, before, wanted, *flags)
        reference = read(wanted)
        nodes = reference.graph_def.node
        kinds = [n.op for n in nodes]
        if 'FakeQuantWithMinMaxVars' not in kinds or not any(n.name.endswith('_Fold') for n in nodes):
            sys.exit('%s: nothing to compare: no batch norm was folded, or nothing quantized' % what)
        expect_equal('the op on ' + what, through_op(op, meta, **attributes), reference)
        if flags in ([], ['--eval']):
            must_run(program, before, got, *flags)
            expect_equal('the program on ' + what, read(got), reference)
        out = import_and_run(reference, inputs)
        if inputs and not np.isfinite(out).all():
            sys.exit('%s computes %s' % (what, out))
        print('same, imported%s: %s: %d nodes, %d fake-quantized' % (
            ' and run' if inputs else '', what.strip(), len(kinds), kinds.count('FakeQuantWithMinMaxVars')))


def check_refused(op, program, folder):
    refused = [
        ('no MetaGraphDef', b'\xff\xff', {}, 'meta_graph is not a serialized MetaGraphDef'),
        ('an empty string', b'', {}, 'meta_graph is not a serialized MetaGraphDef'),
        ('a dangling input', networks.dangling(), {}, "a: reads 'nowhere', which is not in the graph"),
        ('an optimizer', networks.with_optimizer(), {}, 'training'),
        ('1 bit', networks.build(True, False), {'weight_bits': 1}, 'weight_bits'),
    ]
    for what, meta, attributes, words in refused:
        try:
            through_op(op, meta, **attributes)
        except tf.errors.InvalidArgumentError as e:
            if words not in e.message:
                sys.exit('the op on %s says: %s' % (what, e.message))
            print('refused: %s: %s' % (what, e.message.split('}} ')[-1].split(' [Op:')[0]))
        else:
            sys.exit('the op takes ' + what)
    bad = folder / 'bad.pb'
    bad.write_bytes(networks.dangling().SerializeToString())
    status, text = run(program, bad, folder / 'none.pb')
    if status != 1 or "a: reads 'nowhere', which is not in the graph" not in text or (folder / 'none.pb').exists():
        sys.exit('the program on a dangling input: status %d, %s' % (status, text))


def main():
    program, shared_object, rewriter, *graphs = sys.argv[1:]
    op = tf.load_op_library(os.path.abspath(shared_object)).qgraft_rewrite
    tools = program, op, rewriter
    inputs = {'images:0': np.random.default_rng(0).random((2, 8, 8, 3), dtype=np.float32)}
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for path in graphs:
            check_graph(pathlib.Path(path).name.split('.')[0], read(path), tools, folder, SETTINGS)
        for resource in False, True:
            name = 'tensorflow_%s%s' % (tf.__version__, '_resource' * resource)
            for settings in SETTINGS:
                is_training = settings[0].get('is_training', True)
                check_graph(name, networks.build(is_training, resource), tools, folder, [settings], inputs)
        check_refused(op, program, folder)


main()
