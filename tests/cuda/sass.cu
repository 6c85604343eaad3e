// Instantiates kernels of cuda for sass.py to look at.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/kernels/cuda.hpp>

namespace {

namespace detail = qgraft::detail;
using executor = detail::cuda_executor;

template <class Op>
void elements(const Op& op, cudaStream_t stream) {
    executor::run(detail::runs_plan{}, op, nullptr, stream);
    if constexpr (Op::per_channel) executor::run(detail::lanes_plan{}, op, nullptr, stream);
}

template <class Op>
void sums(const Op& op, cudaStream_t stream) {
    executor::run(detail::runs_plan{}, op, nullptr, stream);
    executor::run(detail::lanes_plan{}, op, nullptr, stream);
    executor::finish(detail::runs_plan{}, op, nullptr, stream);
    executor::finish(detail::lanes_plan{}, op, nullptr, stream);
}

template <class N>
void kernels(cudaStream_t stream) {
    elements(detail::forward_op<N, false>{nullptr, nullptr, qgraft::quant_range{}, {}}, stream);
    elements(detail::forward_op<N, true>{nullptr, nullptr, qgraft::quant_range{}, {}}, stream);
    sums(detail::gradient_op<N>{nullptr, nullptr, nullptr, qgraft::quant_range{}, {}, {}}, stream);
}

template <class N, unsigned Bits, bool Signed>
void dequantize(const detail::units_plan& plan, cudaStream_t stream) {
    executor::run(plan, detail::dequantize_op<N, Bits, Signed>{nullptr, nullptr, 0, qgraft::quant_range{}, {}, 0},
                  static_cast<detail::no_sum*>(nullptr), stream);
}

template <class N>
void others(cudaStream_t stream) {
    sums(detail::extremes_op<N>{}, stream);
    elements(detail::scale_op<N>{}, stream);
    const detail::units_plan plan{};
    detail::no_sum* const none = nullptr;
    executor::run(plan, detail::quantize_op<N, 16>{nullptr, nullptr, 0, qgraft::quant_range{}, {}, 0}, none, stream);
    executor::run(plan, detail::quantize_op<N, 8>{nullptr, nullptr, 0, qgraft::quant_range{}, {}, 0}, none, stream);
    executor::run(plan, detail::quantize_op<N, 4>{nullptr, nullptr, 0, qgraft::quant_range{}, {}, 0}, none, stream);
    dequantize<N, 16, true>(plan, stream);
    dequantize<N, 16, false>(plan, stream);
    dequantize<N, 8, true>(plan, stream);
    dequantize<N, 8, false>(plan, stream);
    dequantize<N, 4, true>(plan, stream);
}

template <class... Observers>
void updates(cudaStream_t stream) {
    (executor::each(1, detail::update_op<Observers>{}, stream), ...);
}

}  // namespace

void all_kernels(cudaStream_t stream) {
    kernels<qgraft::tf115>(stream);
    kernels<qgraft::tf2>(stream);
    kernels<qgraft::tf2_args>(stream);
    kernels<qgraft::torch>(stream);
#ifdef QGRAFT_ALL_NUMERICS
    kernels<qgraft::tf115_args>(stream);
    kernels<qgraft::torch_fused>(stream);
#endif
    others<qgraft::tf115>(stream);
    others<qgraft::tf2>(stream);
    others<qgraft::torch>(stream);
    updates<qgraft::last_value, qgraft::running_min_max, qgraft::plain_moving_average, qgraft::moving_average,
            qgraft::torch_min_max, qgraft::torch_moving_average>(stream);
}
