// Texts that stay where they are, and the way from a text to its number in a list.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_TEXTS_HPP
#define QGRAFT_GRAPHDEF_TEXTS_HPP

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace qgraft::graphdef {

/// Texts one behind the other in large pieces of memory, which last as long as the pool does.
class text_pool {
public:
    /// Room for a text of up to `size` characters. It is there until the next text is kept.
    [[nodiscard]] char* room_for(std::size_t size) {
        if (left_ < size) {
            left_ = std::max(size, piece);
            next_ = pieces_.emplace_back(std::make_unique_for_overwrite<char[]>(left_)).get();
        }
        return next_;
    }

    /// The same text, for as long as the pool lasts. One that has been written into the room is not copied, nor is one
    /// that is kept in the last piece already.
    std::string_view keep(std::string_view text) {
        if (text.empty() || is_in_last_piece(text)) return text;
        char* const room = room_for(text.size());
        if (text.data() != room) std::memcpy(room, text.data(), text.size());
        next_ += text.size();
        left_ -= text.size();
        return {room, text.size()};
    }

private:
    static constexpr std::size_t piece = std::size_t{1} << 15;

    [[nodiscard]] bool is_in_last_piece(std::string_view text) const {
        constexpr std::less<const char*> is_before;
        return !pieces_.empty() && !is_before(text.data(), pieces_.back().get()) && is_before(text.data(), next_);
    }

    std::vector<std::unique_ptr<char[]>> pieces_;
    char* next_ = nullptr;  ///< the room, in the last piece
    std::size_t left_ = 0;
};

namespace detail {

/// Eight characters at once, their ASCII capitals made small.
inline std::uint64_t small_letters(std::uint64_t eight) noexcept {
    constexpr std::uint64_t each = 0x0101010101010101U;
    const std::uint64_t low = eight & (0x7f * each);
    const std::uint64_t from_a = low + ('\x7f' - 'A' + 1) * each;
    const std::uint64_t after_z = low + ('\x7f' - 'Z') * each;
    return eight | ((from_a & ~after_z & ~eight & (0x80 * each)) >> 2U);
}

/// Eight characters of a text.
inline std::uint64_t eight_at(const char* text) noexcept {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text, 8);
    return eight;
}

/// Four characters of a text.
inline std::uint32_t four_at(const char* text) noexcept {
    std::uint32_t four = 0;
    std::memcpy(&four, text, 4);
    return four;
}

/// A number of characters, fewer than eight.
inline std::uint64_t fewer_at(const char* text, std::size_t count) noexcept {
    std::uint64_t some = 0;
    for (std::size_t i = 0; i < count; ++i) some = some << 8U | static_cast<unsigned char>(text[i]);
    return some;
}

/// Hashes a text without regard to case.
inline std::uint32_t folded_hash(std::string_view text) noexcept {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15U;
    // A letter differs from its capital in this bit.
    constexpr std::uint64_t small = 0x2020202020202020U;
    std::uint64_t h = text.size();
    const auto mix = [&h](std::uint64_t some) {
        h = (h ^ (some | small)) * odd;
        h ^= h >> 32U;
    };
    if (text.size() < 4) {
        mix(fewer_at(text.data(), text.size()));
    } else if (text.size() < 8) {
        mix(four_at(text.data()) | std::uint64_t{four_at(text.data() + text.size() - 4)} << 32U);
    } else {
        const char* const last = text.data() + text.size() - 8;
        for (const char* at = text.data(); at < last; at += 8) mix(eight_at(at));
        mix(eight_at(last));
    }
    return static_cast<std::uint32_t>(h);
}

/// Compares texts without regard to case.
inline bool folded_equal(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    std::size_t i = 0;
    for (; i + 8 <= a.size(); i += 8) {
        if (small_letters(eight_at(a.data() + i)) != small_letters(eight_at(b.data() + i))) return false;
    }
    const std::size_t rest = a.size() - i;
    return small_letters(fewer_at(a.data() + i, rest)) == small_letters(fewer_at(b.data() + i, rest));
}

/// Finds things that have numbers by their hashes: with open addressing, at most half of the places held.
class hash_index {
public:
    static constexpr std::uint32_t none = 0xffffffffU;

    /// Makes room for this many.
    void reserve(std::size_t count) {
        if (2 * count > places_.size()) spread(2 * count);
    }

    /// The number that was added with this hash and that `is_it` accepts, or none.
    template <class F>
    [[nodiscard]] std::uint32_t find(std::uint32_t hash, const F& is_it) const {
        if (places_.empty()) return none;
        for (std::size_t at = hash & mask(); places_[at].number != none; at = (at + 1) & mask()) {
            if (places_[at].hash == hash && is_it(places_[at].number)) return places_[at].number;
        }
        return none;
    }

    /// Adds a number.
    void add(std::uint32_t hash, std::uint32_t number) {
        if (2 * (held_ + 1) > places_.size()) spread(std::max<std::size_t>(64, 2 * places_.size()));
        put({hash, number});
        ++held_;
    }

private:
    struct place {
        std::uint32_t hash = 0;
        std::uint32_t number = none;
    };

    [[nodiscard]] std::size_t mask() const noexcept { return places_.size() - 1; }

    void put(place p) {
        std::size_t at = p.hash & mask();
        while (places_[at].number != none) at = (at + 1) & mask();
        places_[at] = p;
    }

    /// Over as many places, made a power of two.
    void spread(std::size_t count) {
        const std::vector<place> before = std::exchange(places_, std::vector<place>(std::bit_ceil(count)));
        for (const place p : before) {
            if (p.number != none) put(p);
        }
    }

    std::vector<place> places_;
    std::size_t held_ = 0;
};

}  // namespace detail

}  // namespace qgraft::graphdef

#endif
