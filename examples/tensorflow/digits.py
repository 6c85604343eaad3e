# A client: TensorFlow 2 trains a network that qgraft-rewrite has quantized, at several widths, and with several at once.
# SPDX-License-Identifier: Apache-2.0
"""usage: digits.py QGRAFT_REWRITE FOLDER

Prints a table of accuracies, and leaves it in FOLDER with a plot, the graphs and the checkpoints. Fails where 8 bits
lose more than a percentage point, or where a checkpoint does not fit.
"""
import json
import multiprocessing
import os
import pathlib
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor

import network
import numpy as np
import training
from rewriting import Rewriter

SEEDS = (1, 2, 3)
WIDTHS = (8, 4, 3, 2)
DELAY, FREEZE = 200, 400
FLOAT = 'float'
MIXED = '8 bits in the first and the last layer, {} by channel between'
MIXED_WIDTHS = (4, 2)
MIXED_FILE = pathlib.Path(__file__).with_name('mixed.json')


def mixed(bits, folder):
    """mixed.json with another width between the first and the last layer."""
    configuration = json.loads(MIXED_FILE.read_text())
    if configuration['weights']['bits'] == bits:
        return MIXED_FILE
    configuration['weights']['bits'] = configuration['activations']['bits'] = bits
    file = folder / f'mixed_{bits}.json'
    file.write_text(json.dumps(configuration))
    return file


def ways(folder):
    """The ways to quantize: a name for the table, one for files, and the program's options for training and evaluation."""
    for bits in WIDTHS:
        flags = ('--weight-bits', bits, '--activation-bits', bits)
        yield f'{bits} bits', str(bits), flags + ('--quant-delay', DELAY, '--freeze-bn-delay', FREEZE), flags
    for bits in MIXED_WIDTHS:
        flags = ('--config', mixed(bits, folder))
        yield MIXED.format(bits), f'mixed_{bits}', flags, flags


def require(holds, what):
    if not holds:
        raise SystemExit(f'digits.py: {what}')


def train_seed(rewrite, folder, seed):
    """The accuracies of one seed, of the network as it was and by the ways to quantize it."""
    train, (images, labels) = network.digits()
    graph, eval_graph = folder / f'train_{seed}.meta', folder / 'eval.meta'
    network.export(graph, is_training=True, seed=seed)
    checkpoint = training.train(graph, folder / f'float_{seed}', train, seed)
    accuracies = {FLOAT: training.accuracy(training.logits_with(eval_graph, checkpoint, images), labels)}
    for name, file, training_options, eval_options in ways(folder):
        quantized, _ = rewrite(graph, f'train_{seed}_{file}', *training_options)
        checkpoint = training.train(quantized, folder / f'quantized_{seed}_{file}', train, seed)
        quantized_eval, _ = rewrite(eval_graph, f'eval_{seed}_{file}', '--eval', *eval_options)
        accuracies[name] = training.accuracy(training.logits_with(quantized_eval, checkpoint, images), labels)
    print(f'seed {seed}: ' + ', '.join(f'{name} {a:.1f} %' for name, a in accuracies.items()), flush=True)
    return accuracies


def train_all(rewrite, folder):
    """The accuracies, a list with one for each seed; the seeds at once, a process each."""
    network.export(folder / 'eval.meta', is_training=False)
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context('spawn')) as pool:
        found = list(pool.map(train_seed, [rewrite] * len(SEEDS), [folder] * len(SEEDS), SEEDS))
    return {name: [f[name] for f in found] for name in found[0]}


def check_fine_tuning(rewrite, folder):
    """A checkpoint of the float network restores into the rewritten training graph, which begins where that ended."""
    train, (images, labels) = network.digits()
    start = str(folder / 'float_1')
    graph, new = rewrite(folder / 'train_1.meta', 'tuned', '--freeze-bn-delay', 0)
    checkpoint = training.train(graph, folder / 'tuned', train, 1, start, new, epochs=2)
    eval_graph, _ = rewrite(folder / 'eval.meta', 'tuned_eval', '--eval')
    before = training.logits_with(folder / 'eval.meta', start, images)
    after = training.logits_with(eval_graph, checkpoint, images)
    lost = training.accuracy(before, labels) - training.accuracy(after, labels)
    print(f'fine-tuned for two epochs from the float checkpoint: {training.accuracy(after, labels):.1f} %')
    require(lost <= 1.5, f'fine-tuning from a float checkpoint lost {lost:.1f} points')


def table(accuracies):
    lines = ['| weights and activations | accuracy, mean of 3 seeds | each |', '| --- | --- | --- |']
    for name, found in accuracies.items():
        each = ', '.join(f'{a:.1f}' for a in found)
        lines.append(f'| {name} | {statistics.mean(found):.1f} % | {each} |')
    return '\n'.join(lines) + '\n'


def plot(accuracies, path):
    """A plot with a line through the means and a dot for each seed; equal numbers give equal files."""
    import matplotlib
    matplotlib.use('svg')
    from matplotlib import pyplot
    matplotlib.rcParams['svg.hashsalt'] = 'qgraft'
    uniform = {name.removesuffix(' bits'): a for name, a in accuracies.items() if ' in ' not in name}
    figure, axes = pyplot.subplots(figsize=(5, 3))
    axes.plot(list(uniform), [statistics.mean(a) for a in uniform.values()], color='tab:blue')
    for name, found in uniform.items():
        axes.plot([name] * len(found), found, 'o', color='tab:blue', alpha=0.5)
    for bits in MIXED_WIDTHS:
        found = accuracies[MIXED.format(bits)]
        axes.plot([str(bits)] * len(found), found, 'D', color='tab:orange', alpha=0.5,
                  label='8 in the first and the last layer' if bits == MIXED_WIDTHS[0] else None)
    axes.legend(loc='lower left')
    axes.set(xlabel='bits of weights and activations', ylabel='accuracy on digits, %')
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, metadata={'Date': None})


def main():
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    rewrite = Rewriter(sys.argv[1], folder)
    accuracies = train_all(rewrite, folder)
    check_fine_tuning(rewrite, folder)
    (folder / 'accuracy.md').write_text(table(accuracies))
    plot(accuracies, folder / 'accuracy.svg')
    print('\n' + table(accuracies))
    lost = np.mean(accuracies[FLOAT]) - np.mean(accuracies['8 bits'])
    require(lost <= 1, f'8 bits lose {lost:.2f} points of accuracy')
    lost = np.mean(accuracies[FLOAT]) - np.mean(accuracies[MIXED.format(4)])
    require(lost <= 1, f'4 bits between layers of 8 lose {lost:.2f} points of accuracy')
    gained = np.mean(accuracies[MIXED.format(2)]) - np.mean(accuracies['2 bits'])
    require(gained > 0, f'2 bits between layers of 8 lose {-gained:.2f} points against 2 bits everywhere')


if __name__ == '__main__':
    main()
