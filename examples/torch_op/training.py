# A small network with fake-quantized weights and activations, to train with one set of ops or another.
# SPDX-License-Identifier: Apache-2.0
import torch

STEPS, BATCH, RATE = 120, 64, 0.05


def batches():
    """Points around ten centres, and which centre each is of; the same in every run."""
    source = torch.Generator().manual_seed(0)
    centres = torch.randn(10, 32, generator=source)
    for _ in range(STEPS):
        labels = torch.randint(10, (BATCH,), generator=source)
        yield centres[labels] + 0.7 * torch.randn(BATCH, 32, generator=source), labels


def losses(fake_quantize_per_channel, fused_fake_quantize):
    """The loss of each step of training a network 32-48-10, whose fake quantization is that of two functions.

    fake_quantize_per_channel(weights, scale, zero_point, axis, quant_min, quant_max) is told its scales: from the
    largest of each channel. fused_fake_quantize(x, running_min, running_max, scale, zero_point) follows the batches.
    """
    source = torch.Generator().manual_seed(1)
    weights = [(0.2 * torch.randn(shape, generator=source)).requires_grad_() for shape in ((48, 32), (10, 48))]
    biases = [torch.zeros(n, requires_grad=True) for n in (48, 10)]
    state = [torch.tensor([float('inf')]), torch.tensor([float('-inf')]), torch.tensor([1.0]),
             torch.tensor([0], dtype=torch.int32)]
    found = []
    for points, labels in batches():
        first, second = (fake_quantize_per_channel(w, w.detach().abs().amax(1) / 7.5,
                                                   torch.zeros(len(w), dtype=torch.int32), 0, -8, 7) for w in weights)
        hidden = fused_fake_quantize(torch.relu(points @ first.t() + biases[0]), *state)
        loss = torch.nn.functional.cross_entropy(hidden @ second.t() + biases[1], labels)
        loss.backward()
        with torch.no_grad():
            for variable in weights + biases:
                variable -= RATE * variable.grad
                variable.grad = None
        found.append(loss.detach())
    return torch.stack(found)
