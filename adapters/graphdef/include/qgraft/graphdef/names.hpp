// Names as TensorFlow 1.15 makes them: unique without regard to case, in name scopes and in variable scopes.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_NAMES_HPP
#define QGRAFT_GRAPHDEF_NAMES_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <qgraft/graphdef/node_ref.hpp>

namespace qgraft::graphdef {

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

/// The last characters of a text of at least `count`, fewer than eight.
inline std::uint64_t fewer_at(const char* text, std::size_t count) noexcept {
    std::uint64_t some = 0;
    for (std::size_t i = 0; i < count; ++i) some = some << 8U | static_cast<unsigned char>(text[i]);
    return some;
}

/// A name as a key that may come to lie elsewhere, letter for letter the same.
struct name_key {
    mutable std::string_view text;
};

/// Hashes a name without regard to case.
struct folded_hash {
    std::size_t operator()(const name_key& key) const {
        const std::string_view name = key.text;
        constexpr std::uint64_t odd = 0x9e3779b97f4a7c15U;
        std::uint64_t h = name.size();
        std::size_t i = 0;
        for (; i + 8 <= name.size(); i += 8) {
            h = (h ^ small_letters(eight_at(name.data() + i))) * odd;
            h ^= h >> 32U;
        }
        h = (h ^ small_letters(fewer_at(name.data() + i, name.size() - i))) * odd;
        return static_cast<std::size_t>(h ^ h >> 32U);
    }
};

/// Compares names without regard to case.
struct folded_equal {
    bool operator()(const name_key& x, const name_key& y) const {
        const std::string_view a = x.text;
        const std::string_view b = y.text;
        if (a.size() != b.size()) return false;
        std::size_t i = 0;
        for (; i + 8 <= a.size(); i += 8) {
            if (small_letters(eight_at(a.data() + i)) != small_letters(eight_at(b.data() + i))) return false;
        }
        const std::size_t rest = a.size() - i;
        return small_letters(fewer_at(a.data() + i, rest)) == small_letters(fewer_at(b.data() + i, rest));
    }
};

}  // namespace detail

/// The names in use, of operations and of scopes alike, and which node has which. What is claimed since a mark() can be
/// given back.
class name_table {
public:
    /// Makes room for this many names.
    void reserve(std::size_t count) { store_->in_use.reserve(count); }

    /// Takes in the name of an operation that is there already. False where another node has it, letter for letter.
    bool take(std::string_view name, node_ref n = {}) {
        auto& at = entry_of(name);
        at.second.count = 1;
        return put(at, name, n);
    }

    /// Notes that a node has a name, which was claimed for it.
    void place(std::string_view name, node_ref n) { put(entry_of(name), name, n); }

    /// Forgets which node has a name; it stays claimed.
    void remove(std::string_view name) {
        const auto it = store_->in_use.find({name});
        if (it != store_->in_use.end() && it->first.text == name) it->second.node = {};
        variants_.erase(std::string(name));
    }

    /// The node that has this name, letter for letter.
    [[nodiscard]] std::optional<node_ref> find(std::string_view name) const {
        const auto it = store_->in_use.find({name});
        if (it == store_->in_use.end()) return std::nullopt;
        node_ref found = it->second.node;
        if (it->first.text != name) {
            const auto variant = variants_.find(std::string(name));
            found = variant == variants_.end() ? node_ref{} : variant->second;
        }
        return found == node_ref{} ? std::nullopt : std::optional(found);
    }

    /// Claims a path: the one given, or with the first of _1, _2, ... that makes it unique. The text lasts as long as
    /// the table.
    std::string_view unique(std::string_view path) {
        named_entry& at = entry_of(path);
        int suffix = at.second.count;
        set(at.second, suffix + 1);
        if (suffix == 0) return at.first.text == path ? at.first.text : keep(path);
        std::string candidate = numbered(path, suffix);
        while (is_in_use(candidate)) candidate = numbered(path, ++suffix);
        named_entry& made = entry_of(candidate);
        set(made.second, 1);
        set(at.second, suffix + 1);
        return made.first.text == candidate ? made.first.text : keep(candidate);
    }

    /// Opens a variable scope of this path, made unique among variable scopes only: they count apart from names.
    std::string unique_variable_scope(const std::string& path) {
        std::string name = path;
        if (scope& s = scopes_[path]; s.is_open) {
            int suffix = s.next;
            for (name = numbered(path, suffix); scopes_[name].is_open;) name = numbered(path, ++suffix);
            set(s, {true, suffix + 1});
        }
        set(scopes_[name], {true, 1});
        // Leaving a variable scope forgets those inside it.
        const std::string inside = name + '/';
        for (auto it = scopes_.lower_bound(inside); it != scopes_.end() && it->first.starts_with(inside); ++it) {
            if (it->second.is_open) set(it->second, {});
        }
        return name;
    }

    /// A point to come back to.
    [[nodiscard]] std::size_t mark() const noexcept { return log_.size(); }

    /// Gives back everything claimed since the mark.
    void restore(std::size_t mark) {
        for (; log_.size() > mark; log_.pop_back()) {
            const change& c = log_.back();
            if (c.of_name != nullptr) c.of_name->count = c.count;
            if (c.of_scope != nullptr) *c.of_scope = c.before;
        }
    }

private:
    /// What is known of a name, whatever the case of its letters.
    struct entry {
        int count = 0;    ///< 0: free; else the next suffix to try
        node_ref node{};  ///< the node called just like the key
    };
    struct scope {
        bool is_open = false;
        int next = 1;  ///< the next suffix to try; those before it are open
    };
    /// What a name or a scope was. Both stay where they are.
    struct change {
        entry* of_name = nullptr;
        int count = 0;
        scope* of_scope = nullptr;
        scope before{};
    };
    /// Entries, and below them the text of their keys.
    struct store {
        std::pmr::monotonic_buffer_resource memory;
        std::pmr::unordered_map<detail::name_key, entry, detail::folded_hash, detail::folded_equal> in_use{&memory};
    };
    using named_entry = std::pair<const detail::name_key, entry>;

    static std::string numbered(std::string_view path, int n) {
        std::string s;
        s.reserve(path.size() + 12);
        return s.append(path).append(1, '_').append(std::to_string(n));
    }

    /// The entry of a name, made where it is missing; its key is a text of this table.
    named_entry& entry_of(std::string_view name) {
        const auto [it, is_new] = store_->in_use.try_emplace({name});
        if (is_new) it->first.text = keep(name);
        return *it;
    }

    std::string_view keep(std::string_view text) {
        auto* copy = static_cast<char*>(store_->memory.allocate(text.size() + 1, 1));
        std::copy(text.begin(), text.end(), copy);
        return {copy, text.size()};
    }

    [[nodiscard]] bool is_in_use(std::string_view name) const {
        const auto it = store_->in_use.find({name});
        return it != store_->in_use.end() && it->second.count > 0;
    }

    bool put(named_entry& at, std::string_view name, node_ref n) {
        if (at.first.text != name) return variants_.emplace(name, n).second;
        const bool is_free = at.second.node == node_ref{};
        if (is_free) at.second.node = n;
        return is_free;
    }

    void set(entry& e, int count) {
        log_.push_back({.of_name = &e, .count = e.count});
        e.count = count;
    }
    void set(scope& s, scope now) {
        log_.push_back({.of_scope = &s, .before = s});
        s = now;
    }

    std::unique_ptr<store> store_ = std::make_unique<store>();
    /// The nodes whose names differ from a key in case only.
    std::unordered_map<std::string, node_ref> variants_;
    std::map<std::string, scope> scopes_;
    std::vector<change> log_;
};

}  // namespace qgraft::graphdef

#endif
