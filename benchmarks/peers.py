# Measures qgraft's kernels as ops of TensorFlow and of PyTorch beside their own, in one process on one thread.
#
# usage: python benchmarks/peers.py FOLDER [--readme]
#   FOLDER     has the two ops built: FOLDER/tensorflow_op and FOLDER/torch_op; benchmarks/peers.sh makes it
#   --readme   writes the table into README.md and the plot to benchmarks/peers.svg
#
# Both sides are ops of the same framework, called in the same way on the same tensors. PyTorch's are called one by one;
# TensorFlow's are in a graph, a chain in which each op is the only one to read what the one before has made, as most
# are. The cost of a call is measured on tensors of one element, and taken off. glibc is told to keep memory that is
# freed, and all of it in one place: else what is measured from 16 MiB on is the kernel of the operating system, which
# gives each result new pages (2 ns an element).
# SPDX-License-Identifier: Apache-2.0
import argparse
import functools
import importlib.util
import os
import pathlib
import sys
import time

KEEP_MEMORY = {'MALLOC_MMAP_MAX_': '0', 'MALLOC_TRIM_THRESHOLD_': str(2**40), 'MALLOC_TOP_PAD_': str(2**28),
               'MALLOC_ARENA_MAX': '1', 'GLIBC_TUNABLES': 'glibc.malloc.hugetlb=1'}
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
RELU = 'TensorFlow, Relu'
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


def chain(op, size, inputs):
    """A call of at_once() ops in a graph: the first of the inputs is what the op before has made."""
    graph = tf.Graph()
    config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    # Nothing is computed when the graph is made.
    config.graph_options.optimizer_options.opt_level = -1
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    with graph.as_default():
        fed = {name: tf.compat.v1.placeholder(tf.float32, value.shape) for name, value in inputs.items()}
        held = {name: tf.Variable(one, dtype=tf.float32, shape=one.shape) for name, one in fed.items()}
        read = {name: one.read_value() for name, one in held.items()}
        through = next(iter(inputs))
        for _ in range(at_once(size)):
            made = op(**read)
            read[through] = made[0] if isinstance(made, (list, tuple)) else made
        end = tf.reshape(read[through], [-1])[:1]
    session = tf.compat.v1.Session(graph=graph, config=config)
    session.run([one.initializer for one in held.values()], {fed[name]: value for name, value in inputs.items()})
    return session.make_callable(end)


def tensorflow_pairs(folder, rows, channels):
    """Names, and chains of TensorFlow's op and of ours, on a tensor [rows, channels]."""
    ours, theirs = load(folder, 'tensorflow')._ops, tf.raw_ops
    x, grad = tensors(rows, channels)
    one = dict(inputs=x, min=np.float32(-6), max=np.float32(6))
    many = dict(inputs=x, min=np.full(channels, -6, np.float32), max=np.full(channels, 6, np.float32))
    back_one, back_many = (dict(gradients=grad, **arguments) for arguments in (one, many))
    name = 'qgraft_fake_quant_with_min_max_vars'
    for what, own, suffix, arguments in (
            ('forward', theirs.FakeQuantWithMinMaxVars, '', one),
            ('gradient', theirs.FakeQuantWithMinMaxVarsGradient, '_gradient', back_one),
            ('forward, 64 channels', theirs.FakeQuantWithMinMaxVarsPerChannel, '_per_channel', many),
            ('gradient, 64 channels', theirs.FakeQuantWithMinMaxVarsPerChannelGradient, '_per_channel_gradient',
             back_many)):
        mine = getattr(ours, name + suffix)
        yield f'TensorFlow, {what}', [chain(op, rows * channels, arguments) for op in (own, mine)]


def torch_pairs(folder, rows, channels):
    """The same of PyTorch, called one by one."""
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
    pairs = {
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
    for name, pair in pairs.items():
        yield name, [repeated(call, rows * channels) for call in pair]


def is_great(size):
    """Whether tensors of so many elements take long, and much memory."""
    return size >= 2**20


def at_once(size):
    """How many ops of so many elements are timed together."""
    return 4 if is_great(size) else 64


def repeated(call, size):
    """As many calls, one after the other."""
    def calls():
        for _ in range(at_once(size)):
            call()
    return calls


def timed(calls):
    """The nanoseconds of some calls."""
    start = time.perf_counter_ns()
    calls()
    return time.perf_counter_ns() - start


def least(pairs, size):
    """By name: what an op on so many elements takes, of each of some calls; the least of rounds that go through all."""
    found = {name: [] for name in pairs}
    for _ in range(10 if is_great(size) else 200):
        for name, pair in pairs.items():
            found[name].append([timed(calls) / at_once(size) for calls in pair])
    return {name: [min(column) for column in zip(*rounds)] for name, rounds in found.items()}


def took(pairs, size):
    """The same of what `pairs` yields, great tensors one after the other."""
    if is_great(size):
        return {name: least({name: pair}, size)[name] for name, pair in pairs}
    return least(dict(pairs), size)


def figures(folder):
    """By name, for each size: the nanoseconds an element of theirs and of ours, without the cost of a call."""
    found = {}
    for pairs in (tensorflow_pairs, torch_pairs, relu_pairs):
        of_a_call = took(pairs(folder, 1, 1), 1)
        for size in SIZES:
            for name, pair in took(pairs(folder, size // CHANNELS, CHANNELS), size).items():
                found.setdefault(name, []).append([(t - c) / size for t, c in zip(pair, of_a_call[name])])
    return found


def relu_pairs(_, rows, channels):
    """What TensorFlow's Relu takes, which computes next to nothing."""
    yield RELU, [chain(tf.raw_ops.Relu, rows * channels, {'features': tensors(rows, channels)[0]})]


def times(pair):
    """How many times faster the second is, in words."""
    ratio = pair[0] / pair[1]
    return f'{ratio:.1f} times' if ratio >= 10 else f'{ratio:.2f} times'


def table(found, relu):
    """Markdown, with a last line that names what falls short, and how far an op could get."""
    lines = [f'One thread of: {measure.processor()}; TensorFlow {tf.__version__}, PyTorch {torch.__version__}; ns an '
             'element, theirs and qgraft\'s, the least of many rounds, without what a call costs. TensorFlow\'s ops are '
             'in a graph, each the only one to read its tensor; PyTorch\'s are called one by one. In brackets: how many '
             'times faster it should be.\n',
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
    most = ' and '.join(f'{at[0] / least_of_all:.2f}' for at, (least_of_all,) in zip(forward, relu))
    text += (f' TensorFlow\'s Relu, which computes next to nothing, takes {relu[0][0]:.3f} and {relu[1][0]:.3f}: at '
             f'its speed forward would be {most} times faster.')
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
    text = table(found, found.pop(RELU))
    print(text)
    if args.readme:
        measure.write_readme(MARKS, text)
        draw(found, ROOT / 'benchmarks/peers.svg')


if __name__ == '__main__':
    main()
