# Measures what using qgraft costs, and prints one table: figure, and the limit that it is held against.
#
# usage: python3 benchmarks/run.py BUILD [--in GRAPH] [--tensorflow PYTHON] [--reference PYTHON] [--long] [--readme]
#   BUILD          a build folder with the programs qgraft-rewrite, growth and file_to_file (a Release build)
#   --in           a MetaGraphDef of a training graph; a recorded MobileNet where it is left out
#   --tensorflow   a Python that has TensorFlow 2: compares with Grappler
#   --reference    a Python that has TensorFlow 1.15: compares with tf.contrib.quantize
#   --long         growth up to a million nodes
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
MARKS = ('<!-- Made by benchmarks/run.py. -->\n', '<!-- Up to here. -->\n')


def file_to_file(build, graph, tmp):
    """Rows of one file's rewrite."""
    rewrite, out = [build / 'bin/qgraft-rewrite', graph, tmp / 'out.meta'], tmp / 'out.meta'
    measure.run(rewrite)
    base = [build / 'bin/file_to_file', graph, out, '--benchmark_format=json']

    def benchmark(name):
        text = measure.run([*base, f'--benchmark_filter={name}', '--benchmark_min_time=0.3'])
        return json.loads(text[text.index('{'):text.rindex('}') + 1])['benchmarks'][0]

    process, limit, ratio = measure.paired(lambda: statistics.median(measure.wall(rewrite) for _ in range(9)),
                                           lambda: benchmark('limit/all')['real_time'] / 1e6, 5)
    yield (f'`qgraft-rewrite`, the whole process: {1e3 * process:.0f} ms; protobuf alone, parse + serialize + write: '
           f'{1e3 * limit:.0f} ms', f'{ratio:.2f} times', 'at most 2')
    for name, what in (('rewrite/bytes', 'for a file'), ('rewrite/messages', 'as messages, in a program')):
        b = benchmark(name)
        yield (f'plan and apply, new nodes {what}, {int(b["nodes"]):,} nodes',
               f'{b["real_time"] / b["nodes"]:.2f} us a node', 'at most 1' if name == 'rewrite/bytes' else '')


def against(build, graph, tmp, args):
    """Rows that compare with TensorFlow's own."""
    rewrite = [build / 'bin/qgraft-rewrite', graph, tmp / 'out.meta']
    if args.reference:
        theirs = measure.figures(measure.run([args.reference, HERE / 'reference.py', graph]))['seconds']
        ours = statistics.median(measure.wall(rewrite) for _ in range(15))
        yield (f'the whole process against the rewrite alone of `tf.contrib.quantize`, {theirs:.2f} s',
               f'{theirs / ours:.0f} times faster', 'at least 200')
    if args.tensorflow:
        theirs = measure.figures(measure.run([args.tensorflow, HERE / 'grappler.py', graph]))['seconds']
        ours = [measure.figures(measure.run([build / 'bin/growth', 'in_place', graph])) for _ in range(9)]
        in_memory = statistics.median(f['index'] + f['rewrite'] for f in ours)
        yield (f'index, plan and apply in memory against Grappler\'s remapper on the same graph, {1e3 * theirs:.0f} ms',
               f'{theirs / in_memory:.0f} times faster', 'at least 10')


def growth(build, tmp, sizes):
    """Rows of cost as graphs grow."""
    program, graph, out = build / 'bin/growth', tmp / 'grown.pb', tmp / 'grown_out.pb'
    for kind in ('batch_norms', 'chain', 'fan_out'):
        a_node, beside, peak = {}, {}, 0
        for size in (sizes[0], sizes[-1]):
            measure.run([program, 'make', kind, size, graph])
            count, f = measure.instructions([program, 'in_place', graph], 'create_training_graph')
            a_node[size] = count / f['result']
            ours = measure.figures(measure.run([program, 'rewrite', graph, out]))
            theirs = measure.figures(measure.run([program, 'protobuf', graph, out]))
            beside[size] = ours['rewrite'] / (theirs['parse'] + theirs['write'])
            peak = ours['peak_kib'] / theirs['peak_kib']
        small, large = sizes[0], sizes[-1]
        yield (f'{kind.replace("_", " ")}, {large:,} nodes against {small:,}: instructions a node',
               f'{a_node[large] / a_node[small]:.3f} times', 'at most 1.05')
        yield (f'{kind.replace("_", " ")}: wall time beside protobuf\'s at the same size',
               f'{beside[large] / beside[small]:.2f} times', 'at most 1.3')
        yield (f'{kind.replace("_", " ")}: peak memory beside both files parsed', f'{peak:.2f} times', 'at most 3')
        for f in (graph, out, pathlib.Path(f'{out}.again')):
            f.unlink(missing_ok=True)


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


def write_readme(text):
    readme = ROOT / 'README.md'
    content = readme.read_text()
    start, end = content.index(MARKS[0]) + len(MARKS[0]), content.index(MARKS[1])
    readme.write_text(content[:start] + text + content[end:])


def main():
    parser = argparse.ArgumentParser(description='measures what using qgraft costs')
    parser.add_argument('build', type=pathlib.Path)
    parser.add_argument('--in', dest='graph', type=pathlib.Path, default=ROOT / 'tests/data/graphs/mobilenet_v1.before.pb')
    parser.add_argument('--tensorflow')
    parser.add_argument('--reference')
    parser.add_argument('--long', action='store_true')
    parser.add_argument('--readme', action='store_true')
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(dir=args.build) as folder:
        tmp = pathlib.Path(folder)
        for part in (file_to_file(args.build, args.graph, tmp), against(args.build, args.graph, tmp, args),
                     growth(args.build, tmp, (10_000, 1_000_000 if args.long else 100_000)), compile_cost()):
            for row in part:
                rows.append(row)
                print(' | '.join(row), flush=True)
    text = table(rows)
    print('\n' + text)
    if args.readme:
        write_readme(text)


if __name__ == '__main__':
    main()
