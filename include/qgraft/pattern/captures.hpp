// Captures: tensors of a match, named by tag types.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PATTERN_CAPTURES_HPP
#define QGRAFT_PATTERN_CAPTURES_HPP

#include <array>
#include <cstddef>
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

/// What a match has bound: a tensor for each tag of `Tags`, none for a tag on an alternative that was not taken.
template <class Tags>
class captures {
public:
    /// The tensor that `capture<Tag>` matched; none when its alternative was not taken.
    template <class Tag>
    [[nodiscard]] tensor get() const {
        static_assert(Tags::template contains<Tag>, "qgraft: this pattern has no capture of that tag");
        return bound_[Tags::template index_of<Tag>()];
    }

    /// The node of get<Tag>(); no_node when it is none.
    template <class Tag>
    [[nodiscard]] node_id node() const {
        return get<Tag>().node;
    }

    template <class Tag>
    void set(tensor t) {
        bound_[Tags::template index_of<Tag>()] = t;
    }

private:
    std::array<tensor, Tags::size> bound_{};
};

}  // namespace qgraft::pattern

#endif
