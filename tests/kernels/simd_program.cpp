// A program for many compilers and flags: compares the vector kernels with the scalar definition, and prints a digest
// of what the definition computes, which must be the same for all of them.
// SPDX-License-Identifier: Apache-2.0
//
// usage: simd_program [LONGEST]        all lengths up to LONGEST
#include "simd_check_channels.hpp"
#include "simd_check_tensor.hpp"

#include <cstdlib>

namespace {

/// FNV-1a of the bits of some values, any NaN counted as one.
class digest {
public:
    void add(std::span<const float> values) {
        for (const float v : values) {
            hash_ ^= std::isnan(v) ? 0x7fc00000U : std::bit_cast<std::uint32_t>(v);
            hash_ *= 0x100000001b3U;
        }
    }
    unsigned long long value() const { return hash_; }

private:
    std::uint64_t hash_ = 0xcbf29ce484222325U;
};

template <class N>
void digest_of(digest& d) {
    for (const auto& range : simd_check::ranges()) {
        for (const auto& spec : simd_check::specs()) {
            simd_check::values source(range);
            simd_check::floats x(300);
            simd_check::floats y(x.size());
            for (float& v : x) v = source.next();
            qgraft::scalar<N>::fake_quantize(x, y, range, spec);
            d.add(y);
            qgraft::scalar<N>::fake_quantize_channels(x, y, {&range, 1}, spec);
            d.add(y);
            qgraft::scalar<N>::fake_quantize_gradient(x, x, y, range, spec);
            d.add(y);
        }
    }
}

template <class N>
std::size_t check(const simd_check::effort& effort, digest& d) {
    digest_of<N>(d);
    std::size_t count = 0;
    for (const qgraft::simd_level level : simd_check::levels()) {
        const simd_check::at_level at(level);
        simd_check::findings differences;
        simd_check::check_tensors<N>(effort, differences);
        simd_check::check_all_channels<N>(effort, differences);
        count += differences.count();
    }
    return count;
}

}  // namespace

int main(int argc, char** argv) {
    const auto longest = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 40);
    const simd_check::effort effort{.longest = longest, .shifts = 5};
    digest d;
    std::size_t differences = check<qgraft::tf2>(effort, d);
#ifndef QGRAFT_ONE_NUMERICS
    differences += check<qgraft::tf115>(effort, d);
    differences += check<qgraft::tf115_args>(effort, d);
    differences += check<qgraft::tf2_args>(effort, d);
    differences += check<qgraft::torch>(effort, d);
#endif
    std::printf("digest %016llx, %zu differences at %zu levels\n", d.value(), differences, simd_check::levels().size());
    return differences == 0 ? 0 : 1;
}
