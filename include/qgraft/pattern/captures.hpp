// Captures: tensors of a match, named by tag types.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PATTERN_CAPTURES_HPP
#define QGRAFT_PATTERN_CAPTURES_HPP

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <qgraft/ops/view.hpp>

namespace qgraft::pattern {

/// A list of tag types, without repetition where made by join.
template <class... Tags>
struct tag_list {
    static constexpr std::size_t size = sizeof...(Tags);

    template <class Tag>
    static constexpr bool contains = (std::is_same_v<Tag, Tags> || ...);

    template <class Tag>
    static constexpr std::size_t index_of() {
        std::size_t i = 0;
        (void)((std::is_same_v<Tag, Tags> ? true : (++i, false)) || ...);
        return i;
    }
};

/// The tags of a pattern whose type is not known: any may be asked for.
struct some_tags {
    template <class Tag>
    static constexpr bool contains = true;
};

namespace detail {

template <class List, class... More>
struct append {
    using type = List;
};
template <class... Tags, class Tag, class... More>
struct append<tag_list<Tags...>, Tag, More...>
    : append<std::conditional_t<tag_list<Tags...>::template contains<Tag>, tag_list<Tags...>, tag_list<Tags..., Tag>>,
             More...> {};

template <class... Lists>
struct join {
    using type = tag_list<>;
};
template <class List>
struct join<List> {
    using type = List;
};
template <class A, class... B, class... Lists>
struct join<A, tag_list<B...>, Lists...> : join<typename append<A, B...>::type, Lists...> {};

}  // namespace detail

/// The tags of all the lists, each once.
template <class... Lists>
using join = typename detail::join<Lists...>::type;

namespace detail {

/// Stands for a tag type at run time, by its address.
template <class Tag>
inline constexpr char identity_of = 0;

/// The captures of one attempt at a match, in the order in which they were made. An attempt that goes back forgets the
/// last of them.
class bindings {
public:
    static constexpr unsigned capacity = 16;

    /// What was bound to a tag last; none when nothing was.
    [[nodiscard]] tensor find(const char* tag) const {
        for (unsigned i = size_; i > 0; --i) {
            if (bound_[i - 1].tag == tag) return {bound_[i - 1].node, bound_[i - 1].port};
        }
        return {};
    }

    void bind(const char* tag, tensor t) { bound_[size_++] = {tag, t.node, t.port}; }
    [[nodiscard]] unsigned size() const noexcept { return size_; }
    void forget_after(unsigned size) noexcept { size_ = size; }

private:
    struct binding {
        const char* tag;
        node_id node;
        std::uint32_t port;
    };

    unsigned size_ = 0;
    binding bound_[capacity];
};

}  // namespace detail

/// What a match has bound: a tensor for each tag of `Tags`, none for a tag on an alternative that was not taken. It is
/// read as an optional is: without a value where the pattern did not match.
template <class Tags>
class captures {
public:
    [[nodiscard]] bool has_value() const noexcept { return matched_; }
    explicit operator bool() const noexcept { return matched_; }
    const captures* operator->() const noexcept { return this; }
    const captures& operator*() const noexcept { return *this; }

    /// The tensor that `capture<Tag>` matched; none when its alternative was not taken.
    template <class Tag>
    [[nodiscard]] tensor get() const {
        static_assert(Tags::template contains<Tag>, "qgraft: this pattern has no capture of that tag");
        return bound_.find(&detail::identity_of<Tag>);
    }

    /// The node of get<Tag>(); no_node when it is none.
    template <class Tag>
    [[nodiscard]] node_id node() const {
        return get<Tag>().node;
    }

    template <class Tag>
    void set(tensor t) {
        bound_.bind(&detail::identity_of<Tag>, t);
    }

    /// What a match writes into.
    [[nodiscard]] detail::bindings& bound() noexcept { return bound_; }
    void set_matched(bool matched) noexcept { matched_ = matched; }

private:
    detail::bindings bound_;
    bool matched_ = false;
};

}  // namespace qgraft::pattern

#endif
