// The definitions of the operations that a rewrite adds, for a MetaGraphDef's list of the operations it uses.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_OP_DEFS_HPP
#define QGRAFT_GRAPHDEF_OP_DEFS_HPP

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qgraft::graphdef {

namespace detail {

/// What a line of `op_lines` may call a list of element types.
struct type_list {
    std::string_view name;
    std::string_view types;
};
inline constexpr type_list type_lists[] = {
    {"sums", "BFLOAT16 HALF FLOAT DOUBLE UINT8 INT8 INT16 INT32 INT64 COMPLEX64 COMPLEX128"},
    {"sums_of_any", "BFLOAT16 HALF FLOAT DOUBLE UINT8 INT8 INT16 INT32 INT64 COMPLEX64 COMPLEX128 STRING"},
    {"numbers",
     "FLOAT DOUBLE INT32 UINT8 INT16 INT8 COMPLEX64 INT64 QINT8 QUINT8 QINT32 BFLOAT16 UINT16 COMPLEX128 HALF UINT32 "
     "UINT64"},
    {"reals", "FLOAT DOUBLE INT32 UINT8 INT16 INT8 INT64 BFLOAT16 UINT16 HALF UINT32 UINT64"},
    {"products", "BFLOAT16 HALF FLOAT DOUBLE UINT8 INT8 UINT16 INT16 INT32 INT64 COMPLEX64 COMPLEX128"},
    {"ordered", "BFLOAT16 HALF FLOAT DOUBLE INT32 INT64"},
    {"floats", "HALF BFLOAT16 FLOAT DOUBLE"},
    {"matrices", "BFLOAT16 HALF FLOAT DOUBLE INT32 INT64 COMPLEX64 COMPLEX128"},
    {"powers", "BFLOAT16 FLOAT HALF DOUBLE INT32 INT64 COMPLEX64 COMPLEX128"},
    {"roots", "BFLOAT16 HALF FLOAT DOUBLE COMPLEX64 COMPLEX128"},
    {"steps", "BFLOAT16 FLOAT DOUBLE INT32 INT64"},
    {"indices", "INT32 INT64"},
};

/// NAME inputs -> outputs ; attributes ; flags. An argument is NAME:TYPE, with & before the type for a reference; the
/// type is an attribute, or an element type. NAME:TYPE*N is N of them. An attribute is NAME:KIND, `in` a list, `=` a
/// default, `>=` a least value. These are facts of TensorFlow 1.15's registry, in its order.
inline constexpr std::string_view op_lines[] = {
    "Add x:T y:T -> z:T ; T:type in sums_of_any",
    "AddV2 x:T y:T -> z:T ; T:type in sums ; !commutative ; !aggregate",
    "Assign ref:&T value:T -> output_ref:&T ; T:type ; validate_shape:bool = true ; use_locking:bool = true ; "
    "!uninitialized",
    "AssignAdd ref:&T value:T -> output_ref:&T ; T:type in numbers ; use_locking:bool = false",
    "AssignAddVariableOp resource:RESOURCE value:dtype -> ; dtype:type ; !stateful",
    "AssignSub ref:&T value:T -> output_ref:&T ; T:type in numbers ; use_locking:bool = false",
    "AssignSubVariableOp resource:RESOURCE value:dtype -> ; dtype:type ; !stateful",
    "AssignVariableOp resource:RESOURCE value:dtype -> ; dtype:type ; !stateful",
    "BatchToSpaceND input:T block_shape:Tblock_shape crops:Tcrops -> output:T ; T:type ; "
    "Tblock_shape:type in indices = INT32 ; Tcrops:type in indices = INT32",
    "Cast x:SrcT -> y:DstT ; SrcT:type ; DstT:type ; Truncate:bool = false",
    "Const -> output:dtype ; value:tensor ; dtype:type",
    "Conv2D input:T filter:T -> output:T ; T:type in floats ; strides:list(int) ; use_cudnn_on_gpu:bool = true ; "
    "padding:string in SAME,VALID,EXPLICIT ; explicit_paddings:list(int) = [] ; data_format:string in NHWC,NCHW = NHWC "
    "; "
    "dilations:list(int) = [1,1,1,1]",
    "DepthwiseConv2dNative input:T filter:T -> output:T ; T:type in floats ; strides:list(int) ; padding:string in "
    "SAME,VALID "
    "; data_format:string in NHWC,NCHW = NHWC ; dilations:list(int) = [1,1,1,1]",
    "FakeQuantWithMinMaxVars inputs:FLOAT min:FLOAT max:FLOAT -> outputs:FLOAT ; num_bits:int = 8 ; narrow_range:bool "
    "= "
    "false",
    "FakeQuantWithMinMaxVarsPerChannel inputs:FLOAT min:FLOAT max:FLOAT -> outputs:FLOAT ; num_bits:int = 8 ; "
    "narrow_range:bool = false",
    "Fill dims:index_type value:T -> output:T ; T:type ; index_type:type in indices = INT32",
    "GreaterEqual x:T y:T -> z:BOOL ; T:type in reals",
    "Identity input:T -> output:T ; T:type",
    "MatMul a:T b:T -> product:T ; transpose_a:bool = false ; transpose_b:bool = false ; T:type in matrices",
    "Max input:T reduction_indices:Tidx -> output:T ; keep_dims:bool = false ; T:type in numbers ; Tidx:type in "
    "indices = "
    "INT32",
    "Maximum x:T y:T -> z:T ; T:type in ordered",
    "Merge inputs:T*N -> output:T value_index:INT32 ; T:type ; N:int >= 1",
    "Min input:T reduction_indices:Tidx -> output:T ; keep_dims:bool = false ; T:type in numbers ; Tidx:type in "
    "indices = "
    "INT32",
    "Minimum x:T y:T -> z:T ; T:type in ordered",
    "Mul x:T y:T -> z:T ; T:type in products ; !commutative",
    "Pack values:T*N -> output:T ; N:int >= 1 ; T:type ; axis:int = 0",
    "Pow x:T y:T -> z:T ; T:type in powers",
    "Range start:Tidx limit:Tidx delta:Tidx -> output:Tidx ; Tidx:type in steps = INT32",
    "Rank input:T -> output:INT32 ; T:type",
    "ReadVariableOp resource:RESOURCE -> value:dtype ; dtype:type ; !stateful",
    "RealDiv x:T y:T -> z:T ; T:type in products",
    "Reciprocal x:T -> y:T ; T:type in matrices",
    "Reshape tensor:T shape:Tshape -> output:T ; T:type ; Tshape:type in indices = INT32",
    "Rsqrt x:T -> y:T ; T:type in roots",
    "Shape input:T -> output:out_type ; T:type ; out_type:type in indices = INT32",
    "Size input:T -> output:out_type ; T:type ; out_type:type in indices = INT32",
    "Sub x:T y:T -> z:T ; T:type in products",
    "Switch data:T pred:BOOL -> output_false:T output_true:T ; T:type",
    "Transpose x:T perm:Tperm -> y:T ; T:type ; Tperm:type in indices = INT32",
    "VarHandleOp -> resource:RESOURCE ; container:string = '' ; shared_name:string = '' ; dtype:type ; shape:shape ; "
    "!stateful",
    "VarIsInitializedOp resource:RESOURCE -> is_initialized:BOOL ; !stateful",
    "VariableV2 -> ref:&dtype ; shape:shape ; dtype:type ; container:string = '' ; shared_name:string = '' ; !stateful",
};

/// The words of a text between single separators; none of an empty text.
inline std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find(separator), text.size());
        if (end > 0) parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

/// The number of an element type, by name; 0 for anything else.
inline int element_type_number(std::string_view name) {
    constexpr std::pair<std::string_view, int> numbers[] = {
        {"FLOAT", 1},       {"DOUBLE", 2},  {"INT32", 3},     {"UINT8", 4},     {"INT16", 5},
        {"INT8", 6},        {"STRING", 7},  {"COMPLEX64", 8}, {"INT64", 9},     {"BOOL", 10},
        {"QINT8", 11},      {"QUINT8", 12}, {"QINT32", 13},   {"BFLOAT16", 14}, {"UINT16", 17},
        {"COMPLEX128", 18}, {"HALF", 19},   {"RESOURCE", 20}, {"UINT32", 22},   {"UINT64", 23},
    };
    const auto* it =
        std::find_if(std::begin(numbers), std::end(numbers), [name](const auto& n) { return n.first == name; });
    return it == std::end(numbers) ? 0 : it->second;
}

inline int read_int(std::string_view text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// NAME:TYPE, NAME:&TYPE or NAME:TYPE*N.
template <class ArgDef>
void read_argument(std::string_view text, ArgDef& arg) {
    const auto colon = text.find(':');
    arg.set_name(std::string(text.substr(0, colon)));
    std::string_view type = text.substr(colon + 1);
    if (type.starts_with('&')) {
        arg.set_is_ref(true);
        type.remove_prefix(1);
    }
    const auto star = type.find('*');
    if (star != std::string_view::npos) {
        arg.set_number_attr(std::string(type.substr(star + 1)));
        type = type.substr(0, star);
    }
    if (const int number = element_type_number(type); number != 0) {
        arg.set_type(static_cast<decltype(arg.type())>(number));
    } else {
        arg.set_type_attr(std::string(type));
    }
}

/// A default: by the attribute's kind.
template <class AttrValue>
void read_value(std::string_view kind, std::string_view text, AttrValue& value) {
    if (kind == "bool") {
        value.set_b(text == "true");
    } else if (kind == "type") {
        value.set_type(static_cast<decltype(value.type())>(element_type_number(text)));
    } else if (kind == "string") {
        value.set_s(text == "''" ? std::string() : std::string(text));
    } else if (kind == "int") {
        value.set_i(read_int(text));
    } else {
        auto& list = *value.mutable_list();
        for (const std::string_view item : split(text.substr(1, text.size() - 2), ',')) list.add_i(read_int(item));
    }
}

/// NAME:KIND, followed by `in LIST`, `= DEFAULT`, `>= LEAST`.
template <class AttrDef>
void read_attribute(std::string_view text, AttrDef& attr) {
    const auto parts = split(text, ' ');
    const auto colon = parts[0].find(':');
    const std::string_view kind = parts[0].substr(colon + 1);
    attr.set_name(std::string(parts[0].substr(0, colon)));
    attr.set_type(std::string(kind));
    for (std::size_t i = 1; i + 1 < parts.size(); i += 2) {
        if (parts[i] == "=") {
            read_value(kind, parts[i + 1], *attr.mutable_default_value());
        } else if (parts[i] == ">=") {
            attr.set_has_minimum(true);
            attr.set_minimum(read_int(parts[i + 1]));
        } else if (kind == "type") {
            const auto* list = std::find_if(std::begin(type_lists), std::end(type_lists),
                                            [&](const type_list& l) { return l.name == parts[i + 1]; });
            auto& allowed = *attr.mutable_allowed_values()->mutable_list();
            for (const std::string_view t : split(list->types, ' ')) {
                allowed.add_type(static_cast<decltype(allowed.type(0))>(element_type_number(t)));
            }
        } else {
            auto& allowed = *attr.mutable_allowed_values()->mutable_list();
            for (const std::string_view s : split(parts[i + 1], ',')) allowed.add_s(std::string(s));
        }
    }
}

template <class OpDef>
void read_flag(std::string_view flag, OpDef& def) {
    if (flag == "commutative") def.set_is_commutative(true);
    if (flag == "aggregate") def.set_is_aggregate(true);
    if (flag == "stateful") def.set_is_stateful(true);
    if (flag == "uninitialized") def.set_allows_uninitialized_input(true);
}

template <class OpDef>
void read_op(std::string_view line, OpDef& def) {
    const auto clauses = split(line, ';');
    bool outputs = false;
    for (const std::string_view word : split(clauses[0], ' ')) {
        if (def.name().empty()) {
            def.set_name(std::string(word));
        } else if (word == "->") {
            outputs = true;
        } else {
            read_argument(word, outputs ? *def.add_output_arg() : *def.add_input_arg());
        }
    }
    for (std::size_t i = 1; i < clauses.size(); ++i) {
        const std::string_view clause = clauses[i].substr(1);
        if (clause.starts_with('!')) {
            read_flag(split(clause.substr(1), ' ')[0], def);
        } else {
            read_attribute(clause, *def.add_attr());
        }
    }
}

}  // namespace detail

/// Writes the definition of an operation that qgraft adds into `def`, an empty OpDef. False: qgraft does not know it.
template <class OpDef>
bool define_op(std::string_view op, OpDef& def) {
    for (const std::string_view line : detail::op_lines) {
        if (line.substr(0, line.find(' ')) != op) continue;
        detail::read_op(line, def);
        return true;
    }
    return false;
}

}  // namespace qgraft::graphdef

#endif
