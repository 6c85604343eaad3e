// Compares the vector kernels of tensors with a range a channel with the scalar definition.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_KERNELS_SIMD_CHECK_CHANNELS_HPP
#define QGRAFT_TESTS_KERNELS_SIMD_CHECK_CHANNELS_HPP

#include "simd_check.hpp"

namespace simd_check {

struct shape {
    std::size_t outer;
    std::size_t channels;
    std::size_t inner;
    std::size_t size() const { return outer * channels * inner; }
};

/// Ranges of so many channels: all kinds in turn where `odd`, else such as networks have.
inline std::vector<quant_range> channel_ranges(std::size_t channels, bool odd) {
    std::vector<quant_range> found;
    for (std::size_t c = 0; c < channels; ++c) {
        const auto k = static_cast<float>(c % 37);
        found.push_back(odd ? ranges()[(c * 7 + channels) % ranges().size()] : quant_range{-0.1F - k / 9.0F, 1.0F + k});
    }
    return found;
}

template <class N>
void check_channels(const shape& s, std::size_t shift, const std::vector<quant_range>& each, const quant_spec& spec,
                    findings& f) {
    using fast = qgraft::simd<N>;
    using definition = qgraft::scalar<N>;
    tensor in(s.size(), shift);
    tensor grad(s.size(), (shift * 5) % 17);
    tensor out(s.size(), (shift * 3) % 17);
    std::vector<values> sources(each.begin(), each.end());
    for (std::size_t i = 0; i < s.size(); ++i) {
        values& source = sources[i / s.inner % s.channels];
        in[i] = source.next();
        grad[i] = source.next_gradient();
    }
    floats expected(s.size());

    definition::fake_quantize_channels(in.span(), expected, each, spec, s.inner);
    fast::fake_quantize_channels(in.span(), out.span(), each, spec, s.inner);
    compare("forward of channels", out.span(), expected, f);
    std::copy(in.span().begin(), in.span().end(), out.span().begin());
    fast::fake_quantize_channels(out.span(), out.span(), each, spec, s.inner);
    compare("forward of channels in place", out.span(), expected, f);

    std::vector<qgraft::range_gradient> sums(s.channels);
    std::vector<qgraft::range_gradient> got(s.channels);
    definition::fake_quantize_channels_gradient(grad.span(), in.span(), expected, each, sums, spec, s.inner);
    floats magnitudes(s.channels);
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (std::isfinite(grad[i])) magnitudes[i / s.inner % s.channels] += std::fabs(grad[i]);
    }
    std::vector<qgraft::range_gradient> apart;
    const auto check_gradient = [&](auto kernels, tensor* place) {
        if (place != nullptr) std::copy(place->span().begin(), place->span().end(), out.span().begin());
        kernels.fake_quantize_channels_gradient(place == &grad ? out.span() : grad.span(),
                                                place == &in ? out.span() : in.span(), out.span(), each, got, spec,
                                                s.inner);
        compare("gradient of channels", out.span(), expected, f);
        if (apart.empty()) apart = got;
        for (std::size_t c = 0; c < s.channels; ++c) {
            compare_sum("gradient of channels", got[c].min, sums[c].min, static_cast<double>(magnitudes[c]), f);
            compare_sum("gradient of channels", got[c].max, sums[c].max, static_cast<double>(magnitudes[c]), f);
            if (!same(got[c].min, apart[c].min) || !same(got[c].max, apart[c].max)) {
                f.differs("gradient of channels", "channel %zu in place or streamed: other sums", c);
            }
        }
    };
    for (tensor* const place : {static_cast<tensor*>(nullptr), &grad, &in}) {
        check_gradient(fast{}, place);
        check_gradient(typename fast::for_large_tensors{}, place);
    }

    std::vector<quant_range> least(s.channels);
    std::vector<quant_range> found(s.channels);
    definition::min_max_channels(in.span(), least, s.inner);
    fast::min_max_channels(in.span(), found, s.inner);
    floats scales;
    for (std::size_t c = 0; c < s.channels; ++c) {
        scales.push_back(least[c].max);
        if (same(found[c].min, least[c].min) && same(found[c].max, least[c].max)) continue;
        f.differs("min_max of channels", "channel %zu: %a %a, expected %a %a", c, static_cast<double>(found[c].min),
                  static_cast<double>(found[c].max), static_cast<double>(least[c].min),
                  static_cast<double>(least[c].max));
    }

    definition::scale_channels(in.span(), expected, scales, s.inner);
    fast::scale_channels(in.span(), out.span(), scales, s.inner);
    compare("scaled channels", out.span(), expected, f);
    if (!out.guarded()) {
        f.differs("channels", "%zu x %zu x %zu, shift %zu: wrote outside", s.outer, s.channels, s.inner, shift);
    }
}

/// Products around FLT_MIN, of which some are flushed to zero: those below it before they are rounded, or after.
template <class N>
void check_tiny_products(findings& f) {
    std::mt19937 random(3);
    floats in;
    floats scales;
    for (int i = 0; i < 4000; ++i) {
        const float a = std::bit_cast<float>(static_cast<std::uint32_t>(0x3f800000U + (random() & 0x7fffffU)));
        const float inverse = std::bit_cast<float>(
            static_cast<std::uint32_t>(std::bit_cast<std::uint32_t>(1.0F / a) + random() % 5U - 2U));
        in.push_back(a * 0x1p-64F);
        scales.push_back(inverse * 0x1p-62F);
    }
    floats expected(in.size());
    floats got(in.size());
    qgraft::scalar<N>::scale_channels(in, expected, scales, 1);
    qgraft::simd<N>::scale_channels(in, got, scales, 1);
    compare("tiny products", got, expected, f);
    for (const float scale : {1e-38F, 0x1.5p-124F, 3e-37F}) {
        for (std::size_t i = 0; i < in.size(); ++i) in[i] = scale * static_cast<float>(i % 700) / 2.0F - 2e-37F;
        const quant_range range{-2e-37F, 255.0F * scale};
        qgraft::scalar<N>::fake_quantize(in, expected, range, {});
        qgraft::simd<N>::fake_quantize(in, got, range, {});
        compare("tiny steps", got, expected, f);
    }
}

/// Channels outer, in the middle and innermost, in numbers that are whole vectors and others.
template <class N>
void check_all_channels(const effort& e, findings& f) {
    check_tiny_products<N>(f);
    for (std::size_t channels = 1; channels <= std::min<std::size_t>(e.longest, 67); ++channels) {
        for (const std::size_t outer : {1U, 3U, 9U, 70U}) {
            const bool odd = (channels + outer) % 3 == 0;
            check_channels<N>({outer, channels, 1}, (channels + outer) % e.shifts, channel_ranges(channels, odd), {},
                              f);
        }
    }
    for (std::size_t inner = 2; inner <= e.longest; inner += inner < 20 ? 1 : 13) {
        for (const std::size_t outer : {1U, 2U, 5U}) {
            for (const std::size_t channels : {1U, 3U, 8U}) {
                check_channels<N>({outer, channels, inner}, inner % e.shifts, channel_ranges(channels, inner % 3 == 0),
                                  specs()[inner % specs().size()], f);
            }
        }
    }
    for (const shape& s : {shape{700, 64, 1}, shape{300, 65, 1}, shape{9, 2100, 1}, shape{61, 136, 1},
                           shape{57, 700, 1}, shape{40, 1, 1}, shape{3000, 3, 1}, shape{2, 2, 17000}, shape{30, 7, 130},
                           shape{100, 4, 49}, shape{0, 4, 2}}) {
        for (const bool odd : {false, true}) {
            check_channels<N>(s, s.channels % e.shifts, channel_ranges(s.channels, odd), {}, f);
        }
    }
    for (std::size_t shift = 0; shift < e.shifts; ++shift) {
        for (const std::size_t channels : {5U, 16U, 48U}) {
            check_channels<N>({33, channels, 1}, shift, channel_ranges(channels, shift % 2 != 0), {.bits = 4}, f);
        }
    }
}

}  // namespace simd_check

#endif  // QGRAFT_TESTS_KERNELS_SIMD_CHECK_CHANNELS_HPP
