// How parallel cuts a tensor, and how it runs the pieces; part of parallel.hpp.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_PARALLEL_PIECES_HPP
#define QGRAFT_KERNELS_PARALLEL_PIECES_HPP

#include <qgraft/kernels/policy.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <exception>

namespace qgraft {

/// What a Splitter is given to call: does the piece of this number, 0 ... count - 1. Refers to what lives until the
/// Splitter returns. Never throws.
class piece_function {
public:
    QGRAFT_ALWAYS_INLINE piece_function(void* work, void (*run)(void*, std::size_t)) noexcept
        : work_(work), run_(run) {}
    QGRAFT_ALWAYS_INLINE void operator()(std::size_t piece) const noexcept { run_(work_, piece); }

private:
    void* work_;
    void (*run_)(void*, std::size_t);
};

/// A callable split(count, piece) that calls piece(i) once for each i from 0 to count - 1, on any threads and in any
/// order, and returns when all have returned: a framework's own thread pool.
template <class S>
concept piece_split = requires(const S& split, std::size_t count, piece_function piece) {
    split(count, piece);
};

namespace detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// The elements of a piece, unless there are good reasons: enough that the work is worth a thread's while.
inline constexpr std::size_t piece_elements = 4 * gradient_block;

/// Calls work(i) for each piece through the split. The first exception of a piece is thrown again when all are done.
template <class Splitter, class Work>
void run_pieces(const Splitter& split, std::size_t count, Work&& work) {
    if (count == 1) {
        work(std::size_t{0});
        return;
    }
    struct shared {
        Work& work;
        std::atomic<bool> failed{false};
        std::exception_ptr error{};
    } all{work};
    split(count, piece_function(&all, [](void* to, std::size_t i) {
              auto& a = *static_cast<shared*>(to);
              try {
                  a.work(i);
              } catch (...) {
                  if (!a.failed.exchange(true)) a.error = std::current_exception();
              }
          }));
    if (all.error) std::rethrow_exception(all.error);
}

/// `size` things cut into pieces of `step` or a multiple of it; what is left over goes to the last.
struct cut {
    std::size_t size;
    std::size_t step;
    std::size_t count;

    /// Pieces of about `elements` elements where each thing has `each` of them.
    static cut of(std::size_t size, std::size_t unit, std::size_t each,
                  std::size_t elements = piece_elements) noexcept {
        const std::size_t one = unit * each;
        const std::size_t units = one == 0 || one >= elements ? 1 : elements / one;
        const std::size_t step = unit * units;
        const std::size_t count = step == 0 ? 1 : size / step;
        return {size, step, count == 0 ? 1 : count};
    }

    std::size_t begin(std::size_t i) const noexcept { return i * step; }
    std::size_t end(std::size_t i) const noexcept { return i + 1 == count ? size : (i + 1) * step; }
};

/// The range of both: NaN where either has it.
constexpr quant_range join(quant_range a, quant_range b) noexcept {
    if (a.min != a.min) return a;
    if (b.min != b.min) return b;
    return {b.min < a.min ? b.min : a.min, b.max > a.max ? b.max : a.max};
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace detail
}  // namespace qgraft

#endif  // QGRAFT_KERNELS_PARALLEL_PIECES_HPP
