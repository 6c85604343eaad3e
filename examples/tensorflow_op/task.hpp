// What a device is asked to do, without a word of TensorFlow: files that nvcc compiles include this.
// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_OP_TASK_HPP
#define TENSORFLOW_OP_TASK_HPP

#include <cstddef>

#include <qgraft/quant/quant_spec.hpp>

namespace fake_quant {

/// What is quantized how: a tensor [..., channels, inner], of one range or of a range a channel.
struct task {
    qgraft::quant_spec spec;
    std::size_t size;
    std::size_t channels;
    std::size_t inner;
    const float* min;  ///< one or `channels` floats, where the device has its memory; so all pointers
    const float* max;
};

/// How many ranges there are.
enum class ranges { one, per_channel };

/// Of a gradient.
struct outputs {
    float* dx;
    float* dmin;
    float* dmax;
};

}  // namespace fake_quant

#endif  // TENSORFLOW_OP_TASK_HPP
