// Compares the vector kernels of tensors with one range, and those of storage, with the scalar definition.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_KERNELS_SIMD_CHECK_TENSOR_HPP
#define QGRAFT_TESTS_KERNELS_SIMD_CHECK_TENSOR_HPP

#include "simd_check.hpp"

namespace simd_check {

template <class N>
void check_tensor(std::size_t size, std::size_t shift, quant_range range, const quant_spec& spec, findings& f) {
    using fast = qgraft::simd<N>;
    using definition = qgraft::scalar<N>;
    values source(range);
    tensor in(size, shift);
    tensor grad(size, (shift * 5) % 17);
    for (float& x : in.span()) x = source.next();
    for (float& g : grad.span()) g = source.next_gradient();
    floats expected(size);
    tensor out(size, (shift * 3) % 17);

    definition::fake_quantize(in.span(), expected, range, spec);
    fast::fake_quantize(in.span(), out.span(), range, spec);
    compare("forward", out.span(), expected, f);
    std::copy(in.span().begin(), in.span().end(), out.span().begin());
    fast::fake_quantize(out.span(), out.span(), range, spec);
    compare("forward in place", out.span(), expected, f);

    const auto sums = definition::fake_quantize_gradient(grad.span(), in.span(), expected, range, spec);
    const double all = magnitude(grad.span());
    const auto apart = fast::fake_quantize_gradient(grad.span(), in.span(), out.span(), range, spec);
    const auto check_gradient = [&](auto kernels, tensor* place) {
        if (place != nullptr) std::copy(place->span().begin(), place->span().end(), out.span().begin());
        const auto got = kernels.fake_quantize_gradient(place == &grad ? out.span() : grad.span(),
                                                        place == &in ? out.span() : in.span(), out.span(), range, spec);
        compare("gradient", out.span(), expected, f);
        compare_sum("gradient", got.min, sums.min, all, f);
        compare_sum("gradient", got.max, sums.max, all, f);
        if (!same(got.min, apart.min) || !same(got.max, apart.max)) {
            f.differs("gradient", "%zu elements in place or streamed: other sums", size);
        }
    };
    for (tensor* const place : {static_cast<tensor*>(nullptr), &grad, &in}) {
        check_gradient(fast{}, place);
        check_gradient(typename fast::for_large_tensors{}, place);
    }

    const quant_range least = definition::min_max(in.span());
    const quant_range found = fast::min_max(in.span());
    if (!same(found.min, least.min) || !same(found.max, least.max)) {
        f.differs("min_max", "%zu elements: %a %a, expected %a %a", size, static_cast<double>(found.min),
                  static_cast<double>(found.max), static_cast<double>(least.min), static_cast<double>(least.max));
    }
    if (!out.guarded()) f.differs("tensor", "%zu elements: wrote outside", size);
}

template <class N, class Integer>
void check_storage_of(std::size_t size, std::size_t shift, quant_range range, const quant_spec& spec, findings& f) {
    values source(range);
    tensor in(size, shift);
    for (float& x : in.span()) x = source.next();
    std::vector<Integer> expected(size);
    std::vector<Integer> got(size + 1, Integer{77});
    qgraft::scalar<N>::quantize(std::span<const float>(in.span()), std::span<Integer>(expected), range, spec);
    qgraft::simd<N>::quantize(std::span<const float>(in.span()), std::span<Integer>(got).first(size), range, spec);
    for (std::size_t i = 0; i < size; ++i) {
        if (got[i] == expected[i]) continue;
        f.differs("quantize", "element %zu of %zu, %a, is %d, expected %d", i, size, static_cast<double>(in[i]),
                  static_cast<int>(got[i]), static_cast<int>(expected[i]));
        break;
    }
    if (got[size] != Integer{77}) f.differs("quantize", "wrote outside");
    floats real(size);
    tensor back(size, shift);
    const std::span<const Integer> stored(expected);
    qgraft::scalar<N>::dequantize(stored, std::span<float>(real), range, spec);
    qgraft::simd<N>::dequantize(stored, back.span(), range, spec);
    compare("dequantize", back.span(), real, f);
    if (!back.guarded()) f.differs("dequantize", "wrote outside");
}

template <class N>
void check_packed(std::size_t size, quant_range range, const quant_spec& spec, findings& f) {
    values source(range);
    floats in(size);
    for (float& x : in) x = source.next();
    std::vector<std::uint8_t> expected(size / 2 + size % 2);
    std::vector<std::uint8_t> got(expected.size());
    qgraft::scalar<N>::quantize_int4(in, expected, range, spec);
    qgraft::simd<N>::quantize_int4(in, got, range, spec);
    if (got != expected) f.differs("quantize_int4", "%zu elements", size);
    floats real(size);
    floats back(size);
    qgraft::scalar<N>::dequantize_int4(expected, real, range, spec);
    qgraft::simd<N>::dequantize_int4(expected, back, range, spec);
    compare("dequantize_int4", back, real, f);
}

template <class N>
void check_storage(std::size_t size, std::size_t shift, quant_range range, const quant_spec& spec, findings& f) {
    check_storage_of<N, std::uint16_t>(size, shift, range, spec, f);
    check_storage_of<N, std::int16_t>(size, shift, range, spec, f);
    if (spec.bits <= 8) {
        check_storage_of<N, std::uint8_t>(size, shift, range, spec, f);
        check_storage_of<N, std::int8_t>(size, shift, range, spec, f);
    }
    if (spec.bits <= 4) check_packed<N>(size, range, spec, f);
}

/// Every length and misalignment with a few ranges; every range and spec with a few lengths.
template <class N>
void check_tensors(const effort& e, findings& f) {
    for (std::size_t size = 0; size <= e.longest; ++size) {
        for (std::size_t shift = 0; shift < e.shifts; ++shift) {
            if (!e.all_ranges) check_tensor<N>(size, shift, ranges()[(size + shift) % 4], {}, f);
            for (std::size_t i = 0; e.all_ranges && i < ranges().size(); ++i) {
                check_tensor<N>(size, shift, ranges()[i], specs()[i % specs().size()], f);
            }
        }
        if (size % 7 == 0) check_storage<N>(size, size % 5, ranges()[size % 4], specs()[size % specs().size()], f);
    }
    for (const quant_range& range : ranges()) {
        for (const quant_spec& spec : specs()) {
            for (const std::size_t size : {3U, 131U, 2200U}) {
                check_tensor<N>(size, size % 3, range, spec, f);
                check_storage<N>(size, size % 3, range, spec, f);
            }
        }
    }
    check_tensor<N>(40000, 1, ranges()[2], {}, f);
    check_storage<N>(9001, 1, ranges()[2], {.bits = 4}, f);
}

}  // namespace simd_check

#endif  // QGRAFT_TESTS_KERNELS_SIMD_CHECK_TENSOR_HPP
