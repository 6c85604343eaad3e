// Runs the plans of cuda by kernels that were translated from PTX, block by block.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_CUDA_PTX_EXECUTOR_HPP
#define QGRAFT_TESTS_CUDA_PTX_EXECUTOR_HPP

#include "ptx_machine.hpp"

#include <qgraft/kernels/cuda/kernels.hpp>
#include <qgraft/kernels/cuda/loops.hpp>

#include <cxxabi.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <vector>

namespace cuda_check {

namespace detail = qgraft::detail;

/// The name of a type without namespaces, as ptx_to_cpp.py writes it.
template <class T>
std::string plain_name() {
    const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(typeid(T).name(), nullptr, nullptr, nullptr),
                                                      std::free);
    const std::string plain =
        std::regex_replace(std::string(name.get()), std::regex(R"(qgraft::|detail::|isa_\d+::|\s)"), "");
    return std::regex_replace(plain, std::regex(R"((\d)u\b)"), "$1");
}

struct ptx_executor {
    using status = int;
    using stream_type = int;

    static status none() { return 0; }

    /// The kernels that were run.
    static std::set<std::string>& used() {
        static std::set<std::string> names;
        return names;
    }

    template <class Op>
    static status run(const detail::runs_plan& plan, const Op& op, typename Op::sum* sums, int) {
        return launch(kernel_of<Op>("runs_kernel<"), plan.blocks(), &plan, &op, &sums);
    }

    template <class Op>
    static status run(const detail::lanes_plan& plan, const Op& op, typename Op::sum* sums, int) {
        return launch(kernel_of<Op>(plan.width == 4 ? "lanes_kernel<4," : "lanes_kernel<1,"), plan.blocks(), &plan, &op,
                      &sums);
    }

    template <class Op>
    static status run(const detail::units_plan& plan, const Op& op, detail::no_sum*, int) {
        return launch(kernel_of<Op>("units_kernel<"), plan.blocks(), &plan, &op);
    }

    template <class Op>
    static status each(std::size_t count, const Op& op, int) {
        return launch(kernel_of<Op>("each_kernel<"), (count + detail::device_threads - 1) / detail::device_threads,
                      &count, &op);
    }

    template <class Plan, class Op>
    static status finish(const Plan& plan, const Op& op, const typename Op::sum* sums, int) {
        const std::size_t count = plan.outer * plan.inner;
        return launch(kernel_of<Op>("finish_kernel<" + plain_name<Plan>() + ","), plan.channels, &plan, &op, &sums,
                      &count);
    }

private:
    template <class Op>
    static const ptx::kernel& kernel_of(const std::string& shell) {
        static std::map<std::string, const ptx::kernel*> found;
        const ptx::kernel*& k = found[shell];
        if (k == nullptr) {
            const std::string name = shell + plain_name<Op>() + ">";
            const auto at = ptx::kernels().find(name);
            if (at == ptx::kernels().end()) throw std::runtime_error("no kernel was translated that is " + name);
            used().insert(name);
            k = &at->second;
        }
        return *k;
    }

    template <class... Parameters>
    static status launch(const ptx::kernel& kernel, std::size_t blocks, const Parameters*... parameters) {
        const std::array<const void*, sizeof...(Parameters)> given{parameters...};
        const std::size_t stride = (kernel.register_bytes + 15) / 16 * 16;
        std::vector<unsigned char> registers(stride * detail::device_threads);
        alignas(16) std::array<unsigned char, std::size_t{16} * detail::device_threads> shared{};
        for (std::size_t block = 0; block < blocks; ++block) {
            for (unsigned t = 0; t < detail::device_threads; ++t) std::memset(&registers[t * stride], 0, sizeof(int));
            for (std::size_t done = 0; done < detail::device_threads;) {
                done = 0;
                for (unsigned t = 0; t < detail::device_threads; ++t) {
                    ptx::thread thread{given.data(), &registers[t * stride], shared.data(), t,
                                       static_cast<std::uint32_t>(block)};
                    done += kernel.run(thread) ? 1 : 0;
                }
                if (done != 0 && done != detail::device_threads)
                    throw std::runtime_error("PTX: not all are at a barrier");
            }
        }
        return 0;
    }
};

/// The functions of cuda, by translated kernels.
template <class Numerics>
using ptx_kernels = detail::device_kernels<Numerics, ptx_executor>;

}  // namespace cuda_check

#endif  // QGRAFT_TESTS_CUDA_PTX_EXECUTOR_HPP
