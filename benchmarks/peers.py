# Measures qgraft's kernels as ops of TensorFlow and of PyTorch beside their own, in one process on one thread.
#
# usage: python benchmarks/peers.py FOLDER [--readme]
#   FOLDER     has the two ops built: FOLDER/tensorflow_op and FOLDER/torch_op; benchmarks/peers.sh makes it
#   --readme   writes the table into README.md and the plot to benchmarks/peers.svg
#
# Both sides are ops of the same framework, called in the same way on the same tensors. The cost of a call is measured
# on a tensor of one element, and taken off. glibc is told to keep memory that is freed: else what is measured from
# 16 MiB on is the kernel of the operating system, which gives each result new pages (2 ns an element).
# SPDX-License-Identifier: Apache-2.0
import argparse
import functools
import importlib.util
import os
import pathlib
import sys
import time

KEEP_MEMORY = {'MALLOC_MMAP_MAX_': '0', 'MALLOC_TRIM_THRESHOLD_': str(2**40), 'MALLOC_TOP_PAD_': str(2**28),
               'GLIBC_TUNABLES': 'glibc.malloc.hugetlb=1'}
QUIET = {'TF_CPP_MIN_LOG_LEVEL': '3', 'TF_ENABLE_ONEDNN_OPTS': '0', 'CUDA_VISIBLE_DEVICES': ''}
if not KEEP_MEMORY.items() <= os.environ.items():
    os.environ.update(KEEP_MEMORY | QUIET)
    os.execv(sys.executable, [sys.executable, '-B', *sys.argv])

import matplotlib  # noqa: E402
import measure  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import torch  # noqa: E402

matplotlib.use('svg')
from matplotlib import pyplot  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
MARKS = ('<!-- Made by benchmarks/peers.py. -->\n', '<!-- Up to here: peers. -->\n')
SIZES = (65536, 16777216)
CHANNELS = 64
# How many times faster than theirs ours should be, at each size.
FLOORS = {'TensorFlow, forward': (1.4, 1.4), 'TensorFlow, gradient': (2.2, 2.5),
          'TensorFlow, forward, 64 channels': (15, 40), 'TensorFlow, gradient, 64 channels': (25, None),
          'PyTorch, forward': (30, None), 'PyTorch, fused observer': (20, None)}


@functools.cache
def load(folder, framework):
    """The module of the op, which has the same name for both frameworks."""
    path = folder / f'{framework}_op/qgraft_fake_quant.py'
    spec = importlib.util.spec_from_file_location(f'qgraft_{framework}', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tensors(rows, channels):
    random = np.random.default_rng(0)
    return [random.normal(0, 3, (rows, channels)).astype(np.float32) for _ in range(2)]


def tensorflow_calls(folder, rows, channels):
    """By name: TensorFlow's op and ours, ready to be called on a tensor [rows, channels]."""
    ours, theirs = load(folder, 'tensorflow')._ops, tf.raw_ops
    x, grad = map(tf.constant, tensors(rows, channels))
    one = dict(inputs=x, min=tf.constant(-6.0), max=tf.constant(6.0))
    many = dict(inputs=x, min=tf.fill([channels], -6.0), max=tf.fill([channels], 6.0))
    back_one, back_many = (dict(gradients=grad, **arguments) for arguments in (one, many))
    name = 'qgraft_fake_quant_with_min_max_vars'
    found = {}
    for what, own, suffix, arguments in (
            ('forward', theirs.FakeQuantWithMinMaxVars, '', one),
            ('gradient', theirs.FakeQuantWithMinMaxVarsGradient, '_gradient', back_one),
            ('forward, 64 channels', theirs.FakeQuantWithMinMaxVarsPerChannel, '_per_channel', many),
            ('gradient, 64 channels', theirs.FakeQuantWithMinMaxVarsPerChannelGradient, '_per_channel_gradient',
             back_many)):
        mine = getattr(ours, name + suffix)
        found[f'TensorFlow, {what}'] = [lambda f=f, a=arguments: f(**a) for f in (own, mine)]
    return found


def torch_calls(folder, rows, channels):
    """The same of PyTorch."""
    ours = load(folder, 'torch')
    x, grad = map(torch.from_numpy, tensors(rows, channels))
    one = x, 0.05, 128, 0, 255
    many = x, torch.full((channels,), 0.05), torch.full((channels,), 128, dtype=torch.int32), 1, 0, 255
    state = [torch.tensor([-6.0]), torch.tensor([6.0]), torch.tensor([0.05]), torch.tensor([128], dtype=torch.int32)]
    on = torch.tensor([1])
    # What autograd calls, without it.
    mask, channel_mask = (f(*a)[1] for f, a in ((torch.ops.aten.fake_quantize_per_tensor_affine_cachemask, one),
                                                (torch.ops.aten.fake_quantize_per_channel_affine_cachemask, many)))
    back = torch.ops.aten.fake_quantize_per_tensor_affine_cachemask_backward
    channel_back = torch.ops.aten.fake_quantize_per_channel_affine_cachemask_backward
    ops = torch.ops.qgraft
    return {
        'PyTorch, forward': [lambda: torch.fake_quantize_per_tensor_affine(*one),
                             lambda: ours.fake_quantize_per_tensor_affine(*one)],
        'PyTorch, gradient': [lambda: back(grad, mask),
                              lambda: ops.fake_quantize_per_tensor_affine_backward(grad, *one)],
        'PyTorch, forward, 64 channels': [lambda: torch.fake_quantize_per_channel_affine(*many),
                                          lambda: ours.fake_quantize_per_channel_affine(*many)],
        'PyTorch, gradient, 64 channels': [lambda: channel_back(grad, channel_mask),
                                           lambda: ops.fake_quantize_per_channel_affine_backward(grad, *many)],
        'PyTorch, fused observer': [
            lambda: torch.fused_moving_avg_obs_fake_quant(x, on, on, *state, 0.01, 0, 255, 0),
            lambda: ours.fused_moving_avg_obs_fake_quant(x, *state, 0.01, 0, 255)]}


def timed(call, count):
    """The nanoseconds of one call, of so many."""
    start = time.perf_counter_ns()
    for _ in range(count):
        call()
    return (time.perf_counter_ns() - start) / count


def least(calls, count, rounds):
    """The least of several rounds of each of some calls, which take turns."""
    found = [[timed(call, count) for call in calls] for _ in range(rounds)]
    return [min(column) for column in zip(*found)]


def least_at(calls, size):
    """The same of calls on so many elements."""
    return least(calls, *((100, 20) if size == 1 else (10, 30) if size < 2**20 else (1, 20)))


def figures(folder):
    """By name, for each size: the nanoseconds an element of theirs and of ours, without the cost of a call."""
    found = {}
    for calls in (tensorflow_calls, torch_calls):
        of_a_call = {name: least_at(pair, 1) for name, pair in calls(folder, 1, 1).items()}
        for size in SIZES:
            for name, pair in calls(folder, size // CHANNELS, CHANNELS).items():
                took = least_at(pair, size)
                found.setdefault(name, []).append([(t - c) / size for t, c in zip(took, of_a_call[name])])
    return found


def of_memory():
    """For each size: what TensorFlow's Relu takes, which computes next to nothing, as figures() has it."""
    calls = {size: [lambda x=tf.constant(tensors(size, 1)[0]): tf.raw_ops.Relu(features=x)] for size in (1, *SIZES)}
    (of_a_call,) = least_at(calls[1], 1)
    return [(least_at(calls[size], size)[0] - of_a_call) / size for size in SIZES]


def times(pair):
    """How many times faster the second is, in words."""
    ratio = pair[0] / pair[1]
    return f'{ratio:.1f} times' if ratio >= 10 else f'{ratio:.2f} times'


def table(found, memory):
    """Markdown, with a last line that names what falls short, and how far an op could get."""
    lines = [f'One thread of: {measure.processor()}; TensorFlow {tf.__version__}, PyTorch {torch.__version__}; ns an '
             'element, theirs and qgraft\'s, the least of several runs. In brackets: how many times faster it should '
             'be.\n',
             '| elements | ' + ' | | '.join(f'{n:,}' for n in SIZES) + ' | |', '| --- ' * 5 + '|']
    short = []
    for name, at_sizes in found.items():
        cells = []
        for size, pair, floor in zip(SIZES, at_sizes, FLOORS.get(name, (None, None))):
            cells += [f'{pair[0]:.3f}, {pair[1]:.3f}', times(pair) + (f' ({floor:g})' if floor else '')]
            if floor and pair[0] / pair[1] < floor:
                short.append(f'{name}, {size:,} elements: {times(pair)}, not {floor:g}')
        lines.append(f'| {name} | ' + ' | '.join(cells) + ' |')
    text = 'What falls short: ' + '; '.join(short) + '.' if short else 'None falls short.'
    forward = found['TensorFlow, forward']
    most = ' and '.join(f'{at[0] / of_relu:.2f}' for at, of_relu in zip(forward, memory))
    text += (f' TensorFlow\'s Relu, which computes next to nothing, takes {memory[0]:.3f} and {memory[1]:.3f}: at its '
             f'speed forward would be {most} times faster.')
    return '\n'.join([*lines, '', text, '', '![how many times faster](benchmarks/peers.svg)']) + '\n'


def draw(found, path):
    """Bars: how many times faster, at each size, and a stroke where it should reach."""
    matplotlib.rcParams['svg.hashsalt'] = 'qgraft'
    figure, axes = pyplot.subplots(figsize=(7, 4))
    names = list(found)[::-1]
    for i, size in enumerate(SIZES):
        places = [k + 0.2 - 0.4 * i for k in range(len(names))]
        ratios = [found[name][i][0] / found[name][i][1] for name in names]
        axes.barh(places, ratios, height=0.38, label=f'{size:,} elements')
        floors = [(p, FLOORS[n][i]) for p, n in zip(places, names) if FLOORS.get(n, (None, None))[i]]
        axes.plot([f for _, f in floors], [p for p, _ in floors], '|', color='black', markersize=11, markeredgewidth=2,
                  label='should reach' if i else None)
    axes.set(xscale='log', xlabel='times faster than the op of the framework', yticks=range(len(names)),
             yticklabels=names, xticks=(1, 2, 5, 10, 20, 50), xticklabels=(1, 2, 5, 10, 20, 50))
    axes.minorticks_off()
    axes.axvline(1, color='black', linewidth=0.5)
    axes.grid(axis='x', alpha=0.3)
    axes.legend()
    figure.savefig(path, bbox_inches='tight', metadata={'Date': None})


def main():
    parser = argparse.ArgumentParser(description='measures qgraft\'s kernels beside those of TensorFlow and PyTorch')
    parser.add_argument('folder', type=pathlib.Path)
    parser.add_argument('--readme', action='store_true')
    args = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    torch.set_num_threads(1)
    with torch.no_grad():
        found = figures(args.folder)
    text = table(found, of_memory())
    print(text)
    if args.readme:
        measure.write_readme(MARKS, text)
        draw(found, ROOT / 'benchmarks/peers.svg')


if __name__ == '__main__':
    main()
