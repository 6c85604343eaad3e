// Compares a device's kernels for tensors with one range with the scalar definition.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_CUDA_CHECK_TENSOR_HPP
#define QGRAFT_TESTS_CUDA_CHECK_TENSOR_HPP

#include "check.hpp"

#include <cstring>

namespace cuda_check {

/// Where tensors begin: elements after an aligned address.
struct shifts {
    std::size_t in = 0, grad = 0, out = 0;
};

template <class N, class Kernels, class Memory>
void check_tensor(std::size_t size, const shifts& at, quant_range range, const quant_spec& spec, findings& f) {
    using definition = qgraft::scalar<N>;
    const auto seed = static_cast<unsigned>(size * 31 + at.in);
    const floats x = values_for(range, spec, size, seed);
    const floats g = gradients(size, seed + 1, size % 2 == 0);
    floats expected(size);
    placed<float, Memory> in(x, at.in);
    placed<float, Memory> grad(g, at.grad);
    placed<float, Memory> out(floats(size), at.out);
    placed<float, Memory> ends({range.min, range.max}, 0);
    placed<float, Memory> sums(floats(4), 1);
    const qgraft::device_ranges on_device{ends.in().data(), ends.in().data() + 1};
    const auto pair = [&](std::size_t i) {
        return qgraft::device_ranges_out{sums.span().data() + i, sums.span().data() + i + 1};
    };
    const std::size_t bytes = Kernels::workspace_size(size);
    placed<std::byte, Memory> workspace(std::vector<std::byte>(bytes), 0);

    definition::fake_quantize(x, expected, range, spec);
    if (Kernels::fake_quantize(in.in(), out.span(), on_device, spec, Memory::stream) != 0) f.differs("forward: failed");
    compare("forward", out.read("forward", f), expected, x, f);
    placed<float, Memory> place(x, at.out);
    if (Kernels::fake_quantize(place.in(), place.span(), range, spec, Memory::stream) != 0)
        f.differs("forward: failed");
    compare("forward in place, range of the host", place.read("forward", f), expected, x, f);

    const auto d = definition::fake_quantize_gradient(g, x, expected, range, spec);
    if (Kernels::fake_quantize_gradient(grad.in(), in.in(), out.span(), on_device, pair(0), spec, workspace.span(),
                                        Memory::stream) != 0) {
        f.differs("gradient: failed");
    }
    compare("gradient", out.read("gradient", f), expected, x, f);
    placed<float, Memory> dx(g, at.grad);
    if (Kernels::fake_quantize_gradient(dx.in(), in.in(), dx.span(), range, pair(2), spec, workspace.span(),
                                        Memory::stream) != 0) {
        f.differs("gradient: failed");
    }
    compare("gradient in place", dx.read("gradient", f), expected, x, f);
    if (Kernels::min_max(in.in(), pair(2), workspace.span(), Memory::stream) != 0) f.differs("min_max: failed");
    workspace.read("workspace", f);
    const floats found = sums.read("sums", f);
    const double all = magnitude_of(g);
    compare_sum("gradient of min", found[0], d.min, all, f);
    compare_sum("gradient of max", found[1], d.max, all, f);
    const quant_range least = definition::min_max(x);
    if (!same(found[2], least.min) || !same(found[3], least.max)) {
        f.differs("min_max of %zu elements: %a %a, expected %a %a", size, static_cast<double>(found[2]),
                  static_cast<double>(found[3]), static_cast<double>(least.min), static_cast<double>(least.max));
    }
}

template <class N, class Kernels, class Memory, class Integer>
void check_storage_of(std::size_t size, const shifts& at, quant_range range, const quant_spec& spec, findings& f) {
    const floats x = values_for(range, spec, size, static_cast<unsigned>(size + at.in));
    std::vector<Integer> expected(size);
    floats real(size);
    placed<float, Memory> in(x, at.in);
    placed<Integer, Memory> stored(std::vector<Integer>(size), at.out);
    placed<float, Memory> back(floats(size), at.grad);
    qgraft::scalar<N>::quantize(std::span<const float>(x), std::span<Integer>(expected), range, spec);
    qgraft::scalar<N>::dequantize(std::span<const Integer>(expected), std::span<float>(real), range, spec);
    if (Kernels::quantize(in.in(), stored.span(), range, spec, Memory::stream) != 0) f.differs("quantize: failed");
    if (Kernels::dequantize(stored.in(), back.span(), range, spec, Memory::stream) != 0)
        f.differs("dequantize: failed");
    const std::vector<Integer> got = stored.read("quantize", f);
    for (std::size_t i = 0; i < size; ++i) {
        if (got[i] == expected[i]) continue;
        f.differs("quantize: element %zu of %zu, %a, is %d, expected %d", i, size, static_cast<double>(x[i]),
                  static_cast<int>(got[i]), static_cast<int>(expected[i]));
        break;
    }
    compare("dequantize", back.read("dequantize", f), real, x, f);
}

template <class N, class Kernels, class Memory>
void check_packed(std::size_t size, const shifts& at, quant_range range, const quant_spec& spec, findings& f) {
    const floats x = values_for(range, spec, size, static_cast<unsigned>(size + at.in));
    std::vector<std::uint8_t> expected(size / 2 + size % 2);
    floats real(size);
    placed<float, Memory> in(x, at.in);
    placed<std::uint8_t, Memory> packed(std::vector<std::uint8_t>(expected.size()), at.out);
    placed<float, Memory> back(floats(size), at.grad);
    qgraft::scalar<N>::quantize_int4(x, expected, range, spec);
    qgraft::scalar<N>::dequantize_int4(expected, real, range, spec);
    if (Kernels::quantize_int4(in.in(), packed.span(), range, spec, Memory::stream) != 0) f.differs("int4: failed");
    if (Kernels::dequantize_int4(packed.in(), back.span(), range, spec, Memory::stream) != 0) f.differs("int4: failed");
    if (packed.read("quantize_int4", f) != expected) f.differs("quantize_int4: %zu elements", size);
    compare("dequantize_int4", back.read("dequantize_int4", f), real, x, f);
}

template <class N, class Kernels, class Memory>
void check_storage(std::size_t size, const shifts& at, quant_range range, const quant_spec& spec, findings& f) {
    check_storage_of<N, Kernels, Memory, std::uint16_t>(size, at, range, spec, f);
    check_storage_of<N, Kernels, Memory, std::int16_t>(size, at, range, spec, f);
    if (spec.bits <= 8) {
        check_storage_of<N, Kernels, Memory, std::uint8_t>(size, at, range, spec, f);
        check_storage_of<N, Kernels, Memory, std::int8_t>(size, at, range, spec, f);
    }
    if (spec.bits <= 4) check_packed<N, Kernels, Memory>(size, at, range, spec, f);
}

/// Lengths and misalignments with a few ranges; every range and spec with a few lengths.
template <class N, class Kernels, class Memory>
void check_tensors(std::size_t longest, findings& f) {
    for (std::size_t size = 0; size <= longest; ++size) {
        const shifts alike{size % 4, size % 4 + 4, size % 4 + 8};
        const shifts apart{size % 4, size % 3, size % 5};
        check_tensor<N, Kernels, Memory>(size, alike, ranges()[size % 5], specs()[size % 3], f);
        check_tensor<N, Kernels, Memory>(size, apart, ranges()[size % 5], specs()[size % 3], f);
        check_storage<N, Kernels, Memory>(size, {size % 4, size / 4 % 4, size % 16}, ranges()[size % 4],
                                          specs()[size % specs().size()], f);
        check_storage<N, Kernels, Memory>(size, {0, 0, 0}, ranges()[size % 4], {.bits = 4}, f);
    }
    for (const quant_range& range : ranges()) {
        for (const quant_spec& spec : specs()) {
            check_tensor<N, Kernels, Memory>(203, {1, 1, 1}, range, spec, f);
            check_storage<N, Kernels, Memory>(131, {0, 0, 0}, range, spec, f);
        }
    }
    for (const std::size_t size : {1023U, 4096U, 4097U, 40001U, 300000U}) {
        check_tensor<N, Kernels, Memory>(size, {3, 3, 3}, ranges()[3], {}, f);
        check_storage<N, Kernels, Memory>(size, {2, 2, 2}, ranges()[3], {.bits = 4}, f);
    }
}

}  // namespace cuda_check

#endif  // QGRAFT_TESTS_CUDA_CHECK_TENSOR_HPP
