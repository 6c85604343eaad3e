# Records the names that TensorFlow 1.15 makes unique.
# SPDX-License-Identifier: Apache-2.0
"""Writes names.txt beside this file: what a graph answers when it is asked for names, a line each.

usage: python record_names.py        (a Python 3.7 with tensorflow==1.15)

    graph                   a new graph
    take NAME               an operation of this name is there already
    unique PATH NAME        the path asked for, and the name that an operation then gets
    scope PATH NAME         the path asked for, and the variable scope that is opened, and left again
"""
import os
import random

import tensorflow as tf

tf1 = tf.compat.v1
PATHS = ['a', 'A', 'b', 'a_1', 'A_1', 'a_2', 'a_1_1', 'a/b', 'A/b', 'a/B_1', 'a_1/b', 'ab']


def taken_and_asked(rng, lines):
    names = rng.sample(PATHS, rng.randrange(len(PATHS)))
    taken = []
    for name in names:
        if name.lower() not in [t.lower() for t in taken]:
            taken.append(name)
    definition = tf1.GraphDef()
    for name in taken:
        definition.node.add(name=name, op='NoOp')
        lines.append('take ' + name)
    graph = tf1.Graph()
    with graph.as_default():
        tf1.import_graph_def(definition, name='')
    for _ in range(rng.randrange(1, 12)):
        path = rng.choice(PATHS)
        lines.append('unique %s %s' % (path, graph.unique_name(path)))


def scopes(rng, lines):
    with tf1.Graph().as_default():
        for _ in range(rng.randrange(1, 12)):
            path = rng.choice(PATHS)
            with tf1.variable_scope(None, default_name=path) as scope:
                lines.append('scope %s %s' % (path, scope.name))


def main():
    rng = random.Random(1)
    lines = []
    for _ in range(40):
        for record in (taken_and_asked, scopes):
            lines.append('graph')
            record(rng, lines)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'names.txt'), 'w') as f:
        f.write('# Names of TensorFlow %s; written by record_names.py\n' % tf.__version__)
        f.write('# SPDX-License-Identifier: Apache-2.0\n')
        f.writelines(line + '\n' for line in lines)


if __name__ == '__main__':
    main()
