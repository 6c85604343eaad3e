// Names on their way to a person.
// SPDX-License-Identifier: Apache-2.0
#include "names.hpp"

namespace rewriter {

std::string printable(std::string_view text) {
    constexpr std::size_t longest = 2000;
    std::string line(text.substr(0, longest));
    for (char& c : line) {
        const auto u = static_cast<unsigned char>(c);
        if (u < 0x20U || u == 0x7fU) c = c == '\n' || c == '\t' ? ' ' : '?';
    }
    if (text.size() > longest) line += "...";
    return line;
}

std::string grouped(std::size_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
    return digits;
}

std::string counted(std::size_t number, const std::string& noun) {
    return grouped(number) + " " + noun + (number == 1 ? "" : "s");
}

std::string_view leaf(std::string_view name) {
    const auto at = name.rfind('/');
    return at == std::string_view::npos ? name : name.substr(at + 1);
}

std::string_view parent(std::string_view name) {
    const auto at = name.rfind('/');
    return at == std::string_view::npos ? std::string_view() : name.substr(0, at);
}

}  // namespace rewriter
