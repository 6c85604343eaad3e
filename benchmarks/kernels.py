# Measures the kernels beside the limit of the machine, and writes the table and the plot in the README. The README has
# them for processors with AVX-512 and for those with AVX2.
#
# usage: python3 benchmarks/kernels.py BUILD [--readme]
#   BUILD      a build folder with the program bench_kernels (a Release build)
#   --readme   writes the table of this level into README.md and the plot to benchmarks/kernels_LEVEL.svg
# SPDX-License-Identifier: Apache-2.0
import argparse
import json
import os
import pathlib
import subprocess

import measure

ROOT = pathlib.Path(__file__).resolve().parents[1]
NAMES = {'avx512': 'AVX-512', 'avx2': 'AVX2', 'sse41': 'SSE4.1', 'neon': 'NEON', 'baseline': 'the definition'}
BELOW = {'avx512': 'avx2', 'avx2': 'sse41'}  # which level is compared with this one
SIZES = (4096, 65536, 1048576, 16777216)
PROCESSES = 9
WANTED = 'limit|forward/tensor|gradient/tensor|forward/channel/|gradient/channel/|observe|call'
ROWS = [('copy, the limit', ('limit/copy', 'limit/copy_streaming')),
        ('two read, one written, the limit', ('limit/read2_write1',)),
        *((f'{what}, {n}', (f'{name}/{n}',)) for what, name in (
            ('forward', 'forward/tensor'), ('gradient', 'gradient/tensor'), ('gradient in place', 'gradient/tensor_in_place'),
            ('forward, 64 channels', 'forward/channel'), ('gradient, 64 channels', 'gradient/channel'),
            ('observe and forward', 'observe_forward'))
          for n in ('tf115', 'tf2', 'torch')), ('observe', ('observe',))]


# What each is to reach of its limit in the same run, at 65,536 and at 16,777,216 elements, where there is AVX-512.
COPY, TWO = ROWS[0][0], ROWS[1][0]
FLOORS = {'forward, torch': (COPY, 0.85, 0.95), 'forward, 64 channels, tf2': (COPY, 0.85, 0.95),
          'forward, tf115': (COPY, 0.65, 0.95), 'forward, tf2': (COPY, 0.65, 0.95),
          **{f'gradient, {n}': (TWO, 0.9, 0.9) for n in ('tf115', 'tf2', 'torch')}}


# How many times what these take together each may take, at the same sizes.
MOST = {**{f'{what}, 64 channels, {n}': ((f'{what}, {n}',), 1.15)
           for what in ('forward', 'gradient') for n in ('tf115', 'tf2', 'torch')},
        **{f'observe and forward, {n}': (('observe', f'forward, {n}'), 1.05) for n in ('tf115', 'tf2', 'torch')}}
MOST_OF_A_CALL = 10  # ns, of 16 elements
MOST_BELOW = 1.5  # times what AVX-512 takes, with AVX2, in cache


def short(found):
    """A sentence of what falls short of its floor."""
    by_name = dict(rows(found))
    missed = []
    for what, (limit, *floors) in FLOORS.items():
        for at, floor in zip((1, 3), floors):
            reached = by_name[limit][at] / by_name[what][at]
            if reached < floor:
                missed.append(f'{what}, at {SIZES[at]:,}: {reached:.2f} of the limit, not {floor}')
    for what, (parts, most) in MOST.items():
        for at in (1, 3):
            times = by_name[what][at] / sum(by_name[part][at] for part in parts)
            if times > most:
                missed.append(f'{what}, at {SIZES[at]:,}: {times:.2f} times {" and ".join(parts)}, not {most}')
    missed += [f'a {name}: {ns:.1f} ns, not {MOST_OF_A_CALL}' for name, ns in calls(found) if ns > MOST_OF_A_CALL]
    return 'What falls short: ' + ('; '.join(missed) or 'nothing') + '.'


def calls(found):
    """Pairs of a name and the ns of a call of 16 elements."""
    return [(f'call of {what}, {n}', found[f'call/{what}/{n}'])
            for what in ('forward', 'gradient') for n in ('tf115', 'tf2', 'torch')]


def figures(build, wanted=WANTED, level=None):
    """The level, and the least ns of a call, by the benchmark's name. Runs of different ones take turns, so that what else
    the machine does meanwhile is not all in the figures of one; the program runs anew, since it times anew how often to
    call. The level is the best of this processor unless one is asked for."""
    environment = {**os.environ, **({'QGRAFT_SIMD_LEVEL': level} if level else {})}
    command = [build / 'bin/bench_kernels', f'--benchmark_filter={wanted}', '--benchmark_min_time=0.02',
               '--benchmark_repetitions=3', '--benchmark_enable_random_interleaving=true', '--benchmark_format=json']
    found = {}
    for _ in range(PROCESSES):
        text = subprocess.run(command, stdout=subprocess.PIPE, check=True, encoding='utf-8', env=environment).stdout
        result = json.loads(text)
        for b in result['benchmarks']:
            if b['run_type'] == 'iteration':
                found[b['run_name']] = min(b['real_time'], found.get(b['run_name'], float('inf')))
    return result['context']['simd_level'], found


def compared(build, level, found):
    """A sentence on how much longer the level below takes, in cache."""
    if level not in BELOW:
        return ''
    wanted = '^(forward|gradient)/(tensor|channel)/[^/]*/(4096|65536)$'
    _, below = figures(build, wanted, BELOW[level])
    times = {name: ns / found[name] for name, ns in below.items()}
    most = max(times, key=times.get)
    missed = f', not {MOST_BELOW}' if level == 'avx512' and times[most] > MOST_BELOW else ''
    return (f' In cache, at 4,096 and 65,536 elements, {NAMES[BELOW[level]]} on the same processor takes '
            f'{min(times.values()):.2f} to {times[most]:.2f} times as long (the most: {most}{missed}).')


def rows(found):
    """Pairs of a name and its ns an element at each size."""
    for what, names in ROWS:
        yield what, [min(found[f'{name}/{n}'] for name in names) / n for n in SIZES]


def table(level, found, comparison):
    lines = [f'With {NAMES[level]}, one thread of: {measure.processor()}; ns an element, the least of {3 * PROCESSES} runs.\n',
             '| elements | ' + ' | '.join(f'{n:,}' for n in SIZES) + ' |', '| --- ' * 5 + '|']
    lines += [f'| {what} | ' + ' | '.join(f'{v:.3f}' for v in values) + ' |' for what, values in rows(found)]
    of_a_call = ', '.join(f'{ns:.1f}' for _, ns in calls(found))
    text = f'A call of 16 elements takes {of_a_call} ns: forward, then gradient, for tf115, tf2 and torch.'
    floors = short(found) if level == 'avx512' else 'What is to be reached is told for AVX-512 only.'
    return '\n'.join([*lines, '', f'{text} {floors}{comparison}', '',
                      f'![ns an element by size](benchmarks/kernels_{level}.svg)']) + '\n'


def plot(found):
    """An SVG: ns an element at each size, one line for each of a few rows."""
    drawn = ('forward, tf115', 'forward, torch', 'gradient, tf115')
    shown = [r for r in rows(found) if 'limit' in r[0] or r[0] in drawn]
    top = max(max(values) for _, values in shown) * 1.1
    colours = ('#888888', '#444444', '#1f77b4', '#2ca02c', '#d62728')
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 320" font-family="sans-serif" font-size="12">',
           '<rect width="720" height="320" fill="white"/>']
    x = [60 + 120 * i for i in range(4)]
    def y(v):
        return 280 - 250 * v / top

    for i, n in enumerate(SIZES):
        out.append(f'<text x="{x[i]}" y="300" text-anchor="middle">{n:,}</text>')
    for k in range(5):
        v = top * k / 4
        out.append(f'<path d="M60 {y(v):.1f}H420" stroke="#dddddd"/>'
                   f'<text x="52" y="{y(v) + 4:.1f}" text-anchor="end">{v:.2f}</text>')
    for k, (what, values) in enumerate(shown):
        points = ' '.join(f'{x[i]},{y(v):.1f}' for i, v in enumerate(values))
        out.append(f'<polyline points="{points}" fill="none" stroke="{colours[k]}" stroke-width="2"/>')
        out.append(f'<text x="450" y="{40 + 20 * k}" fill="{colours[k]}">{what}</text>')
    out.append('<text x="60" y="18">ns an element, by elements</text></svg>')
    return '\n'.join(out) + '\n'


def main():
    parser = argparse.ArgumentParser(description='measures the kernels beside the limit of the machine')
    parser.add_argument('build', type=pathlib.Path)
    parser.add_argument('--readme', action='store_true')
    args = parser.parse_args()
    level, found = figures(args.build)
    text = table(level, found, compared(args.build, level, found))
    print(text)
    if args.readme:
        marks = f'<!-- Made by benchmarks/kernels.py with {level}. -->\n', f'<!-- Up to here: kernels with {level}. -->\n'
        measure.write_readme(marks, text)
        (ROOT / f'benchmarks/kernels_{level}.svg').write_text(plot(found))


if __name__ == '__main__':
    main()
