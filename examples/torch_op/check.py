# Checks qgraft's op against PyTorch's own: values, gradients, errors, training; and prints the time of both.
# SPDX-License-Identifier: Apache-2.0
"""usage: check.py FOLDER

FOLDER is where the op was built, with the module qgraft_fake_quant.
"""
import itertools
import math
import sys
import time
import warnings

import numpy as np
import torch

import training

sys.path.insert(0, sys.argv[1])
import qgraft_fake_quant as ours

INTEGERS = [(0, 255), (-128, 127), (-127, 127), (0, 15), (-8, 7), (-7, 7), (0, 127), (0, 3), (0, 65535),
            (-32768, 32767)]
SCALES = [0.1, 1 / 16, 1e-3, 3.0, 1e-30, 1e30, 1e-40]


def require(holds, what):
    if not holds:
        sys.exit('check.py: ' + what)


def same_bits(a, b):
    """Equal to the last bit, signs of zeros too; any NaN equals any NaN."""
    a, b = a.detach().numpy(), b.detach().numpy()
    both_nan = np.isnan(a) & np.isnan(b)
    return a.shape == b.shape and bool(np.all(both_nan | (a.view(np.uint32) == b.view(np.uint32))))


def values_for(scale, zero, low, high, random):
    """Ties between values of the range, and what is a few ulp beside them; NaN, infinities, subnormals; random ones."""
    with np.errstate(all='ignore'):
        integers = np.arange(max(low, zero - 300) - 2, min(high, zero + 300) + 2)
        ties = ((integers - zero + 0.5) * scale).astype(np.float32)
        near = [ties]
        for direction in -np.inf, np.inf:
            beside = ties
            for _ in range(3):
                beside = np.nextafter(beside, np.float32(direction))
                near.append(beside)
        special = np.float32([0.0, -0.0, np.nan, np.inf, -np.inf, 1e-40, -1e-40, 3e38, -3e38])
        spread = random.normal(0, 1, 1000) * scale * (high - low)
        return torch.from_numpy(np.concatenate(near + [special, spread]).astype(np.float32))


def run(function, x, grad, *arguments):
    """The output of a function and what flows back to x."""
    x = x.detach().requires_grad_()
    y = function(x, *arguments)
    return y, torch.autograd.grad(y, x, grad)[0]


def compare(what, function, own, x, grad, *arguments):
    got, wanted = run(function, x, grad, *arguments), run(own, x, grad, *arguments)
    require(same_bits(got[0], wanted[0]), what + ': the values differ')
    require(same_bits(got[1], wanted[1]), what + ': dx differs')


def check_tensors():
    random = np.random.RandomState(0)
    functions = ours.fake_quantize_per_tensor_affine, torch.fake_quantize_per_tensor_affine
    for (low, high), scale in itertools.product(INTEGERS, SCALES):
        for zero in {low, high, (low + high) // 2, low + (high - low) // 3}:
            x = values_for(scale, zero, low, high, random)
            for grad in torch.randn_like(x), torch.full_like(x, math.inf), torch.full_like(x, math.nan):
                compare('scale %g, zero %d of %d to %d' % (scale, zero, low, high), *functions, x, grad,
                        scale, zero, low, high)
    large = torch.randn(1025, 1023)  # for several threads
    for x in large, large.t(), torch.zeros(0, 3), torch.tensor(0.7):
        compare('a tensor of %s' % list(x.shape), *functions, x, torch.randn_like(x), 0.02, 3, 0, 255)
    print('same values and gradients: %d pairs of integers, %d scales' % (len(INTEGERS), len(SCALES)))


def check_channels():
    def own(x, scale, zero, axis, low, high):  # which takes no axis counted from the end
        return torch.fake_quantize_per_channel_affine(x, scale, zero, axis % x.dim(), low, high)

    shapes = [((7,), 0), ((5, 7), -1), ((7, 67), 0), ((2, 7, 5, 6), 1), ((3, 7, 300), -2), ((60000, 7), 1),
              ((2, 7, 30000), 1), ((0, 7), 1)]
    scale = torch.tensor(SCALES)
    for (shape, axis), (low, high) in itertools.product(shapes, INTEGERS):
        zero = torch.randint(low, high + 1, (7,), dtype=torch.int32)
        x = 4 * torch.randn(shape)
        if x.numel() > 10:
            x.view(-1)[:5] = torch.tensor([math.inf, -math.inf, math.nan, -0.0, 1e30])
        compare('channels at %d of %s, %d to %d' % (axis, shape, low, high), ours.fake_quantize_per_channel_affine, own,
                x, torch.randn(shape), scale, zero, axis, low, high)
    print('same values and gradients a channel: %d shapes' % len(shapes))


def fused_by_torch(averaging_const, low, high, symmetric):
    """PyTorch's fused observer with the arguments of qgraft's."""
    on = torch.tensor([1])
    return lambda x, *state: torch.fused_moving_avg_obs_fake_quant(
        x, on, on, *state, averaging_const, low, high, 0, False, symmetric)


def state():
    """running_min, running_max, scale, zero_point"""
    return [torch.tensor([math.inf]), torch.tensor([-math.inf]), torch.tensor([1.0]),
            torch.tensor([0], dtype=torch.int32)]


def check_fused():
    for (low, high, symmetric), rate in itertools.product(
            [(0, 255, False), (0, 127, False), (0, 15, False), (-128, 127, True), (-8, 7, True), (-127, 127, True)],
            (0.01, 0.25, 1.0)):
        own = fused_by_torch(rate, low, high, symmetric)
        theirs, mine = state(), state()
        for batch in range(8):
            x = torch.randn(999) * (1 + batch) + 0.3 * (batch - 2)
            grad = torch.randn(999)
            got = run(ours.fused_moving_avg_obs_fake_quant, x, grad, *mine, rate, low, high, symmetric)
            wanted = run(own, x, grad, *theirs)
            what = 'batch %d of the fused observer, %d to %d%s' % (batch, low, high, ', symmetric' * symmetric)
            require(same_bits(got[0], wanted[0]), what + ': the values differ')
            require(same_bits(got[1], wanted[1]), what + ': dx differs')
            for name, a, b in zip(('running_min', 'running_max', 'scale', 'zero_point'), mine, theirs):
                require(torch.equal(a, b), '%s: %s is %s, not %s' % (what, name, a.item(), b.item()))
    module = ours.FakeQuantize()
    x = torch.randn(99)
    first = module(x)
    module.observing = False
    require(torch.equal(module(x), first), 'a module that has stopped observing quantizes in another way')
    print('same values, gradients and state of the fused observer')


def check_gradients():
    """PyTorch's check of gradients: that of the op against differences of its values.

    The values of fake quantization are stairs, and its gradient is a straight line through them, so the two agree where
    a difference goes over whole steps: with an eps of one step and values that are nowhere less than that from an end.
    (PyTorch's own test compares its op with what is expected of the straight line, which check_tensors does against
    theirs.) gradcheck warns of float32, for most ops are not exact enough in it; this one is.
    """
    warnings.filterwarnings('ignore', '.*double precision.*')
    step = 2.0**-4
    x = torch.tensor([-12, -9, -7.5, -3, -1.03, -0.4, 0.02, 0.71, 2, 5.6, 7.5, 8.4, 11], requires_grad=True)
    many = x.detach().repeat(3, 1).requires_grad_()
    scale, zero = torch.full((3,), step), torch.zeros(3, dtype=torch.int32)
    for module in torch, ours:
        for function, at in (
                (lambda v: module.fake_quantize_per_tensor_affine(v, step, 0, -128, 127), x),
                (lambda v: module.fake_quantize_per_channel_affine(v, scale, zero, 0, -128, 127), many),
                (lambda v: module.fake_quantize_per_channel_affine(v, scale, zero, 1, -128, 127),
                 many.detach().t().clone().requires_grad_())):
            torch.autograd.gradcheck(function, (at,), eps=step, atol=1e-5)
    print("passes PyTorch's check of gradients")
    if hasattr(torch.library, 'opcheck'):  # from 2.4 on
        torch.library.opcheck(ours.fake_quantize_per_tensor_affine, (x, step, 0, -128, 127))
        torch.library.opcheck(ours.fake_quantize_per_channel_affine, (many, scale, zero, 0, -128, 127))
        torch.library.opcheck(ours.fused_moving_avg_obs_fake_quant, (x, *state(), 0.01, 0, 255))
        print("passes PyTorch's check of ops")


def check_errors():
    x, zeros = torch.zeros(2, 3), lambda n: torch.zeros(n, dtype=torch.int32)
    f, channels, fused = (ours.fake_quantize_per_tensor_affine, ours.fake_quantize_per_channel_affine,
                          ours.fused_moving_avg_obs_fake_quant)
    held = state()
    cases = [('101 integers', f, (x, 0.1, 0, 0, 100), RuntimeError, '2 to 16 bits, all or all but one, not 0 to 100'),
             ('1 bit', f, (x, 0.1, 0, 0, 1), RuntimeError, '2 to 16 bits'),
             ('17 bits', f, (x, 0.1, 0, 0, 2**17 - 1), RuntimeError, '2 to 16 bits'),
             ('a zero point outside', f, (x, 0.1, 256, 0, 255), RuntimeError, 'quant_min and quant_max, 0 and 255'),
             ('doubles', f, (x.double(), 0.1, 0, 0, 255), RuntimeError, 'input must be of float32, not Double'),
             ('no such axis', channels, (x, torch.ones(3), zeros(3), 2, 0, 255), IndexError, 'Dimension out of range'),
             ('channels of a scalar', channels, (x[0, 0], torch.ones(1), zeros(1), 0, 0, 255), IndexError, 'dim'),
             ('two channels', channels, (x, torch.ones(2), zeros(2), 1, 0, 255), RuntimeError, 'have the shape [3]'),
             ('one zero point outside', channels, (x, torch.ones(3), zeros(3) - 1, 1, 0, 255), RuntimeError, 'between'),
             ('whole scales', channels, (x, zeros(3), zeros(3), 1, 0, 255), RuntimeError, 'scale must be of float32'),
             ('nothing', fused, (x[:0], *held, 0.1, 0, 255), RuntimeError, 'nothing to observe'),
             ('NaN', fused, (x / 0, *held, 0.1, 0, 255), RuntimeError, 'cannot be quantized'),
             ('signed integers', fused, (x, *held, 0.1, -128, 127), RuntimeError, 'the ends of unsigned integers'),
             ('a rate of 2', fused, (x, *held, 2.0, 0, 255), RuntimeError, 'at most 1, not 2')]
    for what, function, arguments, error, words in cases:
        try:
            function(*arguments)
        except error as e:
            require(words in str(e), '%s: says %s' % (what, e))
            print('refused: ' + what)
        else:
            require(False, 'takes ' + what)
    require(all(torch.equal(a, b) for a, b in zip(held, state())), 'what is refused changes the state')


def check_training():
    settings = 0.01, 0, 15, False
    got = training.losses(ours.fake_quantize_per_channel_affine,
                          lambda x, *held: ours.fused_moving_avg_obs_fake_quant(x, *held, *settings))
    wanted = training.losses(torch.fake_quantize_per_channel_affine, fused_by_torch(*settings))
    apart = (got - wanted).abs().max()
    print('%d steps of training: loss %.4f to %.4f, PyTorch\'s own to %.4f, at most %g apart' % (
        len(got), got[0], got[-1], wanted[-1], apart))
    require(got[-1] < 0.5 * got[0], 'the network does not learn')
    require(apart == 0, 'the losses differ')


def timed(function):
    """The least microseconds of a call."""
    best = math.inf
    for _ in range(20):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return 1e6 * best


def print_times():
    x, grad = torch.randn(16384, 64), torch.randn(16384, 64)
    scale, zero = torch.full((64,), 0.02), torch.full((64,), 128, dtype=torch.int32)
    mine, theirs = state(), state()
    rows = [('forward', lambda m: m.fake_quantize_per_tensor_affine(x, 0.02, 128, 0, 255)),
            ('forward, 64 channels', lambda m: m.fake_quantize_per_channel_affine(x, scale, zero, 1, 0, 255)),
            ('fused observer', lambda m: fused_by_torch(0.01, 0, 255, False)(x, *theirs) if m is torch else
             m.fused_moving_avg_obs_fake_quant(x, *mine, 0.01, 0, 255))]
    at = x.clone().requires_grad_()
    outputs = {m: [m.fake_quantize_per_tensor_affine(at, 0.02, 128, 0, 255),
                   m.fake_quantize_per_channel_affine(at, scale, zero, 1, 0, 255)] for m in (torch, ours)}
    for i, what in enumerate(('gradient', 'gradient, 64 channels')):
        rows.append((what, lambda m, i=i: torch.autograd.grad(outputs[m][i], at, grad, retain_graph=True)))
    torch.set_num_threads(1)  # two wait for each other where the machine has other work
    print('\n1,048,576 floats, microseconds; PyTorch %s, one thread:' % torch.__version__)
    for what, call in rows:
        own, us = timed(lambda: call(torch)), timed(lambda: call(ours))
        print('  %-22s PyTorch %7.0f, qgraft %6.0f: %.1f times' % (what, own, us, own / us))


def main():
    torch.manual_seed(0)
    torch.set_num_threads(2)
    check_tensors()
    check_channels()
    check_fused()
    check_gradients()
    check_errors()
    check_training()
    print_times()


main()
