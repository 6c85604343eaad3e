// The kernels of cuda on a GPU against the scalar definition. Exits 77 where there is no GPU.
// SPDX-License-Identifier: Apache-2.0
//
// usage: device_program [LONGEST]        all lengths up to LONGEST
#include "check_channels.hpp"
#include "check_observers.hpp"
#include "check_tensor.hpp"
#include "device.hpp"

#include <qgraft/kernels/cuda.hpp>

#include <cstdlib>
#include <cstring>
#include <exception>

namespace {

template <class N>
void check(std::size_t longest, cuda_check::findings& f) {
    cuda_check::check_tensors<N, qgraft::cuda<N>, cuda_check::device_memory>(longest, f);
    cuda_check::check_all_channels<N, qgraft::cuda<N>, cuda_check::device_memory>(longest, f);
}

/// Where there is no device, calls say so; nothing is looked at.
void check_error_without_device() {
    const cudaError_t status =
        qgraft::cuda<>::fake_quantize({static_cast<const float*>(nullptr), 8}, {static_cast<float*>(nullptr), 8},
                                      qgraft::quant_range{-1.0F, 1.0F}, {}, nullptr);
    if (status == cudaSuccess) throw std::runtime_error("a kernel was started without a device");
}

/// The same sums, bit for bit, in many runs.
void check_repeats(cuda_check::findings& f) {
    using memory = cuda_check::device_memory;
    using kernels = qgraft::cuda<qgraft::tf2>;
    const cuda_check::floats g = cuda_check::gradients(3000000, 5, false);
    cuda_check::placed<float, memory> grad(g, 0);
    cuda_check::placed<float, memory> dx(g, 0);
    cuda_check::placed<float, memory> sums({0.0F, 0.0F}, 0);
    cuda_check::placed<std::byte, memory> workspace(std::vector<std::byte>(kernels::workspace_size(g.size())), 0);
    cuda_check::floats first;
    for (int run = 0; run < 20; ++run) {
        cuda_check::require(kernels::fake_quantize_gradient(
            grad.in(), grad.in(), dx.span(), qgraft::quant_range{-0.3F, 0.4F},
            {sums.span().data(), sums.span().data() + 1}, {}, workspace.span(), memory::stream));
        const cuda_check::floats now = sums.read("sums", f);
        if (first.empty()) first = now;
        if (now != first) f.differs("sums differ between runs");
    }
}

}  // namespace

int main(int argc, char** argv) try {
    if (!cuda_check::has_device()) {
        check_error_without_device();
        return cuda_check::skipped;
    }
    const auto longest = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 40);
    cuda_check::findings f;
    check<qgraft::tf115>(longest, f);
    check<qgraft::tf115_args>(longest, f);
    check<qgraft::tf2>(longest, f);
    check<qgraft::tf2_args>(longest, f);
    check<qgraft::torch>(longest, f);
    check<qgraft::torch_fused>(longest, f);
    check_repeats(f);
    cuda_check::check_observers<qgraft::cuda<qgraft::tf2>, qgraft::cuda<qgraft::torch>, cuda_check::device_memory>(f);
    cuda_check::require(cudaDeviceSynchronize());
    std::printf("%zu values compared, %zu differences\n", f.compared, f.count);
    return f.count == 0 ? 0 : 1;
} catch (const std::exception& e) {
    std::printf("%s\n", e.what());
    return 1;
}
