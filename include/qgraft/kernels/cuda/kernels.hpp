// The functions of cuda over something that executes plans: a device, or the host in tests.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_CUDA_KERNELS_HPP
#define QGRAFT_KERNELS_CUDA_KERNELS_HPP

#include <qgraft/kernels/checks.hpp>
#include <qgraft/kernels/cuda/ops.hpp>
#include <qgraft/kernels/cuda/plan.hpp>
#include <qgraft/kernels/cuda/storage.hpp>
#include <qgraft/kernels/device_policy.hpp>
#include <qgraft/kernels/numerics_concept.hpp>
#include <qgraft/kernels/observer.hpp>
#include <qgraft/kernels/scalar_storage.hpp>
#include <qgraft/quant/error.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// Bytes of a slot of the workspace: of the largest sum.
inline constexpr std::size_t slot_bytes = 16;

inline void require_memory(const char* argument, const void* min, const void* max) {
    if (min == nullptr || max == nullptr) {
        throw quant_error((sentence() << "qgraft: " << argument << " has no memory for min and max").text());
    }
}

inline void require_workspace(std::span<std::byte> workspace, std::size_t needed) {
    if (workspace.size() < needed) {
        throw quant_error(
            (sentence() << "qgraft: workspace has " << workspace.size() << " bytes, expected at least " << needed)
                .text());
    }
    if (needed > 0 && reinterpret_cast<std::uintptr_t>(workspace.data()) % slot_bytes != 0) {
        throw quant_error("qgraft: workspace is not aligned to 16 bytes");
    }
}

inline void require_one(const device_range& range) {
    if (!range.is_on_device) return;
    require_size("range", range.on_device.count, 1);
    require_memory("range", range.on_device.min, range.on_device.max);
}

/// See device_kernel_policy. An Executor has types status and stream_type, and static functions that run a plan:
///
///     status none()                                   nothing to do
///     status run(plan, op, sums, stream)              sums: a pointer to a slot a sum, or null
///     status finish(plan, op, sums, stream)           adds up the slots of each channel
///     status each(count, op, stream)                  calls op(i) for each i < count
template <numerics_policy Numerics, class Executor>
struct device_kernels {
    using numerics = Numerics;
    using status = typename Executor::status;
    using stream_type = typename Executor::stream_type;

    static status fake_quantize(std::span<const float> in, std::span<float> out, const device_range& range,
                                const quant_spec& spec, stream_type stream) {
        require_valid(spec);
        require_size("out", out.size(), in.size());
        require_one(range);
        return elements(whole(in.size()), forward_op<Numerics, false>{in.data(), out.data(), range, spec},
                        are_aligned_alike({in.data(), out.data()}), stream);
    }

    template <quant_spec S>
    static status fake_quantize(std::span<const float> in, std::span<float> out, const device_range& range,
                                stream_type stream) {
        require_valid<S>();
        return fake_quantize(in, out, range, S, stream);
    }

    static status fake_quantize_channels(std::span<const float> in, std::span<float> out, const device_ranges& ranges,
                                         const quant_spec& spec, std::size_t inner, stream_type stream) {
        require_valid(spec);
        const channel_rows shape = rows_of(in.size(), ranges.count, inner);
        require_size("out", out.size(), in.size());
        if (ranges.count > 0) require_memory("ranges", ranges.min, ranges.max);
        return elements(shape, forward_op<Numerics, true>{in.data(), out.data(), ranges, spec},
                        are_aligned_alike({in.data(), out.data()}), stream);
    }

    static status scale_channels(std::span<const float> in, std::span<float> out, std::span<const float> scales,
                                 std::size_t inner, stream_type stream) {
        const channel_rows shape = rows_of(in.size(), scales.size(), inner);
        require_size("out", out.size(), in.size());
        return elements(shape, scale_op<Numerics>{in.data(), out.data(), scales.data()},
                        are_aligned_alike({in.data(), out.data()}), stream);
    }

    static status fake_quantize_gradient(std::span<const float> grad, std::span<const float> in, std::span<float> dx,
                                         const device_range& range, const device_ranges_out& sums,
                                         const quant_spec& spec, std::span<std::byte> workspace, stream_type stream) {
        require_one(range);
        return gradient(whole(in.size()), grad, in, dx, range, sums, 1, spec, workspace, stream);
    }

    static status fake_quantize_channels_gradient(std::span<const float> grad, std::span<const float> in,
                                                  std::span<float> dx, const device_ranges& ranges,
                                                  const device_ranges_out& sums, const quant_spec& spec,
                                                  std::size_t inner, std::span<std::byte> workspace,
                                                  stream_type stream) {
        const channel_rows shape = rows_of(in.size(), ranges.count, inner);
        if (ranges.count > 0) require_memory("ranges", ranges.min, ranges.max);
        return gradient(shape, grad, in, dx, ranges, sums, ranges.count, spec, workspace, stream);
    }

    static status min_max(std::span<const float> in, const device_ranges_out& found, std::span<std::byte> workspace,
                          stream_type stream) {
        require_size("found", found.count, 1);
        return min_max_of(whole(in.size()), in, found, workspace, stream);
    }

    static status min_max_channels(std::span<const float> in, const device_ranges_out& found, std::size_t inner,
                                   std::span<std::byte> workspace, stream_type stream) {
        return min_max_of(rows_of(in.size(), found.count, inner), in, found, workspace, stream);
    }

    template <observer O>
    static status update_observers(std::span<O> observers, const device_ranges& batch, const device_ranges_out& ranges,
                                   const quant_spec& spec, stream_type stream) {
        static_assert(std::is_trivially_copyable_v<O>, "qgraft: an observer in a device's memory is copied by bytes");
        require_valid(spec);
        require_size("batch", batch.count, observers.size());
        require_size("ranges", ranges.count, observers.size());
        if (observers.empty()) return Executor::none();
        require_memory("batch", batch.min, batch.max);
        require_memory("ranges", ranges.min, ranges.max);
        return Executor::each(observers.size(), update_op<O>{observers.data(), batch, ranges, spec}, stream);
    }

    template <storage_integer Integer>
    static status quantize(std::span<const float> in, std::span<Integer> out, const device_range& range,
                           const quant_spec& spec, stream_type stream) {
        const int offset = storage_offset<Integer>(spec);
        require_size("out", out.size(), in.size());
        return pack_values<8 * sizeof(Integer)>(in, reinterpret_cast<std::uint8_t*>(out.data()), range, spec, offset,
                                                stream);
    }

    template <storage_integer Integer>
    static status dequantize(std::span<const Integer> in, std::span<float> out, const device_range& range,
                             const quant_spec& spec, stream_type stream) {
        const int offset = storage_offset<Integer>(spec);
        require_size("out", out.size(), in.size());
        return unpack_values<8 * sizeof(Integer), std::is_signed_v<Integer>>(
            reinterpret_cast<const std::uint8_t*>(in.data()), out, range, spec, offset, stream);
    }

    static status quantize_int4(std::span<const float> in, std::span<std::uint8_t> packed, const device_range& range,
                                const quant_spec& spec, stream_type stream) {
        require_room(spec, 4);
        require_size("packed", packed.size(), packed_size(in.size()));
        return pack_values<4>(in, packed.data(), range, spec, signed_offset(spec), stream);
    }

    static status dequantize_int4(std::span<const std::uint8_t> packed, std::span<float> out, const device_range& range,
                                  const quant_spec& spec, stream_type stream) {
        require_room(spec, 4);
        require_size("packed", packed.size(), packed_size(out.size()));
        return unpack_values<4, true>(packed.data(), out, range, spec, signed_offset(spec), stream);
    }

    /// Bytes of workspace that the gradient or min_max of a tensor of so many elements needs.
    static std::size_t workspace_size(std::size_t size) { return workspace_size(size, 1, size == 0 ? 1 : size); }

    /// The same for a tensor with a range a channel, of `inner` elements in a row. Throws quant_error where size is
    /// not a whole number of rows.
    static std::size_t workspace_size(std::size_t size, std::size_t channels, std::size_t inner) {
        const channel_rows shape = rows_of(size, channels, inner);
        return size == 0 ? 0 : slots_of(shape) * slot_bytes;
    }

private:
    /// A tensor with one range.
    static channel_rows whole(std::size_t size) noexcept { return {size == 0 ? 0U : 1U, 1, size}; }

    template <class Op>
    static status elements(const channel_rows& shape, const Op& op, bool wide, stream_type stream) {
        if (shape.outer * shape.inner * shape.channels == 0) return Executor::none();
        if constexpr (Op::per_channel) {
            if (has_short_runs(shape)) {
                return Executor::run(make_lanes_plan(shape, wide, floats_before_aligned(op.in)), op,
                                     static_cast<typename Op::sum*>(nullptr), stream);
            }
        }
        return Executor::run(make_runs_plan(shape, wide), op, static_cast<typename Op::sum*>(nullptr), stream);
    }

    /// Runs an op that sums, and adds up.
    template <class Op>
    static status reduced(const channel_rows& shape, const Op& op, bool wide, std::span<std::byte> workspace,
                          stream_type stream) {
        static_assert(sizeof(typename Op::sum) <= slot_bytes);
        const std::size_t size = shape.outer * shape.inner * shape.channels;
        require_workspace(workspace, size == 0 ? 0 : slots_of(shape) * slot_bytes);
        if (shape.channels == 0) return Executor::none();
        if (size != 0 && has_short_runs(shape)) {
            return reduced_by(make_lanes_plan(shape, wide, floats_before_aligned(op.in)), op, workspace, stream);
        }
        return reduced_by(make_runs_plan(shape, wide), op, workspace, stream);
    }

    template <class Plan, class Op>
    static status reduced_by(const Plan& plan, const Op& op, std::span<std::byte> workspace, stream_type stream) {
        auto* sums = reinterpret_cast<typename Op::sum*>(workspace.data());
        if (plan.blocks() > 0) {
            const status done = Executor::run(plan, op, sums, stream);
            if (done != Executor::none()) return done;
        }
        return Executor::finish(plan, op, sums, stream);
    }

    static status gradient(const channel_rows& shape, std::span<const float> grad, std::span<const float> in,
                           std::span<float> dx, const device_range& range, const device_ranges_out& sums,
                           std::size_t channels, const quant_spec& spec, std::span<std::byte> workspace,
                           stream_type stream) {
        require_valid(spec);
        require_size("grad", grad.size(), in.size());
        require_size("dx", dx.size(), in.size());
        require_size("sums", sums.count, channels);
        if (channels > 0) require_memory("sums", sums.min, sums.max);
        return reduced(shape, gradient_op<Numerics>{grad.data(), in.data(), dx.data(), range, sums, spec},
                       are_aligned_alike({in.data(), grad.data(), dx.data()}), workspace, stream);
    }

    static status min_max_of(const channel_rows& shape, std::span<const float> in, const device_ranges_out& found,
                             std::span<std::byte> workspace, stream_type stream) {
        if (found.count > 0) require_memory("found", found.min, found.max);
        return reduced(shape, extremes_op<Numerics>{in.data(), found}, true, workspace, stream);
    }

    template <unsigned Bits>
    static status pack_values(std::span<const float> in, std::uint8_t* out, const device_range& range,
                              const quant_spec& spec, int offset, stream_type stream) {
        require_one(range);
        if (in.empty()) return Executor::none();
        return Executor::run(make_units_plan<Bits>(in.data(), out, in.size()),
                             quantize_op<Numerics, Bits>{in.data(), out, in.size(), range, spec, offset},
                             static_cast<no_sum*>(nullptr), stream);
    }

    template <unsigned Bits, bool Signed>
    static status unpack_values(const std::uint8_t* in, std::span<float> out, const device_range& range,
                                const quant_spec& spec, int offset, stream_type stream) {
        require_one(range);
        if (out.empty()) return Executor::none();
        return Executor::run(make_units_plan<Bits>(out.data(), in, out.size()),
                             dequantize_op<Numerics, Bits, Signed>{in, out.data(), out.size(), range, spec, offset},
                             static_cast<no_sum*>(nullptr), stream);
    }
};

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_CUDA_KERNELS_HPP
