// One half of a program whose halves are compiled for different processors: calls every function of the vector kernels,
// and compares with the scalar definition. Uses none of the standard library's inline functions that could hold other
// instructions: the linker keeps one of them for both halves.
// SPDX-License-Identifier: Apache-2.0
//
// Compiled with -DQGRAFT_HALF=NAME, the name of the function that it defines. With -DQGRAFT_MAIN it has a main, too,
// which calls low(), and high() where it is given an argument.
#include <qgraft/kernels/parallel.hpp>
#include <qgraft/kernels/scalar.hpp>
#include <qgraft/kernels/simd.hpp>

#include <cstdio>

namespace {

constexpr std::size_t size = 3 * 35 * 64;
float in[size];
float grad[size];
float got[size];
float expected[size];
qgraft::quant_range ranges[64];
qgraft::range_sums sums[64];
qgraft::quant_range found[64];
std::uint8_t bytes[size];
std::uint8_t same_bytes[size];
int differences = 0;

struct one_after_the_other {
    void operator()(std::size_t count, qgraft::piece_function piece) const {
        for (std::size_t i = 0; i < count; ++i) piece(i);
    }
};

void compare() {
    for (std::size_t i = 0; i < size; ++i) differences += got[i] == expected[i] || expected[i] != expected[i] ? 0 : 1;
}

template <class Kernels, class N>
void check() {
    const Kernels kernels{};
    const qgraft::scalar<N> definition{};
    const qgraft::quant_range range{-1.0F, 1.1F};
    const qgraft::quant_spec spec{};
    kernels.fake_quantize(in, got, range, spec);
    definition.fake_quantize(in, expected, range, spec);
    compare();
    kernels.fake_quantize_gradient(grad, in, got, range, spec);
    definition.fake_quantize_gradient(grad, in, expected, range, spec);
    compare();
    differences += kernels.min_max(in) == definition.min_max(in) ? 0 : 1;
    for (const std::size_t inner : {std::size_t{1}, std::size_t{35}, size / 64}) {
        kernels.fake_quantize_channels(in, got, ranges, spec, inner);
        definition.fake_quantize_channels(in, expected, ranges, spec, inner);
        compare();
        kernels.fake_quantize_channels_gradient_sums(grad, in, got, ranges, sums, spec, inner);
        definition.fake_quantize_channels_gradient_sums(grad, in, expected, ranges, sums, spec, inner);
        compare();
        kernels.scale_channels(in, got, {grad, 64}, inner);
        definition.scale_channels(in, expected, {grad, 64}, inner);
        compare();
        kernels.min_max_channels(in, found, inner);
    }
    kernels.quantize(std::span<const float>(in), std::span<std::uint8_t>(bytes), range, spec);
    definition.quantize(std::span<const float>(in), std::span<std::uint8_t>(same_bytes), range, spec);
    for (std::size_t i = 0; i < size; ++i) differences += bytes[i] == same_bytes[i] ? 0 : 1;
    kernels.dequantize(std::span<const std::uint8_t>(bytes), std::span<float>(got), range, spec);
    definition.dequantize(std::span<const std::uint8_t>(bytes), std::span<float>(expected), range, spec);
    compare();
    try {
        kernels.fake_quantize(in, {got, 3}, range, {.bits = 4});
        ++differences;
    } catch (const qgraft::quant_error&) {
    }
}

}  // namespace

int QGRAFT_HALF() {
    unsigned random = 1;
    for (std::size_t i = 0; i < size; ++i) {
        random = random * 1664525U + 1013904223U;
        in[i] = static_cast<float>(random >> 8U) / 6e6F - 1.3F;
        grad[i] = static_cast<float>(random >> 20U) - 2000.0F;
    }
    for (int c = 0; c < 64; ++c) ranges[c] = {-0.5F - static_cast<float>(c) / 90.0F, 1.0F};
    check<qgraft::simd<qgraft::tf115>, qgraft::tf115>();
    check<qgraft::simd<qgraft::tf2>, qgraft::tf2>();
    check<qgraft::parallel<qgraft::simd<qgraft::torch>, one_after_the_other>, qgraft::torch>();
    return differences;
}

#ifdef QGRAFT_MAIN
int low();
int high();

int main(int argc, char**) {
    const int found_low = low();
    const int found_high = argc > 1 ? high() : 0;
    std::printf("%d and %d differences\n", found_low, found_high);
    return found_low + found_high == 0 ? 0 : 1;
}
#endif
