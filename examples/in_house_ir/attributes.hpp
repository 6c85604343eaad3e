// The attributes of the in-house representation's ops. It knows nothing of qgraft.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_ATTRIBUTES_HPP
#define IN_HOUSE_ATTRIBUTES_HPP

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace in_house {

/// Fake-quantizes a tensor to a range.
using quantizer = void (*)(std::span<const float> in, std::span<float> out, float low, float high);

/// The value of an attribute: of one of these types.
class attribute {
public:
    attribute(std::int64_t v) : type_(type::integer), integer_(v) {}
    attribute(double v) : type_(type::real), real_(v) {}
    attribute(bool v) : type_(type::truth), truth_(v) {}
    attribute(std::string v) : type_(type::text), text_(std::move(v)) {}
    attribute(const char* v) : attribute(std::string(v)) {}
    attribute(std::vector<std::int64_t> v) : type_(type::integers), integers_(std::move(v)) {}
    attribute(quantizer v) : type_(type::function), function_(v) {}

    /// The value; null where it is not of type `T`.
    template <class T>
    [[nodiscard]] const T* as() const {
        if constexpr (std::is_same_v<T, std::int64_t>) {
            return type_ == type::integer ? &integer_ : nullptr;
        } else if constexpr (std::is_same_v<T, double>) {
            return type_ == type::real ? &real_ : nullptr;
        } else if constexpr (std::is_same_v<T, bool>) {
            return type_ == type::truth ? &truth_ : nullptr;
        } else if constexpr (std::is_same_v<T, std::string>) {
            return type_ == type::text ? &text_ : nullptr;
        } else if constexpr (std::is_same_v<T, std::vector<std::int64_t>>) {
            return type_ == type::integers ? &integers_ : nullptr;
        } else {
            static_assert(std::is_same_v<T, quantizer>, "no attribute has this type");
            return type_ == type::function ? &function_ : nullptr;
        }
    }

    friend bool operator==(const attribute&, const attribute&) = default;

private:
    enum class type : std::uint8_t { integer, real, truth, text, integers, function };

    type type_;
    bool truth_ = false;
    std::int64_t integer_ = 0;
    double real_ = 0;
    quantizer function_ = nullptr;
    std::string text_{};
    std::vector<std::int64_t> integers_{};
};

/// Attributes by key, in the order of the keys.
class attribute_list {
public:
    struct entry {
        std::string key;
        attribute value;
    };

    attribute_list() = default;
    attribute_list(std::initializer_list<entry> entries) {
        for (const entry& e : entries) emplace(e.key, e.value);
    }

    [[nodiscard]] auto begin() const { return entries_.begin(); }
    [[nodiscard]] auto end() const { return entries_.end(); }

    /// The value of a key; null where there is none.
    [[nodiscard]] const attribute* find(std::string_view key) const {
        for (const entry& e : entries_) {
            if (e.key == key) return &e.value;
        }
        return nullptr;
    }

    /// Adds an attribute, unless the key is there.
    void emplace(std::string_view key, attribute value) {
        if (find(key) != nullptr) return;
        entries_.push_back({std::string(key), std::move(value)});
        for (std::size_t i = entries_.size() - 1; i > 0 && entries_[i].key < entries_[i - 1].key; --i) {
            std::swap(entries_[i], entries_[i - 1]);
        }
    }

    /// Adds an attribute, or gives it another value.
    void set(std::string_view key, attribute value) {
        erase(key);
        emplace(key, std::move(value));
    }

    void erase(std::string_view key) {
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            if (entries_[i].key != key) continue;
            for (; i + 1 < entries_.size(); ++i) std::swap(entries_[i], entries_[i + 1]);
            entries_.pop_back();
        }
    }

private:
    std::vector<entry> entries_;
};

}  // namespace in_house

#endif
