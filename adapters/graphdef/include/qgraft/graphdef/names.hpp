// Names as TensorFlow 1.15 makes them: unique without regard to case, in name scopes and in variable scopes.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_NAMES_HPP
#define QGRAFT_GRAPHDEF_NAMES_HPP

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace qgraft::graphdef {

/// The names in use, of operations and of scopes alike. Every change can be undone back to a mark().
class name_table {
public:
    /// Takes in the name of an operation that is there already.
    void take(std::string_view name) { in_use_.emplace(lower(name), 1); }

    /// Claims a path: the one given, or with the first of _1, _2, ... that makes it unique.
    std::string unique(const std::string& path) {
        const std::string key = lower(path);
        int suffix = count(key);
        set(key, suffix + 1);
        if (suffix == 0) return path;
        std::string candidate = numbered(key, suffix);
        while (in_use_.contains(candidate)) candidate = numbered(key, ++suffix);
        set(candidate, 1);
        set(key, suffix + 1);
        return numbered(path, suffix);
    }

    /// Opens a variable scope of this path, made unique among variable scopes only: they count apart from names.
    std::string unique_variable_scope(const std::string& path) {
        std::string name = path;
        for (int i = 1; scope_count(name) > 0; ++i) name = numbered(path, i);
        set_scope(name, scope_count(name) + 1);
        // Leaving a variable scope forgets those inside it.
        const std::string inside = name + '/';
        for (auto it = scopes_.lower_bound(inside); it != scopes_.end() && it->first.starts_with(inside); ++it) {
            if (it->second != 0) set_scope(it->first, 0);
        }
        return name;
    }

    /// A point to come back to.
    [[nodiscard]] std::size_t mark() const noexcept { return log_.size(); }

    /// Undoes everything since the mark.
    void restore(std::size_t mark) {
        for (; log_.size() > mark; log_.pop_back()) {
            const change& c = log_.back();
            if (c.of_scope) {
                scopes_[c.key] = c.before;
            } else if (c.before == 0) {
                in_use_.erase(c.key);
            } else {
                in_use_[c.key] = c.before;
            }
        }
    }

private:
    struct change {
        std::string key;
        int before;
        bool of_scope;
    };

    static std::string lower(std::string_view name) {
        std::string s(name);
        std::transform(s.begin(), s.end(), s.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        return s;
    }
    static std::string numbered(const std::string& path, int n) { return path + '_' + std::to_string(n); }

    [[nodiscard]] int count(const std::string& key) const {
        const auto it = in_use_.find(key);
        return it == in_use_.end() ? 0 : it->second;
    }
    [[nodiscard]] int scope_count(const std::string& name) const {
        const auto it = scopes_.find(name);
        return it == scopes_.end() ? 0 : it->second;
    }
    void set(const std::string& key, int value) {
        log_.push_back({key, count(key), false});
        in_use_[key] = value;
    }
    void set_scope(const std::string& name, int value) {
        log_.push_back({name, scope_count(name), true});
        scopes_[name] = value;
    }

    std::unordered_map<std::string, int> in_use_;
    std::map<std::string, int> scopes_;
    std::vector<change> log_;
};

}  // namespace qgraft::graphdef

#endif
