// What nvcc makes of cuda's kernels, translated to run here, against the scalar definition.
// SPDX-License-Identifier: Apache-2.0
//
// usage: ptx_program [LONGEST]        all lengths up to LONGEST
#include "check_channels.hpp"
#include "check_observers.hpp"
#include "check_tensor.hpp"
#include "host_executor.hpp"
#include "ptx_executor.hpp"

#include <cstdlib>
#include <exception>

namespace {

template <class N>
void check(std::size_t longest, cuda_check::findings& f) {
    cuda_check::check_tensors<N, cuda_check::ptx_kernels<N>, cuda_check::host_memory>(longest, f);
    cuda_check::check_all_channels<N, cuda_check::ptx_kernels<N>, cuda_check::host_memory>(longest, f);
}

}  // namespace

int main(int argc, char** argv) try {
    const auto longest = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 40);
    cuda_check::findings f;
    check<qgraft::tf115>(longest, f);
    check<qgraft::tf2>(longest, f);
    check<qgraft::torch>(longest, f);
    cuda_check::check_observers<cuda_check::ptx_kernels<qgraft::tf2>, cuda_check::ptx_kernels<qgraft::torch>,
                                cuda_check::host_memory>(f);
    for (const auto& [name, kernel] : ptx::kernels()) {
        if (!cuda_check::ptx_executor::used().contains(name)) f.differs("%s was not run", name.c_str());
    }
    std::printf("%zu kernels, %zu values compared, %zu differences\n", ptx::kernels().size(), f.compared, f.count);
    return f.count == 0 ? 0 : 1;
} catch (const std::exception& e) {
    std::printf("%s\n", e.what());
    return 1;
}
