# Records what PyTorch computes for fake quantization.
# SPDX-License-Identifier: Apache-2.0
"""Records what PyTorch computes for fake quantization, gradients, scales and zero points, observers and storage.

Usage: python record_torch.py [FOLDER]     (a Python that has PyTorch 2.15; FOLDER is this script's own by default)

Writes torch_fake_quant.txt and torch_observers.txt, as tables.py says, but of the lines `zero` and `q` each word is a
decimal integer. These count as qgraft's do, from 0: PyTorch's zero point less its quant_min, and 1 more with a narrow range.

  case tensor BITS NARROW      scale, zero: the arguments; x: values; y: quantized; dx: gradient of x, by autograd
  case channels BITS NARROW    the same with a scale and a zero a channel; x is [rows, channels]
  case choice BITS NARROW SYMMETRIC SIGNED    range: what MinMaxObserver has seen; scale, zero: what it chooses
  case fused BITS NARROW SYMMETRIC            the same of FusedMovingAvgObsFakeQuantize
  case storage SIGNED          scale, zero: of quantize_per_tensor to quint8 or qint8; x; q: its integers, 128 more for
                               qint8; y: dequantized
  case observer KIND BITS NARROW SYMMETRIC CHANNELS CONSTANT
      then for each batch: x: its values, [rows, channels]; state: min max of each channel in turn; scale; zero; y: the
      batch quantized with the range just updated. KIND: min_max, moving_average, fused
"""
import os
import sys
import warnings

import numpy as np
import torch
from torch.ao import quantization as ao

from tables import ALL_BITS, BROKEN, CORNERS, F, INF, NAN, REGULAR, TINY, gradients, inputs_for, integers, line


class Integers:
    """PyTorch's description of integers, and the way from its zero points to those of the tables."""

    def __init__(self, bits, narrow, signed):
        self.low = (-2**(bits - 1) if signed else 0) + narrow
        self.high = (2**(bits - 1) if signed else 2**bits) - 1
        self.qmin = narrow
        if bits <= 8:
            self.dtype = torch.qint8 if signed else torch.quint8
        else:
            self.dtype = torch.int16 if signed else torch.uint16
        standard = bits in (8, 16) and not narrow
        self.options = dict(dtype=self.dtype) if standard else dict(
            dtype=self.dtype, quant_min=self.low, quant_max=self.high)

    def zero(self, zero_point):
        return np.asarray(zero_point, np.int64) - self.low + self.qmin


def scheme(symmetric, channels=0):
    kind = 'channel' if channels else 'tensor'
    return getattr(torch, 'per_%s_%s' % (kind, 'symmetric' if symmetric else 'affine'))


def fake_quantize(x, grad, scale, zero, low, high, axis=None):
    x = torch.tensor(x, requires_grad=True)
    scale, zero = torch.tensor(scale), torch.tensor(zero, dtype=torch.int32)
    if axis is None:
        y = torch.fake_quantize_per_tensor_affine(x, scale, zero, low, high)
    else:
        y = torch.fake_quantize_per_channel_affine(x, scale, zero, axis, low, high)
    y.backward(torch.tensor(grad))
    return y.detach().numpy(), x.grad.numpy()


def record_tensor(out, rng, bits, narrow, scale, zero, count, grad):
    """zero counts from 0, and PyTorch's integers do here as well."""
    low, high = F(narrow - zero) * F(scale), F(2**bits - 1 - zero) * F(scale)
    x = inputs_for(rng, bits, narrow, low, high, count)
    y, dx = fake_quantize(x, grad[:x.size], F(scale), zero, narrow, 2**bits - 1)
    out.write('case tensor %d %d\n' % (bits, narrow))
    line(out, 'scale', scale)
    integers(out, 'zero', zero)
    for key, values in (('x', x), ('y', y), ('dx', dx)):
        line(out, key, values)


def record_channels(out, rng, bits, narrow):
    scales = np.array([0.01, 1.0, 0.37, 1e-40, 3e38, INF, NAN, 0.0, 1.1920929e-07], F)
    zeros = np.array([rng.randint(narrow, 2**bits) for _ in scales], np.int32)
    zeros[0], zeros[1] = narrow, 2**bits - 1
    columns = []
    with np.errstate(all='ignore'):
        for scale, zero in zip(scales, zeros):
            column = inputs_for(rng, bits, narrow, F(narrow - zero) * scale, F(2**bits - 1 - zero) * scale, 10)
            columns.append(np.concatenate([column, np.array([9.2e18, 9.3e18, -9.3e18], F) * scale]))
    x = np.stack(columns, axis=-1)
    grad = rng.randn(*x.shape).astype(F)
    y, dx = fake_quantize(x, grad, scales, zeros, narrow, 2**bits - 1, axis=1)
    line(out, 'g', grad)
    out.write('case channels %d %d\n' % (bits, narrow))
    line(out, 'scale', scales)
    integers(out, 'zero', zeros)
    for key, values in (('x', x), ('y', y), ('dx', dx)):
        line(out, key, values)


def ranges_for(rng):
    ordered = [r for r in CORNERS if r[0] <= r[1]]
    wide = [(-1e-3, 1e-3), (-1e-6, 3e-6), (-3e-5, 0.0), (-3.0, 1e6), (-1e20, 1e30), (-3e38, 1.0)]
    drawn = [tuple(np.sort(rng.randn(2) * 10.0**rng.uniform(-3, 3)).astype(F)) for _ in range(12)]
    return REGULAR + ordered + TINY + wide + drawn


def record_choices(out, rng):
    broken = [r for r in BROKEN if not r[0] > r[1]]
    for bits in ALL_BITS:
        for narrow in (0, 1):
            for symmetric in (0, 1):
                for signed in (0, 1):
                    if narrow and not signed:
                        continue  # PyTorch's integers have to include 0
                    if symmetric and not signed and bits not in (8, 16):
                        continue  # its zero point, (quant_min + quant_max) // 2, is not what signed integers have
                    described = Integers(bits, narrow, signed)
                    every = ranges_for(rng) + broken if bits in (2, 8) else ranges_for(rng)[::5]
                    for low, high in every:
                        observer = ao.MinMaxObserver(qscheme=scheme(symmetric), **described.options)
                        observer.min_val, observer.max_val = torch.tensor(F(low)), torch.tensor(F(high))
                        scale, zero = observer.calculate_qparams()
                        out.write('case choice %d %d %d %d\n' % (bits, narrow, symmetric, signed))
                        line(out, 'range', [low, high])
                        line(out, 'scale', scale)
                        integers(out, 'zero', described.zero(zero))


def fused(described, symmetric, channels, constant):
    observer = ao.MovingAveragePerChannelMinMaxObserver if channels else ao.MovingAverageMinMaxObserver
    options = dict(ch_axis=0) if channels else {}  # no other axis is supported
    return ao.FusedMovingAvgObsFakeQuantize(
        observer=observer, quant_min=described.low, quant_max=described.high, dtype=described.dtype,
        qscheme=scheme(symmetric, channels), averaging_constant=constant, **options)


def record_fused(out, rng):
    for bits, narrow in ((8, 0), (8, 1), (4, 0), (2, 0)):
        for symmetric in (0, 1):
            described = Integers(bits, narrow, symmetric or narrow)
            for low, high in ranges_for(rng):
                module = fused(described, symmetric, 0, 0.01)
                module(torch.tensor([F(low), F(high)]))
                out.write('case fused %d %d %d\n' % (bits, narrow, symmetric))
                line(out, 'range', [low, high])
                line(out, 'scale', module.scale)
                integers(out, 'zero', described.zero(module.zero_point))


def record_storage(out, rng):
    for signed in (0, 1):
        for scale, zero in ((0.01, 0), (0.37, 255), (1.0, 128), (0.02, 77)):
            low, high = F(0 - zero) * F(scale), F(255 - zero) * F(scale)
            x = inputs_for(rng, 8, 0, low, high, 40)
            stored = torch.quantize_per_tensor(
                torch.tensor(x), scale, zero - 128 * signed, torch.qint8 if signed else torch.quint8)
            out.write('case storage %d\n' % signed)
            line(out, 'scale', scale)
            integers(out, 'zero', zero)
            line(out, 'x', x)
            integers(out, 'q', stored.int_repr().numpy().astype(np.int64) + 128 * signed)
            line(out, 'y', stored.dequantize())


def batches_for(rng, channels):
    rows = [rng.randn(rng.randint(1, 5), channels) * 10.0**rng.uniform(-2, 2) for _ in range(5)]
    rows.append(np.abs(rows[1]) + 1)
    rows.append(-np.abs(rows[2]) - 1)
    rows.append(np.full((2, channels), 1e-40))
    rows.append(np.array([[-2.0] * channels, [INF] * channels]))
    rows.append(np.array([[-2.0] * channels, [NAN] * channels, [1.5] * channels]))
    rows.append(rng.randn(3, channels))
    return [r.astype(F) for r in rows]


def new_observer(kind, described, symmetric, channels, constant):
    if kind == 'fused':
        return fused(described, symmetric, channels, constant)
    name = {'min_max': 'MinMaxObserver', 'moving_average': 'MovingAverageMinMaxObserver'}[kind]
    if channels:
        name = name.replace('MinMax', 'PerChannelMinMax')
    options = dict(ch_axis=1) if channels else {}
    if kind == 'moving_average':
        options['averaging_constant'] = constant
    return ao.FakeQuantize(
        observer=getattr(ao, name), quant_min=described.low, quant_max=described.high, dtype=described.dtype,
        qscheme=scheme(symmetric, channels), **options)


def record_observer(out, rng, kind, bits, narrow, symmetric, channels, constant):
    described = Integers(bits, narrow, symmetric)
    module = new_observer(kind, described, symmetric, channels, constant)
    out.write('case observer %s %d %d %d %d %r\n' % (kind, bits, narrow, symmetric, channels, constant))
    for batch in batches_for(rng, max(channels, 1)):
        if kind == 'fused' and not np.isfinite(batch).all():
            continue  # PyTorch refuses the zero point that it has chosen itself
        if kind == 'fused' and channels:
            y = module(torch.tensor(batch.T.copy())).T
        else:
            y = module(torch.tensor(batch))
        seen = module.activation_post_process
        line(out, 'x', batch)
        line(out, 'state', np.stack([np.atleast_1d(seen.min_val), np.atleast_1d(seen.max_val)], axis=-1))
        line(out, 'scale', module.scale)
        integers(out, 'zero', described.zero(module.zero_point))
        line(out, 'y', y.detach())


def record(out, rng):
    grad = gradients(rng)
    line(out, 'g', grad)
    for bits in ALL_BITS:
        for narrow in (0, 1):
            levels = 2**bits - 1 - narrow
            scale = F(rng.uniform(0.5, 9.0)) / F(levels)
            record_tensor(out, rng, bits, narrow, scale, rng.randint(narrow, 2**bits), 20, grad)
    for scale in [F(s) for s in (1.0, 0.25, 1e-40, 1.1754944e-38, 1.1920929e-07, 3e38, 0.0, INF, NAN)]:
        with np.errstate(all='ignore'):
            for zero in (0, 3, 255):
                record_tensor(out, rng, 8, 0, scale, zero, 5, grad)
    for special in (INF, -INF, NAN):
        grad[[2, 5]] = special
        line(out, 'g', grad)
        record_tensor(out, rng, 8, 0, 0.013, 100, 10, grad)
    for bits, narrow in ((2, 0), (4, 1), (8, 0), (16, 0)):
        record_channels(out, rng, bits, narrow)
    record_choices(out, rng)
    record_fused(out, rng)
    record_storage(out, rng)


def record_observers(out, rng):
    for kind in ('min_max', 'moving_average', 'fused'):
        for bits, narrow, symmetric in ((8, 0, 0), (8, 0, 1), (8, 1, 1), (4, 0, 0)):
            record_observer(out, rng, kind, bits, narrow, symmetric, 0, 0.01)
        for symmetric in (0, 1):
            record_observer(out, rng, kind, 8, 0, symmetric, 3, 0.01)
    record_observer(out, rng, 'moving_average', 8, 0, 0, 0, 0.1)
    record_observer(out, rng, 'moving_average', 8, 0, 0, 0, 1.0)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    assert torch.__version__.startswith('2.15'), torch.__version__
    torch.set_num_threads(1)
    warnings.simplefilter('ignore')
    head = '# PyTorch %s; written by record_torch.py, which says how to read it\n' % torch.__version__.split('+')[0]
    for name, write, seed in (('torch_fake_quant.txt', record, 215), ('torch_observers.txt', record_observers, 216)):
        with open(os.path.join(folder, name), 'w', encoding='ascii') as out:
            out.write(head)
            write(out, np.random.RandomState(seed))


if __name__ == '__main__':
    main()
