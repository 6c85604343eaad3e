// The device that tests and benchmarks of cuda run on, if there is one.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_CUDA_DEVICE_HPP
#define QGRAFT_TESTS_CUDA_DEVICE_HPP

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace cuda_check {

/// What ctest takes for "skipped".
inline constexpr int skipped = 77;

inline void require(cudaError_t status) {
    if (status != cudaSuccess) throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(status));
}

/// Says which device there is, or in one line that there is none.
inline bool has_device() {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status != cudaSuccess || count == 0) {
        std::printf("skipped: no CUDA device here (%s)\n", cudaGetErrorString(status));
        return false;
    }
    cudaDeviceProp properties{};
    require(cudaGetDeviceProperties(&properties, 0));
    std::printf("on a %s\n", properties.name);
    return true;
}

/// Memory of the device.
struct device_memory {
    static constexpr cudaStream_t stream = nullptr;

    static void* allocate(std::size_t bytes) {
        void* p = nullptr;
        require(cudaMalloc(&p, bytes));
        return p;
    }
    static void release(void* p) { cudaFree(p); }
    static void copy(void* to, const void* from, std::size_t bytes) {
        require(cudaMemcpy(to, from, bytes, cudaMemcpyDefault));
    }
};

}  // namespace cuda_check

#endif  // QGRAFT_TESTS_CUDA_DEVICE_HPP
