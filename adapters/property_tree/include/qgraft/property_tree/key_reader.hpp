// key_reader: the keys of one node of a tree, each asked for once; what is wrong with them is noted with its path.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PROPERTY_TREE_KEY_READER_HPP
#define QGRAFT_PROPERTY_TREE_KEY_READER_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <qgraft/property_tree/error.hpp>
#include <qgraft/property_tree/tree.hpp>

namespace qgraft::property_tree::detail {

/// How many letters must be added, dropped or changed to make one text of another.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
        }
    }
    return row.back();
}

/// The texts as "a, b or c".
inline std::string joined(std::span<const std::string_view> texts) {
    std::string all;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        all += (i == 0 ? "" : i + 1 == texts.size() ? " or " : ", ") + std::string(texts[i]);
    }
    return all;
}

/// A text for a message: in quotes, and not too long.
inline std::string in_quotes(std::string_view text) {
    constexpr std::size_t longest = 60;
    return "'" + std::string(text.substr(0, longest)) + (text.size() > longest ? "...'" : "'");
}

inline std::string below(const std::string& path, std::string_view key) {
    return path.empty() ? std::string(key) : path + "." + std::string(key);
}

/// Reads the keys of an object. Each function notes the key that it is asked for, and the problems of its value, and
/// returns nothing where there is no value.
class key_reader {
public:
    key_reader(const tree& object, std::string path, std::vector<problem>& problems)
        : object_(object), path_(std::move(path)), problems_(problems) {
        const scalar& s = object.data();
        is_object_ = s.what == kind::object || (s.what == kind::untyped && s.text.empty());
        if (!is_object_) note(path_, "is " + shown(s) + ", and must be an object");
    }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string path_of(std::string_view key) const { return below(path_, key); }
    void note(std::string where, std::string reason) { problems_.push_back({std::move(where), std::move(reason)}); }

    /// The node of a key; null where there is none.
    const tree* find(std::string_view key) {
        known_.push_back(key);
        if (!is_object_) return nullptr;
        const auto at = object_.find(std::string(key));
        return at == object_.not_found() ? nullptr : &at->second;
    }

    std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most) {
        const tree* t = find(key);
        if (t == nullptr) return std::nullopt;
        const auto n = value_of<std::int64_t>(*t);
        if (n && *n >= least && *n <= most) return *n;
        const bool open = most == std::numeric_limits<std::int64_t>::max();
        refuse(key, *t,
               open ? "a whole number from " + std::to_string(least) + " on"
                    : "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
        return std::nullopt;
    }

    std::optional<double> real(std::string_view key, double least, double most, const char* what) {
        const tree* t = find(key);
        if (t == nullptr) return std::nullopt;
        const auto n = value_of<double>(*t);
        if (n && *n >= least && *n <= most) return *n;
        refuse(key, *t, what);
        return std::nullopt;
    }

    std::optional<bool> boolean(std::string_view key) {
        const tree* t = find(key);
        if (t == nullptr) return std::nullopt;
        if (const auto b = value_of<bool>(*t)) return *b;
        refuse(key, *t, "true or false");
        return std::nullopt;
    }

    /// A text that is not empty.
    std::optional<std::string> text(std::string_view key) {
        const tree* t = find(key);
        if (t == nullptr) return std::nullopt;
        const auto s = value_of<std::string>(*t);
        if (s && !s->empty()) return *s;
        refuse(key, *t, "a text that is not empty");
        return std::nullopt;
    }

    /// The place of the text among some.
    std::optional<std::size_t> one_of(std::string_view key, std::span<const std::string_view> choices) {
        const tree* t = find(key);
        if (t == nullptr) return std::nullopt;
        if (const auto s = value_of<std::string>(*t)) {
            const auto at = std::find(choices.begin(), choices.end(), *s);
            if (at != choices.end()) return static_cast<std::size_t>(at - choices.begin());
        }
        refuse(key, *t, joined(choices));
        return std::nullopt;
    }

    /// Notes a value that is not what it must be.
    void refuse(std::string_view key, const tree& t, const std::string& must_be) {
        note(path_of(key), "is " + shown(t.data()) + ", and must be " + must_be);
    }

    /// Notes the keys that were not asked for, and those that are there twice.
    void finish() {
        if (!is_object_) return;
        std::vector<std::string_view> seen;
        for (const auto& [key, child] : object_) {
            const bool twice = std::find(seen.begin(), seen.end(), key) != seen.end();
            if (twice) note(path_of(key), "is given twice");
            if (!twice && std::find(known_.begin(), known_.end(), key) == known_.end()) note_unknown(key);
            seen.push_back(key);
        }
    }

    /// What a value is, for a message.
    static std::string shown(const scalar& s) {
        switch (s.what) {
            case kind::object:
            case kind::array:
            case kind::null:
                return std::string(to_string(s.what));
            case kind::string:
                return "the string " + in_quotes(s.text);
            default:
                return s.text.empty() ? "empty" : in_quotes(s.text);
        }
    }

private:
    template <class T>
    static std::optional<T> value_of(const tree& t) {
        if (!t.empty()) return std::nullopt;
        const auto v = translator<T>().get_value(t.data());
        return v ? std::optional<T>(*v) : std::nullopt;
    }

    void note_unknown(const std::string& key) {
        const auto nearer = [&](std::string_view a, std::string_view b) {
            return edit_distance(key, a) < edit_distance(key, b);
        };
        std::string reason = "is no key here";
        const bool is_short = key.size() < 40;
        const auto best = std::min_element(known_.begin(), known_.end(), nearer);
        if (is_short && best != known_.end() && edit_distance(key, *best) <= 1 + best->size() / 4) {
            reason += "; did you mean '" + std::string(*best) + "'?";
        } else {
            reason += "; there are " + joined_with_and();
        }
        note(below(path_, key.substr(0, 60)), std::move(reason));
    }

    [[nodiscard]] std::string joined_with_and() const {
        std::string all;
        for (std::size_t i = 0; i < known_.size(); ++i) {
            all += (i == 0 ? "" : i + 1 == known_.size() ? " and " : ", ") + std::string(known_[i]);
        }
        return all;
    }

    const tree& object_;
    std::string path_;
    std::vector<problem>& problems_;
    std::vector<std::string_view> known_;
    bool is_object_ = true;
};

}  // namespace qgraft::property_tree::detail

#endif
