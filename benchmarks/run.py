# Measures what using qgraft costs, and prints one table: figure, and the limit that it is held against.
#
# usage: python3 benchmarks/run.py BUILD [--in GRAPH] [--tensorflow PYTHON] [--reference PYTHON] [--long] [--plot FILE]
#                                  [--readme]
#   BUILD          a build folder with the programs qgraft-rewrite, by_hand, growth and file_to_file (a Release build)
#   --in           a MetaGraphDef of a training graph; a recorded MobileNet where it is left out
#   --tensorflow   a Python that has TensorFlow 2: compares with Grappler
#   --reference    a Python that has TensorFlow 1.15: compares with tf.contrib.quantize
#   --long         growth up to a million nodes, and 100,000 batch norms
#   --plot         draws how cost grows, as SVG; needs matplotlib
#   --readme       writes the table into README.md
# SPDX-License-Identifier: Apache-2.0
import argparse
import json
import os
import pathlib
import statistics
import tempfile

import measure

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
MOST_BATCH_NORMS = 60_000  # of which the result still fits into a graph file, 2 GiB
NODES_A_BATCH_NORM = 22  # in the graphs that growth makes; of the result, six times as many
MARKS = ('<!-- Made by benchmarks/run.py. -->\n', '<!-- Up to here. -->\n')


def google_benchmark(build, graph, out, name):
    """What file_to_file measures: `graph`, and `out`, which is its rewrite."""
    options = ['--benchmark_format=json', '--benchmark_min_time=0.3', f'--benchmark_filter={name}$']
    text = measure.run([build / 'bin/file_to_file', graph, out, *options])
    return json.loads(text[text.index('{'):text.rindex('}') + 1])['benchmarks'][0]


def file_to_file(build, graph, out):
    """Rows of one file's rewrite."""
    rewrite = [build / 'bin/qgraft-rewrite', graph, out]
    process, limit, ratio = measure.paired(
        lambda: statistics.median(measure.wall(rewrite) for _ in range(9)),
        lambda: google_benchmark(build, graph, out, 'limit/all/real_time')['real_time'] / 1e6, 5)
    yield (f'`qgraft-rewrite`, the whole process: {1e3 * process:.0f} ms; protobuf alone, parse + serialize + write: '
           f'{1e3 * limit:.0f} ms', f'{ratio:.2f} times', 'at most 2')
    for name, what in (('rewrite/bytes', 'for a file'), ('rewrite/messages', 'as messages, in a program')):
        b = google_benchmark(build, graph, out, name)
        yield (f'plan and apply, new nodes {what}, {int(b["nodes"]):,} nodes',
               f'{b["real_time"] / b["nodes"]:.2f} us a node', 'at most 1' if name == 'rewrite/bytes' else '')


def against(build, graph, out, args):
    """Rows that compare with TensorFlow's own."""
    rewrite = [build / 'bin/qgraft-rewrite', graph, out]
    if args.reference:
        theirs = measure.figures(measure.run([args.reference, HERE / 'reference.py', graph]))['seconds']
        ours = statistics.median(measure.wall(rewrite) for _ in range(15))
        yield (f'the whole process against the rewrite alone of `tf.contrib.quantize`, {theirs:.2f} s',
               f'{theirs / ours:.0f} times faster', 'at least 200')
    if args.tensorflow:
        theirs = measure.figures(measure.run([args.tensorflow, HERE / 'grappler.py', graph]))['seconds']
        parts = [google_benchmark(build, graph, out, name) for name in ('rewrite/index', 'rewrite/messages')]
        ours = sum(b['real_time'] for b in parts)
        yield (f'index, plan and apply in memory against Grappler\'s remapper on the same graph, {1e3 * theirs:.0f} ms; '
               'both many times in one process', f'{1e6 * theirs / ours:.0f} times faster', 'at least 10')


def genericity(build):
    """A row that compares with a rewrite that is written for one graph type."""
    program = build / 'bin/by_hand'
    ours, f = measure.instructions([program, 2000], 'rewrite_by_qgraft')
    theirs, _ = measure.instructions([program, 2000], 'rewrite_by_hand')
    yield (f'the rules on a plain struct graph against the bare edit written by hand for it, {int(f["result"]):,} nodes: '
           'instructions', f'{ours / theirs:.2f} times', 'at most 1.1')


class Grown:
    """What one kind of graph costs at several sizes, by size."""

    def __init__(self, build, tmp, kind):
        self.program, self.kind = build / 'bin/growth', kind
        self.graph, self.out = tmp / 'grown.pb', tmp / 'grown_out.pb'
        self.instructions, self.beside, self.a_node, self.peak = {}, {}, {}, 0

    def measure(self, size, count):
        """Times the rewrite, and protobuf beside it; counts instructions where asked to."""
        measure.run([self.program, 'make', self.kind, size, self.graph])
        if count:
            counted, f = measure.instructions([self.program, 'in_place', self.graph], 'create_training_graph')
            self.instructions[size] = counted / f['result']
        times = 3 if size <= 1_000_000 else 1
        runs = [measure.figures(measure.run([self.program, 'rewrite', self.graph, self.out])) for _ in range(times)]
        theirs = [measure.figures(measure.run([self.program, 'protobuf', self.graph, self.out])) for _ in range(times)]
        ours = min(f['rewrite'] for f in runs)
        self.beside[size] = ours / min(f['parse'] + f['write'] for f in theirs)
        self.a_node[runs[0]['result']] = 1e6 * ours / runs[0]['result']
        self.peak = min(f['peak_kib'] for f in runs) / min(f['peak_kib'] for f in theirs)

    def clean(self):
        for f in (self.graph, self.out, pathlib.Path(f'{self.out}.again')):
            f.unlink(missing_ok=True)


def growth(build, tmp, sizes, plot):
    """Rows of cost as graphs grow, of each kind over its sizes: the last two are the one that is held against the first,
    and one that is only timed."""
    grown = []
    for kind, (*held, last) in sizes.items():
        g = Grown(build, tmp, kind)
        for size in held + [last] * (last > held[-1]):
            g.measure(size, size in (held[0], held[-1]))
        g.clean()
        grown.append(g)
        small, large, name = held[0], held[-1], kind.replace('_', ' ')
        yield (f'{name}, {large:,} nodes against {small:,}: instructions a node of the result',
               f'{g.instructions[large] / g.instructions[small]:.3f} times', 'at most 1.05')
        yield (f'{name}: wall time beside protobuf\'s at the same size',
               f'{g.beside[large] / g.beside[small]:.2f} times', 'at most 1.3')
        yield f'{name}: peak memory beside both files parsed', f'{g.peak:.2f} times', 'at most 3'
    if plot:
        draw(grown, plot)


def draw(grown, path):
    """The microseconds of plan and apply a node, by the nodes of the result."""
    import matplotlib
    matplotlib.use('svg')
    from matplotlib import pyplot
    matplotlib.rcParams['svg.hashsalt'] = 'qgraft'
    figure, axes = pyplot.subplots(figsize=(6, 3))
    for g in grown:
        axes.plot(list(g.a_node), list(g.a_node.values()), marker='o', label=g.kind.replace('_', ' '))
    axes.set(xscale='log', xlabel='nodes of the result', ylabel='microseconds a node')
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, bbox_inches='tight', metadata={'Date': None})


def compile_cost():
    """Rows of what a translation unit costs beside one of Boost.Graph."""
    flags = ['-std=c++20', f'-I{ROOT / "include"}', f'-I{ROOT / "examples"}', '-c', '-o', os.devnull]
    for compiler in ('g++', 'clang++'):
        for level, most in (('-O0', 1.0), ('-O2', 1.5)):
            cost = {}
            for unit in ('qgraft', 'boost'):
                runs = [measure.child_cost([compiler, level, *flags, HERE / f'compile/{unit}.cpp']) for _ in range(5)]
                cost[unit] = [min(r[i] for r in runs) for i in (0, 1)]
            time, memory = (cost['qgraft'][i] / cost['boost'][i] for i in (0, 1))
            yield (f'compiling the four entry points, {compiler} {level}, beside one search of Boost.Graph',
                   f'{time:.1f} times the time, {memory:.1f} times the memory', f'at most {most}')


def table(rows):
    """Markdown."""
    lines = [f'On one core of: {measure.processor()}. Ratios are of one run.\n', '| what | figure | limit |',
             '| --- | --- | --- |', *(f'| {what} | {figure} | {limit} |' for what, figure, limit in rows)]
    return '\n'.join(lines) + '\n'


def main():
    parser = argparse.ArgumentParser(description='measures what using qgraft costs')
    parser.add_argument('build', type=pathlib.Path)
    parser.add_argument('--in', dest='graph', type=pathlib.Path, default=ROOT / 'tests/data/graphs/mobilenet_v1.before.pb')
    parser.add_argument('--tensorflow')
    parser.add_argument('--reference')
    parser.add_argument('--long', action='store_true')
    parser.add_argument('--plot', type=pathlib.Path)
    parser.add_argument('--readme', action='store_true')
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(dir=args.build) as folder:
        tmp = pathlib.Path(folder)
        most = 1_000_000 if args.long else 100_000
        plain = (10_000, 30_000, 100_000, most, most)
        normalized = (10_000, 30_000, NODES_A_BATCH_NORM * 7_300, NODES_A_BATCH_NORM * (MOST_BATCH_NORMS if args.long else 0))
        sizes = {'batch_norms': normalized, 'chain': plain, 'fan_out': plain}
        out = tmp / 'out.meta'
        measure.run([args.build / 'bin/qgraft-rewrite', args.graph, out])
        for part in (file_to_file(args.build, args.graph, out), against(args.build, args.graph, out, args),
                     genericity(args.build), growth(args.build, tmp, sizes, args.plot),
                     compile_cost()):
            for row in part:
                rows.append(row)
                print(' | '.join(row), flush=True)
    text = table(rows)
    print('\n' + text)
    if args.readme:
        measure.write_readme(MARKS, text)


if __name__ == '__main__':
    main()
