// The errors of quant and kernels, and the sentences in them.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_QUANT_ERROR_HPP
#define QGRAFT_QUANT_ERROR_HPP

#include <qgraft/quant/isa_namespace.hpp>

#include <cstddef>
#include <stdexcept>

namespace qgraft {

/// Thrown for arguments of the quant and kernels rooms that are out of range; what() names the argument and the reason.
class quant_error : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
};

namespace detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// A sentence put together from words and whole numbers. Not a std::string, whose inline functions the linker shares
/// among all translation units, whatever instructions each may use. What does not fit is left out.
class sentence {
public:
    constexpr sentence& operator<<(const char* words) noexcept {
        for (; *words != '\0'; ++words) put(*words);
        return *this;
    }

    constexpr sentence& operator<<(std::size_t number) noexcept {
        char digits[20]{};
        std::size_t count = 0;
        do {
            digits[count++] = static_cast<char>('0' + number % 10U);
            number /= 10U;
        } while (number != 0U);
        while (count > 0) put(digits[--count]);
        return *this;
    }

    constexpr sentence& operator<<(int number) noexcept {
        if (number < 0) put('-');
        const auto magnitude = static_cast<unsigned>(number);
        return *this << std::size_t{number < 0 ? 0U - magnitude : magnitude};
    }

    constexpr const char* text() const noexcept { return text_; }

private:
    constexpr void put(char c) noexcept {
        if (size_ + 1 < sizeof(text_)) text_[size_++] = c;
    }

    char text_[256]{};
    std::size_t size_ = 0;
};

QGRAFT_ISA_NAMESPACE_END
}  // namespace detail

}  // namespace qgraft

#endif  // QGRAFT_QUANT_ERROR_HPP
