// The wire format of protobuf's binary messages, to write them without messages.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_WIRE_HPP
#define QGRAFT_GRAPHDEF_WIRE_HPP

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace qgraft::graphdef {

/// The fields of a message are a function that says them to `out`, which is a counter first and then a writer: so every
/// length is known before what it is the length of, and bytes are written once, where they belong. Fields have numbers
/// below 16.
namespace wire {

/// The bytes that a number takes.
inline std::size_t size_of_varint(std::uint64_t number) noexcept {
    return number < 0x80U ? 1 : static_cast<std::size_t>(std::bit_width(number) + 6) / 7;
}

/// The bytes that a field takes whose content has this size.
inline std::size_t size_of_field(std::size_t size) noexcept { return 1 + size_of_varint(size) + size; }

/// Writes a number of up to ten bytes, and returns its end.
inline char* put_varint(char* at, std::uint64_t number) noexcept {
    for (; number >= 0x80U; number >>= 7U) *at++ = static_cast<char>(number | 0x80U);
    *at++ = static_cast<char>(number);
    return at;
}

/// Reads a number that was written here, and moves `at` behind it.
inline std::uint64_t read_varint(const char*& at) noexcept {
    std::uint64_t number = 0;
    for (unsigned shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(*at++);
        number |= std::uint64_t{byte & 0x7fU} << shift;
        if (byte < 0x80U) return number;
    }
}

/// Counts the bytes of fields.
class counter {
public:
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    void number(unsigned, std::uint64_t value) noexcept { size_ += 1 + size_of_varint(value); }
    void bytes(unsigned, std::string_view content) noexcept { size_ += size_of_field(content.size()); }
    template <class Fields>
    void message(unsigned, const Fields& fields) {
        counter inner;
        fields(inner);
        size_ += size_of_field(inner.size());
    }
    void varint(std::uint64_t value) noexcept { size_ += size_of_varint(value); }
    void fixed(std::uint32_t) noexcept { size_ += 4; }
    void raw(std::string_view some) noexcept { size_ += some.size(); }

private:
    std::size_t size_ = 0;
};

/// The bytes that fields take.
template <class Fields>
std::size_t size_of(const Fields& fields) {
    counter c;
    fields(c);
    return c.size();
}

/// Writes fields to where there is room for them.
class writer {
public:
    explicit writer(char* at) noexcept : at_(at) {}
    [[nodiscard]] char* end() const noexcept { return at_; }

    /// A field that holds a number.
    void number(unsigned field, std::uint64_t value) noexcept {
        *at_ = static_cast<char>(field << 3U);
        at_ = put_varint(at_ + 1, value);
    }
    /// A field that holds a text.
    void bytes(unsigned field, std::string_view content) noexcept {
        head(field, content.size());
        raw(content);
    }
    /// A field that holds a message, or numbers side by side.
    template <class Fields>
    void message(unsigned field, const Fields& fields) {
        message(field, size_of(fields), fields);
    }
    /// The same where the size is known.
    template <class Fields>
    void message(unsigned field, std::size_t size, const Fields& fields) {
        head(field, size);
        fields(*this);
    }

    /// A number alone.
    void varint(std::uint64_t value) noexcept { at_ = put_varint(at_, value); }
    /// A number alone that has a fixed width, its lowest byte first.
    void fixed(std::uint32_t value) noexcept {
        for (unsigned shift = 0; shift < 32; shift += 8) *at_++ = static_cast<char>(value >> shift);
    }
    /// Bytes as they are.
    void raw(std::string_view some) noexcept { at_ = std::copy(some.begin(), some.end(), at_); }

private:
    void head(unsigned field, std::size_t size) noexcept {
        *at_ = static_cast<char>(field << 3U | 2U);
        at_ = put_varint(at_ + 1, size);
    }

    char* at_;
};

/// The bytes of a message that has these fields.
template <class Fields>
std::string spelled(const Fields& fields) {
    std::string bytes(size_of(fields), '\0');
    fields(writer(bytes.data()));
    return bytes;
}

/// Bytes as a std::string has them, but those that are added need not be written twice.
class buffer {
public:
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] char* data() noexcept { return bytes_.get(); }
    [[nodiscard]] std::string_view view() const noexcept { return {bytes_.get(), size_}; }

    /// Makes room at a place, and returns it; what was there is behind it now.
    [[nodiscard]] char* insert(std::size_t place, std::size_t size) {
        if (capacity_ - size_ < size) reserve(std::max(size_ + size, 2 * capacity_));
        char* const at = bytes_.get() + place;
        if (place != size_) std::memmove(at + size, at, size_ - place);
        size_ += size;
        return at;
    }
    /// Makes room at the end, and returns it.
    [[nodiscard]] char* append(std::size_t size) { return insert(size_, size); }

    /// Drops what is behind the first bytes.
    void cut(std::size_t size) noexcept { size_ = size; }

    void reserve(std::size_t capacity) {
        if (capacity <= capacity_) return;
        auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
        if (size_ != 0) std::memcpy(bytes.get(), bytes_.get(), size_);
        bytes_ = std::move(bytes);
        capacity_ = capacity;
    }

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace wire

}  // namespace qgraft::graphdef

#endif
