# Fake quantization by qgraft for PyTorch, in Python: stands beside the shared object that it loads.
# SPDX-License-Identifier: Apache-2.0
"""Functions of the names, arguments and values of PyTorch's own, for float32; and a module that observes."""
import pathlib

import torch

torch.ops.load_library(str(pathlib.Path(__file__).resolve().with_name('qgraft_fake_quant_op.so')))

fake_quantize_per_tensor_affine = torch.ops.qgraft.fake_quantize_per_tensor_affine
fake_quantize_per_channel_affine = torch.ops.qgraft.fake_quantize_per_channel_affine
fused_moving_avg_obs_fake_quant = torch.ops.qgraft.fused_moving_avg_obs_fake_quant


class FakeQuantize(torch.nn.Module):
    """Quantizes with a range that follows the batches while `observing`, and stays where it is then."""

    def __init__(self, quant_min=0, quant_max=255, symmetric=False, averaging_const=0.01):
        super().__init__()
        self.settings = averaging_const, quant_min, quant_max, symmetric
        self.observing = True
        for name, value in (('running_min', float('inf')), ('running_max', float('-inf')), ('scale', 1.0)):
            self.register_buffer(name, torch.tensor([value]))
        self.register_buffer('zero_point', torch.tensor([0], dtype=torch.int32))

    def forward(self, x):
        if self.observing:
            return fused_moving_avg_obs_fake_quant(
                x, self.running_min, self.running_max, self.scale, self.zero_point, *self.settings)
        _, quant_min, quant_max, _ = self.settings
        return fake_quantize_per_tensor_affine(x, self.scale.item(), self.zero_point.item(), quant_min, quant_max)
