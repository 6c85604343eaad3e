// Names as TensorFlow 1.15 makes them: unique without regard to case, in name scopes and in variable scopes.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_NAMES_HPP
#define QGRAFT_GRAPHDEF_NAMES_HPP

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <qgraft/graphdef/node_ref.hpp>
#include <qgraft/graphdef/texts.hpp>

namespace qgraft::graphdef {

/// The names in use, of operations and of scopes alike, and which node has which. What is claimed since a mark() can be
/// given back.
class name_table {
public:
    /// Makes room for this many names.
    void reserve(std::size_t count) {
        entries_.reserve(count);
        index_.reserve(count);
    }

    /// Takes in the name of an operation that is there already. False where another node has it, letter for letter.
    bool take(std::string_view name, node_ref n = {}) {
        entry& at = entries_[number_of(name)];
        at.count = 1;
        return put(at, name, n);
    }

    /// Notes that a node has a name, which was claimed for it.
    void place(std::string_view name, node_ref n) { put(entries_[number_of(name)], name, n); }

    /// Forgets which node has a name; it stays claimed.
    void remove(std::string_view name) {
        const std::uint32_t at = known(name, detail::folded_hash(name));
        if (at != detail::hash_index::none && entries_[at].text == name) entries_[at].node = {};
        variants_.erase(std::string(name));
    }

    /// The node that has this name, letter for letter.
    [[nodiscard]] std::optional<node_ref> find(std::string_view name) const {
        const std::uint32_t at = known(name, detail::folded_hash(name));
        if (at == detail::hash_index::none) return std::nullopt;
        node_ref found = entries_[at].node;
        if (entries_[at].text != name) {
            const auto variant = variants_.find(std::string(name));
            found = variant == variants_.end() ? node_ref{} : variant->second;
        }
        return found == node_ref{} ? std::nullopt : std::optional(found);
    }

    /// Claims a path: the one given, or with the first of _1, _2, ... that makes it unique. The text lasts as long as
    /// the table.
    std::string_view unique(std::string_view path) { return unique({}, path); }

    /// The same for a name below the path of a scope, which may be empty.
    std::string_view unique(std::string_view prefix, std::string_view name) {
        char* const text = texts_.room_for(prefix.size() + 1 + name.size() + longest_suffix);
        char* end = text;
        if (!prefix.empty()) {
            end = std::copy(prefix.begin(), prefix.end(), end);
            *end++ = '/';
        }
        end = std::copy(name.begin(), name.end(), end);
        return claim(text, end);
    }

    /// The same text, for as long as the table lasts.
    std::string_view keep(std::string_view name) { return texts_.keep(name); }

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
            if (c.of_scope != nullptr) {
                *c.of_scope = c.before;
            } else {
                entries_[c.of_name].count = c.count;
            }
        }
    }

private:
    /// What is known of a name, whatever the case of its letters.
    struct entry {
        std::string_view text;
        node_ref node{};  ///< the node called just like the text
        int count = 0;    ///< 0: free; else the next suffix to try
    };
    struct scope {
        bool is_open = false;
        int next = 1;  ///< the next suffix to try; those before it are open
    };
    /// What a name or a scope was.
    struct change {
        std::uint32_t of_name = 0;
        int count = 0;
        scope* of_scope = nullptr;  ///< none: it is of a name
        scope before{};
    };

    static constexpr std::size_t longest_suffix = 12;

    static std::string numbered(std::string_view path, int n) {
        return std::string(path).append(1, '_').append(std::to_string(n));
    }

    /// Claims the path that has been written into the room for texts, where there is room for a suffix behind it.
    std::string_view claim(char* text, char* end) {
        const std::uint32_t at = number_of({text, end});
        int suffix = entries_[at].count;
        set(at, suffix + 1);
        if (suffix == 0) return spelled(at, {text, end});
        *end++ = '_';
        for (;; ++suffix) {
            const std::string_view candidate(text, std::to_chars(end, end + longest_suffix - 1, suffix).ptr);
            const std::uint32_t made = number_of(candidate);
            if (entries_[made].count > 0) continue;
            set(made, 1);
            set(at, suffix + 1);
            return spelled(made, candidate);
        }
    }

    [[nodiscard]] std::uint32_t known(std::string_view name, std::uint32_t hash) const {
        return index_.find(hash, [&](std::uint32_t i) {
            return entries_[i].text == name || detail::folded_equal(entries_[i].text, name);
        });
    }

    /// The number of a name's entry, made where it is missing.
    std::uint32_t number_of(std::string_view name) {
        const std::uint32_t hash = detail::folded_hash(name);
        const std::uint32_t there = known(name, hash);
        if (there != detail::hash_index::none) return there;
        const auto made = static_cast<std::uint32_t>(entries_.size());
        entries_.push_back({.text = keep(name)});
        index_.add(hash, made);
        return made;
    }

    /// A name as it is said, which may differ from its entry's text in case.
    [[nodiscard]] std::string_view spelled(std::uint32_t at, std::string_view name) {
        const std::string_view text = entries_[at].text;
        return text.data() == name.data() || text == name ? text : keep(name);
    }

    bool put(entry& at, std::string_view name, node_ref n) {
        if (at.text != name) return variants_.emplace(name, n).second;
        const bool is_free = at.node == node_ref{};
        if (is_free) at.node = n;
        return is_free;
    }

    void set(std::uint32_t name, int count) {
        log_.push_back({.of_name = name, .count = entries_[name].count});
        entries_[name].count = count;
    }
    void set(scope& s, scope now) {
        log_.push_back({.of_scope = &s, .before = s});
        s = now;
    }

    text_pool texts_;
    std::vector<entry> entries_;
    detail::hash_index index_;
    /// The nodes whose names differ from their entry's text in case only.
    std::unordered_map<std::string, node_ref> variants_;
    std::map<std::string, scope> scopes_;
    std::vector<change> log_;
};

}  // namespace qgraft::graphdef

#endif
