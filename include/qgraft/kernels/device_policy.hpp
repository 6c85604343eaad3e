// What kernels on a device have to offer: the concept device_kernel_policy. Nothing here needs a device's compiler.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_DEVICE_POLICY_HPP
#define QGRAFT_KERNELS_DEVICE_POLICY_HPP

#include <qgraft/kernels/observer.hpp>
#include <qgraft/kernels/policy.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace qgraft {

/// Ranges in a device's memory, one a channel: that of channel c is min[c * stride] ... max[c * stride]. They are read
/// and nudged there, when the kernel runs.
struct device_ranges {
    const float* min = nullptr;
    const float* max = nullptr;
    std::size_t count = 1;
    std::size_t stride = 1;
};

/// The same to write to: ranges that are observed, or the gradients of ranges.
struct device_ranges_out {
    float* min = nullptr;
    float* max = nullptr;
    std::size_t count = 1;
    std::size_t stride = 1;
};

QGRAFT_ISA_NAMESPACE_BEGIN

/// The quant_ranges or range_gradients that lie in a device's memory, as above.
inline device_ranges device_ranges_of(std::span<const quant_range> on_device) noexcept {
    const auto* first = reinterpret_cast<const float*>(on_device.data());
    return {first, first + 1, on_device.size(), 2};
}
inline device_ranges_out device_ranges_of(std::span<quant_range> on_device) noexcept {
    auto* first = reinterpret_cast<float*>(on_device.data());
    return {first, first + 1, on_device.size(), 2};
}
inline device_ranges_out device_ranges_of(std::span<range_gradient> on_device) noexcept {
    auto* first = reinterpret_cast<float*>(on_device.data());
    return {first, first + 1, on_device.size(), 2};
}

QGRAFT_ISA_NAMESPACE_END

/// One range for a whole tensor: a value, or what lies in a device's memory.
struct device_range {
    QGRAFT_ALWAYS_INLINE constexpr device_range(quant_range range) noexcept : value(range) {}
    QGRAFT_ALWAYS_INLINE constexpr device_range(const device_ranges& ranges) noexcept
        : on_device(ranges), is_on_device(true) {}

    quant_range value;
    device_ranges on_device;
    bool is_on_device = false;  ///< which of both counts
};

/// A type P whose static functions do on a device what those of kernel_policy, channel_kernel_policy,
/// folding_kernel_policy and storage_kernel_policy do, with the same values:
///
///     status fake_quantize(in, out, range, spec, stream)
///     status fake_quantize<spec>(in, out, range, stream)
///     status fake_quantize_gradient(grad, in, dx, range, sums, spec, workspace, stream)
///     status min_max(in, found, workspace, stream)
///     status fake_quantize_channels(in, out, ranges, spec, inner, stream)
///     status fake_quantize_channels_gradient(grad, in, dx, ranges, sums, spec, inner, workspace, stream)
///     status min_max_channels(in, found, inner, workspace, stream)
///     status update_observers(observers, batch, ranges, spec, stream)
///     status scale_channels(in, out, scales, inner, stream)
///     status quantize(in, integers, range, spec, stream)             status dequantize(integers, out, ...)
///     status quantize_int4(in, packed, range, spec, stream)          status dequantize_int4(packed, out, ...)
///     size_t workspace_size(size)                                    size_t workspace_size(size, channels, inner)
///
/// update_observers has each of a span of observers take its range of batch, a device_ranges, and writes what it
/// returns to ranges, a device_ranges_out, which may be the same memory. So min_max, update_observers and fake_quantize
/// on one stream do what observe_fake_quantize does. Their decay is not checked there, and the power in moving_average
/// may differ from powf in the last bit.
///
/// All spans and pointers are of the device's memory. A call puts work on the stream and returns: nothing is waited for
/// or allocated. `range` is a quant_range or a device_ranges, `sums` and `found` a device_ranges_out: what is written
/// may be what a later call on the stream reads. `workspace` is a span of at least workspace_size(...) bytes, aligned
/// to 16, that no other work uses until this is done; what is in it does not matter. Throws quant_error for a bad spec
/// and for sizes that do not fit, before anything is put on the stream; what the device's runtime says comes back as a
/// status.
template <class P>
concept device_kernel_policy = requires(std::span<const float> in, std::span<float> out,
                                        std::span<std::int8_t> integers, std::span<const std::int8_t> stored,
                                        std::span<std::uint8_t> packed, std::span<const std::uint8_t> stored_packed,
                                        quant_range range, const device_ranges& ranges,
                                        const device_ranges_out& written, std::span<last_value> observers,
                                        const quant_spec& spec, std::size_t inner, std::span<std::byte> workspace,
                                        typename P::stream_type stream) {
    { P::fake_quantize(in, out, range, spec, stream) } -> std::same_as<typename P::status>;
    { P::fake_quantize(in, out, ranges, spec, stream) } -> std::same_as<typename P::status>;
    { P::template fake_quantize<quant_spec{}>(in, out, ranges, stream) } -> std::same_as<typename P::status>;
    {
        P::fake_quantize_gradient(in, in, out, ranges, written, spec, workspace, stream)
        } -> std::same_as<typename P::status>;
    { P::min_max(in, written, workspace, stream) } -> std::same_as<typename P::status>;
    { P::fake_quantize_channels(in, out, ranges, spec, inner, stream) } -> std::same_as<typename P::status>;
    {
        P::fake_quantize_channels_gradient(in, in, out, ranges, written, spec, inner, workspace, stream)
        } -> std::same_as<typename P::status>;
    { P::min_max_channels(in, written, inner, workspace, stream) } -> std::same_as<typename P::status>;
    { P::update_observers(observers, ranges, written, spec, stream) } -> std::same_as<typename P::status>;
    { P::scale_channels(in, out, in, inner, stream) } -> std::same_as<typename P::status>;
    { P::quantize(in, integers, ranges, spec, stream) } -> std::same_as<typename P::status>;
    { P::dequantize(stored, out, ranges, spec, stream) } -> std::same_as<typename P::status>;
    { P::quantize_int4(in, packed, ranges, spec, stream) } -> std::same_as<typename P::status>;
    { P::dequantize_int4(stored_packed, out, ranges, spec, stream) } -> std::same_as<typename P::status>;
    { P::workspace_size(inner) } -> std::same_as<std::size_t>;
    { P::workspace_size(inner, inner, inner) } -> std::same_as<std::size_t>;
};

}  // namespace qgraft

#endif  // QGRAFT_KERNELS_DEVICE_POLICY_HPP
