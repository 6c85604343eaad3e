// The functors and the plans of cuda, run on the host by whatever compiles this, against the scalar definition.
// SPDX-License-Identifier: Apache-2.0
//
// usage: host_program [LONGEST]        all lengths up to LONGEST
#include "check_channels.hpp"
#include "check_observers.hpp"
#include "check_tensor.hpp"
#include "host_executor.hpp"

#include <cstdlib>

namespace {

template <class N>
void check(std::size_t longest, cuda_check::findings& f) {
    cuda_check::check_tensors<N, cuda_check::host_kernels<N>, cuda_check::host_memory>(longest, f);
    cuda_check::check_all_channels<N, cuda_check::host_kernels<N>, cuda_check::host_memory>(longest, f);
}

}  // namespace

int main(int argc, char** argv) {
    const auto longest = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 40);
    cuda_check::findings f;
    check<qgraft::tf2>(longest, f);
    cuda_check::check_observers<cuda_check::host_kernels<qgraft::tf2>, cuda_check::host_kernels<qgraft::torch>,
                                cuda_check::host_memory>(f);
#ifndef QGRAFT_ONE_NUMERICS
    check<qgraft::tf115>(longest, f);
    check<qgraft::tf115_args>(longest, f);
    check<qgraft::tf2_args>(longest, f);
    check<qgraft::torch>(longest, f);
    check<qgraft::torch_fused>(longest, f);
#endif
    std::printf("%zu values compared, %zu differences\n", f.compared, f.count);
    return f.count == 0 ? 0 : 1;
}
