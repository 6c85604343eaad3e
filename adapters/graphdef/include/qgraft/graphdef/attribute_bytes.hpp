// The bytes of attributes as TensorFlow's schema has them: what a rewrite writes into new nodes.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_ATTRIBUTE_BYTES_HPP
#define QGRAFT_GRAPHDEF_ATTRIBUTE_BYTES_HPP

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <qgraft/graph/shape.hpp>
#include <qgraft/graphdef/messages.hpp>

namespace qgraft::graphdef {

/// Appends the fields of binary messages to a text. Numbers of fields are below 16.
namespace wire {

/// Writes a number of up to ten bytes, and returns its end.
inline char* put_varint(char* at, std::uint64_t number) noexcept {
    for (; number >= 0x80U; number >>= 7U) *at++ = static_cast<char>(number | 0x80U);
    *at++ = static_cast<char>(number);
    return at;
}

/// The tag of a field, and the number after it.
inline char* put_tagged(char* at, unsigned tag, std::uint64_t number) noexcept {
    *at = static_cast<char>(tag);
    return put_varint(at + 1, number);
}

/// A field that holds a text or a message.
inline char* put_bytes(char* at, unsigned field, std::string_view content) noexcept {
    at = put_tagged(at, field << 3U | 2U, content.size());
    return std::copy(content.begin(), content.end(), at);
}

/// The bytes that a number takes.
inline std::size_t size_of_varint(std::uint64_t number) noexcept {
    return static_cast<std::size_t>(std::bit_width(number | 1U) + 6) / 7;
}

/// The bytes that a field of this content takes.
inline std::size_t size_of_bytes(std::string_view content) noexcept {
    return 1 + size_of_varint(content.size()) + content.size();
}

inline void varint(std::string& out, std::uint64_t number) {
    std::array<char, 10> bytes;
    const char* const end = put_varint(bytes.data(), number);
    out.append(bytes.data(), static_cast<std::size_t>(end - bytes.data()));
}

/// Reads a number that was written here, and moves `at` behind it.
inline std::uint64_t read_varint(std::string_view bytes, std::size_t& at) {
    std::uint64_t number = 0;
    for (unsigned shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes[at++]);
        number |= std::uint64_t{byte & 0x7fU} << shift;
        if (byte < 0x80U) return number;
    }
}

/// The tag of a field, and the number after it.
inline void tagged(std::string& out, unsigned tag, std::uint64_t number) {
    std::array<char, 11> bytes;
    const char* const end = put_tagged(bytes.data(), tag, number);
    out.append(bytes.data(), static_cast<std::size_t>(end - bytes.data()));
}

/// A field that holds a number.
inline void number(std::string& out, unsigned field, std::uint64_t value) { tagged(out, field << 3U, value); }

/// A field that holds a text or a message.
inline void bytes(std::string& out, unsigned field, std::string_view content) {
    tagged(out, field << 3U | 2U, content.size());
    out.append(content);
}

/// A field that holds a text and is left out where that is empty, as outside of lists and maps.
inline void text(std::string& out, unsigned field, std::string_view content) {
    if (!content.empty()) bytes(out, field, content);
}

/// The bytes of a number that has a fixed width, the lowest first.
template <std::unsigned_integral Number>
void fixed(std::string& out, Number number) {
    for (unsigned shift = 0; shift < 8 * sizeof(Number); shift += 8) {
        out.push_back(static_cast<char>(number >> shift & 0xffU));
    }
}

}  // namespace wire

/// Spells AttrValue messages. Each function returns the bytes of one, which last until the next call.
class attribute_bytes {
public:
    [[nodiscard]] std::string_view of(element_type t) { return of_number(6, static_cast<std::uint64_t>(t)); }
    [[nodiscard]] std::string_view of(bool b) { return of_number(5, b ? 1 : 0); }
    [[nodiscard]] std::string_view of(std::int64_t i) { return of_number(3, static_cast<std::uint64_t>(i)); }
    [[nodiscard]] std::string_view of(std::string_view s) {
        value_.clear();
        wire::bytes(value_, 2, s);
        return value_;
    }
    [[nodiscard]] std::string_view of(const tensor_shape& shape) {
        value_.clear();
        wire::bytes(value_, 7, spelled(shape));
        return value_;
    }

    /// An attribute that there is already.
    template <class AttrValue>
    requires requires(const AttrValue& a, std::string& s) { a.SerializeToString(&s); }
    [[nodiscard]] std::string_view of(const AttrValue& a) {
        value_ = detail::deterministic_bytes(a);
        return value_;
    }

    /// A list of shapes.
    [[nodiscard]] std::string_view of(std::span<const tensor_shape> shapes) {
        inner_.clear();
        for (const tensor_shape& s : shapes) wire::bytes(inner_, 7, spelled(s));
        return of_message(1);
    }
    /// A list of texts.
    [[nodiscard]] std::string_view of(std::span<const std::string> texts) {
        inner_.clear();
        for (const std::string& s : texts) wire::bytes(inner_, 2, s);
        return of_message(1);
    }
    /// A list of integers; an empty one is an empty list of any kind.
    [[nodiscard]] std::string_view of(std::span<const std::int64_t> integers) {
        pack(integers);
        inner_.clear();
        if (!packed_.empty()) wire::bytes(inner_, 3, packed_);
        return of_message(1);
    }

    /// A tensor every element of which is this integer, of 32 or 64 bits.
    [[nodiscard]] std::string_view tensor(element_type type, const tensor_shape& shape, std::int64_t number) {
        begin_tensor(type, shape);
        pack(std::span(&number, 1));
        wire::bytes(inner_, type == element_type::int64 ? 10 : 7, packed_);
        return of_message(8);
    }
    /// A tensor every element of which is this number, of 32-bit floats.
    [[nodiscard]] std::string_view tensor(const tensor_shape& shape, float number) {
        begin_tensor(element_type::float32, shape);
        packed_.clear();
        wire::fixed(packed_, std::bit_cast<std::uint32_t>(number));
        wire::bytes(inner_, 5, packed_);
        return of_message(8);
    }
    /// A tensor of these 32-bit numbers, integers or floats.
    template <class Number>
    [[nodiscard]] std::string_view tensor(element_type type, const tensor_shape& shape, std::span<const Number> data) {
        begin_tensor(type, shape);
        packed_.clear();
        packed_.reserve(data.size_bytes());
        for (const Number n : data) wire::fixed(packed_, std::bit_cast<std::uint32_t>(n));
        if (!packed_.empty()) wire::bytes(inner_, 4, packed_);
        return of_message(8);
    }

private:
    [[nodiscard]] std::string_view of_number(unsigned field, std::uint64_t number) {
        value_.clear();
        wire::number(value_, field, number);
        return value_;
    }
    [[nodiscard]] std::string_view of_message(unsigned field) {
        value_.clear();
        wire::bytes(value_, field, inner_);
        return value_;
    }

    void begin_tensor(element_type type, const tensor_shape& shape) {
        inner_.clear();
        wire::number(inner_, 1, static_cast<std::uint64_t>(type));
        wire::bytes(inner_, 2, spelled(shape));
    }

    void pack(std::span<const std::int64_t> integers) {
        packed_.clear();
        for (const std::int64_t i : integers) wire::varint(packed_, static_cast<std::uint64_t>(i));
    }

    [[nodiscard]] std::string_view spelled(const tensor_shape& shape) {
        shape_.clear();
        for (const std::int64_t d : shape.dims()) {
            size_.clear();
            if (d != 0) wire::number(size_, 1, static_cast<std::uint64_t>(d));
            wire::bytes(shape_, 2, size_);
        }
        if (!shape.has_rank()) wire::number(shape_, 3, 1);
        return shape_;
    }

    std::string value_;
    std::string inner_;
    std::string packed_;
    std::string shape_;
    std::string size_;
};

}  // namespace qgraft::graphdef

#endif
