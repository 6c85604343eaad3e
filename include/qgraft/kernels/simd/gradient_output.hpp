// Where the vector kernels of gradients write: as usual, past the caches, or in the place of what they read.
// SPDX-License-Identifier: Apache-2.0

// Included once an instruction set, between begin.hpp and end.hpp.
#ifdef QGRAFT_SIMD_ISA

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace QGRAFT_SIMD_ISA {

enum class writing { plain, streamed, in_place };

/// Where the gradient of some elements is written. In place what that overwrites is kept, since it may be needed once
/// more for the sums.
struct target {
    float* dx;
    float* kept;  ///< in place; else dx
    writing way;

    /// The same from the i-th element on.
    QGRAFT_SIMD_FN target from(std::size_t i) const { return {dx + i, kept + i, way}; }

    /// What was read there, also where dx has overwritten it.
    QGRAFT_SIMD_FN const float* unchanged(const float* read) const {
        return way == writing::in_place && read == dx ? kept : read;
    }

    /// A vector to the i-th place.
    template <writing Way>
    QGRAFT_SIMD_FN void put(std::size_t i, vec a) const {
        if constexpr (Way == writing::in_place) store(kept + i, load(dx + i));
        put_one(dx + i, a, Way == writing::streamed);
    }

    /// Two vectors to the i-th place and the next.
    template <writing Way>
    QGRAFT_SIMD_FN void put_two(std::size_t i, vec a, vec b) const {
        put<Way>(i, a);
        put<Way>(i + lanes, b);
    }

    /// The first n <= lanes elements of a vector; never streamed.
    QGRAFT_SIMD_FN void put_up_to(std::size_t i, vec a, std::size_t n) const {
        if (way == writing::in_place) store_up_to(kept + i, load_up_to(dx + i, n), n);
        store_up_to(dx + i, a, n);
    }
};

/// Whether n gradients are numbers whose magnitudes add up to less than 2^126, so that no sum of them is infinite.
QGRAFT_SIMD_FN bool have_finite_sums(const float* grad, std::size_t n) {
    vec even = set(0.0F);
    vec odd = even;
    std::size_t i = 0;
    for (; i + 2 * lanes <= n; i += 2 * lanes) {
        even = add(even, magnitude(load(grad + i)));
        odd = add(odd, magnitude(load(grad + i + lanes)));
    }
    for (; i < n; i += lanes) even = add(even, magnitude(load_up_to(grad + i, n - i)));
    return all(less(add(even, odd), set(0x1p126F)));
}

/// Where a gradient is written, from the first element to the last: to the tensor itself, or to a small buffer first,
/// where streams need whole aligned vectors of the tensor, or sums may need what is read once more. For that, in place,
/// what is overwritten is kept; of large tensors the gradients are looked at first, since the copy would take the cache
/// from them.
class output {
public:
    /// `held` has room for the most elements that are written at a time and two vectors.
    QGRAFT_SIMD_FN output(float* out, bool in_place, bool large, float* held)
        : out_(out),
          held_(held),
          looks_(in_place && large),
          streams_(!in_place && large),
          keeps_(in_place && !large),
          waits_(streams_ && floats_to_alignment(out) != 0) {}

    /// Where the gradients of the next n elements of grad are to be written.
    QGRAFT_SIMD_FN target next(const float* grad, std::size_t n) {
        if (looks_) waits_ = !have_finite_sums(grad, n);
        if (waits_) return {held_ + count_, held_ + count_, writing::plain};
        if (keeps_) return {out_, held_, writing::in_place};
        return {out_, out_, streams_ ? writing::streamed : writing::plain};
    }

    /// The next n elements are there.
    QGRAFT_SIMD_FN void wrote(std::size_t n) {
        if (!waits_) {
            out_ += n;
            return;
        }
        const std::size_t count = count_ + n;
        std::size_t i = streams_ ? floats_to_alignment(out_) : 0;
        if (i > count) i = count;
        if (i != 0) store_first(out_, load(held_), i);
        for (; i + lanes <= count; i += lanes) put_one(out_ + i, load(held_ + i), streams_);
        out_ += i;
        count_ = count - i;
        if (count_ != 0) store(held_, load(held_ + i));
        if (looks_) write_rest();
    }

    QGRAFT_SIMD_FN void finish() {
        if (waits_) write_rest();
        if (streams_) fence();
    }

private:
    QGRAFT_SIMD_FN void write_rest() {
        if (count_ != 0) store_first(out_, load(held_), count_);
        out_ += count_;
        count_ = 0;
    }

    float* out_;
    float* held_;
    bool looks_;  // at gradients, before they are overwritten
    bool streams_;
    bool keeps_;             // what is overwritten
    bool waits_;             // in the buffer, for a whole vector or the sums
    std::size_t count_ = 0;  // elements that wait
};

}  // namespace QGRAFT_SIMD_ISA
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif
