// Values of attributes as TensorFlow's schema spells them: what a rewrite writes into new nodes.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_ATTRIBUTES_HPP
#define QGRAFT_GRAPHDEF_ATTRIBUTES_HPP

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <qgraft/graph/shape.hpp>
#include <qgraft/graphdef/messages.hpp>
#include <qgraft/graphdef/wire.hpp>

namespace qgraft::graphdef {

/// An AttrValue that is spelled already: its bytes.
struct spelled_value {
    std::string_view bytes;
};

/// A tensor every element of which is one integer, of 32 or 64 bits.
struct integer_tensor {
    element_type type;
    const tensor_shape& shape;
    std::int64_t number;
};

/// A tensor every element of which is one 32-bit float.
struct float_tensor {
    const tensor_shape& shape;
    float number;
};

/// A tensor of 32-bit numbers, integers or floats.
template <class Number>
struct dense_tensor {
    element_type type;
    const tensor_shape& shape;
    std::span<const Number> data;
};

namespace detail {

inline auto fields_of_shape(const tensor_shape& shape) {
    return [&shape](auto&& out) {
        for (const std::int64_t d : shape.dims()) {
            out.message(2, [d](auto&& dim) {
                if (d != 0) dim.number(1, static_cast<std::uint64_t>(d));
            });
        }
        if (!shape.has_rank()) out.number(3, 1);
    };
}

/// Says 32-bit numbers side by side in one field.
template <class Out, class Number>
void say_packed(Out& out, unsigned field, std::span<const Number> numbers) {
    out.message(field, [numbers](auto&& packed) {
        for (const Number n : numbers) packed.fixed(std::bit_cast<std::uint32_t>(n));
    });
}

/// The fields of a tensor, its elements by the function `content`.
template <class Content>
auto fields_of_tensor(element_type type, const tensor_shape& shape, const Content& content) {
    return [type, &shape, content](auto&& out) {
        out.message(8, [&](auto&& tensor) {
            tensor.number(1, static_cast<std::uint64_t>(type));
            tensor.message(2, fields_of_shape(shape));
            content(tensor);
        });
    };
}

}  // namespace detail

/// The fields of an AttrValue (see wire) that has this value. They refer to it.
inline auto fields_of(spelled_value v) {
    return [v](auto&& out) { out.raw(v.bytes); };
}
inline auto fields_of(element_type t) {
    return [t](auto&& out) { out.number(6, static_cast<std::uint64_t>(t)); };
}
inline auto fields_of(bool b) {
    return [b](auto&& out) { out.number(5, b ? 1 : 0); };
}
inline auto fields_of(std::int64_t i) {
    return [i](auto&& out) { out.number(3, static_cast<std::uint64_t>(i)); };
}
inline auto fields_of(std::string_view s) {
    return [s](auto&& out) { out.bytes(2, s); };
}
inline auto fields_of(const tensor_shape& shape) {
    return [&shape](auto&& out) { out.message(7, detail::fields_of_shape(shape)); };
}
inline auto fields_of(std::span<const tensor_shape> shapes) {
    return [shapes](auto&& out) {
        out.message(1, [shapes](auto&& list) {
            for (const tensor_shape& s : shapes) list.message(7, detail::fields_of_shape(s));
        });
    };
}
inline auto fields_of(std::span<const std::string> texts) {
    return [texts](auto&& out) {
        out.message(1, [texts](auto&& list) {
            for (const std::string& s : texts) list.bytes(2, s);
        });
    };
}
/// An empty list of integers is an empty list of any kind.
inline auto fields_of(std::span<const std::int64_t> integers) {
    return [integers](auto&& out) {
        out.message(1, [integers](auto&& list) {
            if (integers.empty()) return;
            list.message(3, [integers](auto&& packed) {
                for (const std::int64_t i : integers) packed.varint(static_cast<std::uint64_t>(i));
            });
        });
    };
}
inline auto fields_of(const integer_tensor& t) {
    return detail::fields_of_tensor(t.type, t.shape, [t](auto&& out) {
        out.message(t.type == element_type::int64 ? 10 : 7,
                    [t](auto&& packed) { packed.varint(static_cast<std::uint64_t>(t.number)); });
    });
}
inline auto fields_of(const float_tensor& t) {
    return detail::fields_of_tensor(element_type::float32, t.shape,
                                    [t](auto&& out) { detail::say_packed(out, 5, std::span(&t.number, 1)); });
}
template <class Number>
auto fields_of(const dense_tensor<Number>& t) {
    return detail::fields_of_tensor(t.type, t.shape, [t](auto&& out) {
        if (!t.data.empty()) detail::say_packed(out, 4, t.data);
    });
}

/// The bytes of an AttrValue that has this value.
template <class Value>
std::string spelled(const Value& v) {
    return wire::spelled(fields_of(v));
}

}  // namespace qgraft::graphdef

#endif
