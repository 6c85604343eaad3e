// The dialect: what each word becomes, for reference and for resource variables.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/ops/dialect.hpp>

#include "graphdef/sketch.hpp"
#include "support/lines.hpp"

using namespace qgraft;
using namespace qgraft::testing_support;
using graphdef::attribute;
using operand = operand_of<node_ref>;

namespace {

/// One graph, on which words are built one after the other.
class workbench {
public:
    explicit workbench(bool resource = false) : graph_(inputs(), {.resource_variables = resource}), edits_(graph_) {}

    value<node_ref> build(word w, const std::string& hint, const std::vector<operand>& operands,
                          word_params params = {}) {
        return dialect<graph>::build(
            edits_, {.op = w, .operands = operands, .hint = hint, .scope = {"q", "q"}, .params = params});
    }

    /// What building added, and the name of the tensor that stands for it.
    lines added(const std::function<value<node_ref>()>& make) {
        const int first = sketch_.meta.graph_def().node_size();
        const auto made = make();
        lines all = described(sketch_.meta, first);
        all.push_back("-> " + graph_.spelled(made));
        return all;
    }

    value<node_ref> operator[](const char* name) const { return tensor(graph_, name); }
    proto::NodeDef& at(const std::string& name) { return sketch_.at(name); }

    /// A variable, its nodes being of no interest.
    value<node_ref> variable(const std::string& hint) { return build(word::variable, hint, {}, {.real = -6}); }

private:
    meta_graph& inputs() {
        sketch_.input("x", {4, 3}).set_device("/cpu:0");
        sketch_.node("opaque", "NoSuchOp");
        sketch_.input("p", {});
        sketch_.input("a", {});
        sketch_.input("b", {});
        return sketch_.meta;
    }

    sketch sketch_;
    graph graph_;
    editor<graph> edits_;
};

std::vector<std::string> groups_of(const proto::NodeDef& n) {
    const auto& groups = n.attr().at("_class").list().s();
    return {groups.begin(), groups.end()};
}

}  // namespace

TEST_CASE("variable, by reference") {
    workbench w;
    CHECK(w.added([&w] { return w.variable("min"); }) ==
          lines{"q/min/Initializer/Const = Const()", "q/min = VariableV2()",
                "q/min/Assign = Assign(q/min, q/min/Initializer/Const)", "q/min/read = Identity(q/min)", "-> q/min"});
    CHECK(w.at("q/min/Initializer/Const").attr().at("value").tensor().float_val(0) == -6.0F);
    for (const char* name : {"q/min/Initializer/Const", "q/min", "q/min/Assign", "q/min/read"}) {
        CHECK(groups_of(w.at(name)) == std::vector<std::string>{"loc:@q/min"});
    }
    CHECK(w.at("q/min/Assign").attr().at("use_locking").b());
    CHECK(w.at("q/min/Assign").attr().at("validate_shape").b());
    CHECK(w.at("q/min").attr().at("dtype").type() == proto::DT_FLOAT);
}

TEST_CASE("variable, by resource") {
    workbench w(true);
    CHECK(w.added([&w] { return w.variable("min"); }) ==
          lines{"q/min/Initializer/Const = Const()", "q/min = VarHandleOp()",
                "q/min/IsInitialized/VarIsInitializedOp = VarIsInitializedOp(q/min)",
                "q/min/Assign = AssignVariableOp(q/min, q/min/Initializer/Const)",
                "q/min/Read/ReadVariableOp = ReadVariableOp(q/min)", "-> q/min"});
    CHECK(w.at("q/min").attr().at("shared_name").s() == "q/min");
    CHECK_FALSE(w.at("q/min/Assign").attr().contains("_class"));
}

TEST_CASE("a name that is taken gets a number") {
    workbench w;
    w.variable("min");
    CHECK(w.added([&w] { return w.variable("min"); }).back() == "-> q/min_1");
}

TEST_CASE("reduce_min and reduce_max, over all axes of a known rank") {
    workbench w;
    CHECK(w.added([&w] { return w.build(word::reduce_min, "batch_min", {w["x"]}); }) ==
          lines{"q/Const = Const()", "q/BatchMin = Min(x, q/Const)", "-> q/BatchMin"});
    CHECK(w.added([&w] { return w.build(word::reduce_max, "batch_max", {w["x"]}); }) ==
          lines{"q/Const_1 = Const()", "q/BatchMax = Max(x, q/Const_1)", "-> q/BatchMax"});
    const auto& axes = w.at("q/Const").attr().at("value").tensor();
    CHECK(axes.tensor_content() == std::string("\0\0\0\0\1\0\0\0", 8));
    CHECK(axes.tensor_shape().dim(0).size() == 2);
    CHECK_FALSE(w.at("q/BatchMin").attr().at("keep_dims").b());
}

TEST_CASE("reduce_min of a vector and of a scalar") {
    workbench w;
    CHECK(w.added([&w] { return w.build(word::reduce_min, "batch_min", {w["a"]}); }) ==
          lines{"q/Const = Const()", "q/BatchMin = Min(a, q/Const)", "-> q/BatchMin"});
    const auto& axes = w.at("q/Const").attr().at("value").tensor();
    CHECK(axes.tensor_shape().dim(0).size() == 0);
    CHECK(axes.tensor_content().empty());
}

TEST_CASE("reduce_min where the rank is not known: the graph computes the axes") {
    workbench w;
    CHECK(w.added([&w] { return w.build(word::reduce_min, "batch_min", {w["opaque"]}); }) ==
          lines{"q/Rank = Rank(opaque)", "q/range/start = Const()", "q/range/delta = Const()",
                "q/range = Range(q/range/start, q/Rank, q/range/delta)", "q/BatchMin = Min(opaque, q/range)",
                "-> q/BatchMin"});
    CHECK(w.at("q/range/delta").attr().at("value").tensor().int_val(0) == 1);
}

TEST_CASE("minimum, maximum, div and mul, of tensors and numbers") {
    workbench w;
    CHECK(w.added([&w] {
        return w.build(word::minimum, "", {w["a"], literal{0}});
    }) == lines{"q/Minimum/y = Const()", "q/Minimum = Minimum(a, q/Minimum/y)", "-> q/Minimum"});
    CHECK(w.added([&w] {
        return w.build(word::maximum, "", {literal{1}, w["a"]});
    }) == lines{"q/Maximum/x = Const()", "q/Maximum = Maximum(q/Maximum/x, a)", "-> q/Maximum"});
    CHECK(w.added([&w] {
        return w.build(word::div, "", {w["a"], w["b"]});
    }) == lines{"q/truediv = RealDiv(a, b)", "-> q/truediv"});
    CHECK(w.added([&w] {
        return w.build(word::mul, "named", {w["a"], w["b"]});
    }) == lines{"q/named = Mul(a, b)", "-> q/named"});
}

TEST_CASE("assign, and its result as an operand") {
    workbench w;
    const auto v = w.variable("min");
    CHECK(w.added([&] {
        return w.build(word::assign, "assign_min_last", {v, w["a"]});
    }) == lines{"q/AssignMinLast = Assign(q/min, a)", "-> q/AssignMinLast"});
    CHECK(w.added([&] {
        return w.build(word::assign, "store", {v, literal{2}});
    }) == lines{"q/store/value = Const()", "q/store = Assign(q/min, q/store/value)", "-> q/store"});
    CHECK(w.added([&] {
        return w.build(word::fake_quant, "", {w["x"], w["q/AssignMinLast"], v});
    }) == lines{"q/FakeQuantWithMinMaxVars = FakeQuantWithMinMaxVars(x, q/AssignMinLast, q/min/read)",
                "-> q/FakeQuantWithMinMaxVars"});

    workbench r(true);
    const auto h = r.variable("min");
    CHECK(r.added([&] {
        return r.build(word::assign, "assign_min_last", {h, r["a"]});
    }) == lines{"q/AssignMinLast = AssignVariableOp(q/min, a)",
                "q/ReadVariableOp = ReadVariableOp(q/min, ^q/AssignMinLast)", "-> q/AssignMinLast"});
    CHECK(r.added([&] {
        return r.build(word::fake_quant, "", {r["x"], r["q/AssignMinLast"], h});
    }) == lines{"q/FakeQuantWithMinMaxVars/ReadVariableOp = ReadVariableOp(q/min, ^q/AssignMinLast)",
                "q/FakeQuantWithMinMaxVars/ReadVariableOp_1 = ReadVariableOp(q/min)",
                "q/FakeQuantWithMinMaxVars = FakeQuantWithMinMaxVars(x, q/FakeQuantWithMinMaxVars/ReadVariableOp, "
                "q/FakeQuantWithMinMaxVars/ReadVariableOp_1)",
                "-> q/FakeQuantWithMinMaxVars"});
}

TEST_CASE("fake_quant has its width and range") {
    workbench w;
    w.build(word::fake_quant, "", {w["x"], literal{-1}, literal{1}}, {.bits = 4, .narrow_range = true});
    const auto& attributes = w.at("q/FakeQuantWithMinMaxVars").attr();
    CHECK(attributes.at("num_bits").i() == 4);
    CHECK(attributes.at("narrow_range").b());
    CHECK(w.at("q/FakeQuantWithMinMaxVars/max").attr().at("value").tensor().float_val(0) == 1.0F);
}

TEST_CASE("ema_update, by reference") {
    workbench w;
    const auto v = w.variable("min");
    const lines all = w.added([&] { return w.build(word::ema_update, "assign_min_ema", {v, w["a"]}, {.real = 0.75}); });
    REQUIRE(all.size() == 22);
    CHECK(lines(all.begin() + 9, all.end()) ==
          lines{"q/AssignMinEma/sub = Sub(q/q/min/biased/read, a)",
                "q/AssignMinEma/mul = Mul(q/AssignMinEma/sub, q/AssignMinEma/decay)",
                "q/AssignMinEma/AssignSub = AssignSub(q/q/min/biased, q/AssignMinEma/mul)",
                "q/AssignMinEma/AssignAdd/value = Const()",
                "q/AssignMinEma/AssignAdd = AssignAdd(q/q/min/local_step, q/AssignMinEma/AssignAdd/value)",
                "q/AssignMinEma/sub_1/x = Const()",
                "q/AssignMinEma/sub_1 = Sub(q/AssignMinEma/sub_1/x, q/AssignMinEma/decay)",
                "q/AssignMinEma/Pow = Pow(q/AssignMinEma/sub_1, q/AssignMinEma/AssignAdd)",
                "q/AssignMinEma/sub_2/x = Const()",
                "q/AssignMinEma/sub_2 = Sub(q/AssignMinEma/sub_2/x, q/AssignMinEma/Pow)",
                "q/AssignMinEma/truediv = RealDiv(q/AssignMinEma/AssignSub, q/AssignMinEma/sub_2)",
                "q/AssignMinEma = Assign(q/min, q/AssignMinEma/truediv)", "-> q/AssignMinEma"});
    CHECK(w.at("q/AssignMinEma/decay").attr().at("value").tensor().float_val(0) == 0.25F);
    CHECK(groups_of(w.at("q/q/min/biased")) == std::vector<std::string>{"loc:@q/min"});
}

TEST_CASE("ema_update, by resource: every read says after which write") {
    workbench w(true);
    const auto v = w.variable("min");
    const lines all = w.added([&] { return w.build(word::ema_update, "assign_min_ema", {v, w["a"]}, {.real = 0.75}); });
    REQUIRE(all.size() == 30);
    CHECK(lines(all.begin() + 11, all.end()) ==
          lines{"q/AssignMinEma/ReadVariableOp = ReadVariableOp(q/q/min/biased)",
                "q/AssignMinEma/sub = Sub(q/AssignMinEma/ReadVariableOp, a)",
                "q/AssignMinEma/mul = Mul(q/AssignMinEma/sub, q/AssignMinEma/decay)",
                "q/AssignMinEma/AssignSubVariableOp = AssignSubVariableOp(q/q/min/biased, q/AssignMinEma/mul)",
                "q/AssignMinEma/ReadVariableOp_1 = ReadVariableOp(q/q/min/biased, ^q/AssignMinEma/AssignSubVariableOp)",
                "q/AssignMinEma/Const = Const()",
                "q/AssignMinEma/AssignAddVariableOp = AssignAddVariableOp(q/q/min/local_step, q/AssignMinEma/Const)",
                "q/AssignMinEma/ReadVariableOp_2 = ReadVariableOp(q/q/min/local_step, "
                "^q/AssignMinEma/AssignAddVariableOp)",
                "q/AssignMinEma/sub_1/x = Const()",
                "q/AssignMinEma/sub_1 = Sub(q/AssignMinEma/sub_1/x, q/AssignMinEma/decay)",
                "q/AssignMinEma/Pow/ReadVariableOp = ReadVariableOp(q/q/min/local_step, "
                "^q/AssignMinEma/AssignAddVariableOp)",
                "q/AssignMinEma/Pow = Pow(q/AssignMinEma/sub_1, q/AssignMinEma/Pow/ReadVariableOp)",
                "q/AssignMinEma/sub_2/x = Const()",
                "q/AssignMinEma/sub_2 = Sub(q/AssignMinEma/sub_2/x, q/AssignMinEma/Pow)",
                "q/AssignMinEma/ReadVariableOp_3 = ReadVariableOp(q/q/min/biased, ^q/AssignMinEma/AssignSubVariableOp)",
                "q/AssignMinEma/truediv = RealDiv(q/AssignMinEma/ReadVariableOp_3, q/AssignMinEma/sub_2)",
                "q/AssignMinEma = AssignVariableOp(q/min, q/AssignMinEma/truediv)",
                "q/AssignMinEma/ReadVariableOp_4 = ReadVariableOp(q/min, ^q/AssignMinEma)", "-> q/AssignMinEma"});
}

TEST_CASE("after_step makes the quantization step once") {
    workbench w;
    CHECK(
        w.added([&w] { return w.build(word::after_step, "activate_quant", {}, {.integer = 1'000'000'000'000}); }) ==
        lines{
            "fake_quantization_step/Initializer/zeros = Const()", "fake_quantization_step = VariableV2()",
            "fake_quantization_step/Assign = Assign(fake_quantization_step, fake_quantization_step/Initializer/zeros)",
            "fake_quantization_step/read = Identity(fake_quantization_step)",
            "fake_quantization_step/AssignAdd/value = Const()",
            "fake_quantization_step/AssignAdd = AssignAdd(fake_quantization_step, "
            "fake_quantization_step/AssignAdd/value)",
            "fake_quantization_step/Identity = Identity(fake_quantization_step/AssignAdd)",
            "q/activate_quant/y = Const()",
            "q/activate_quant = GreaterEqual(fake_quantization_step/Identity, q/activate_quant/y)",
            "-> q/activate_quant"});
    CHECK(w.at("q/activate_quant/y").attr().at("value").tensor().int64_val(0) == 1'000'000'000'000);
    CHECK(w.added([&w] { return w.build(word::after_step, "activate_quant", {}, {.integer = 2}); }) ==
          lines{"q/activate_quant_1/y = Const()",
                "q/activate_quant_1 = GreaterEqual(fake_quantization_step/Identity, q/activate_quant_1/y)",
                "-> q/activate_quant_1"});
}

TEST_CASE("select is a cond, its branches where their tensors are") {
    workbench w;
    CHECK(w.added([&w] {
        return w.build(word::select, "delayed_quant", {w["p"], w["a"], w["x"]});
    }) == lines{"q/delayed_quant/Switch = Switch(p, p)",
                "q/delayed_quant/switch_t = Identity(q/delayed_quant/Switch:1)",
                "q/delayed_quant/switch_f = Identity(q/delayed_quant/Switch)", "q/delayed_quant/pred_id = Identity(p)",
                "q/delayed_quant/Switch_1 = Switch(a, q/delayed_quant/pred_id)",
                "q/delayed_quant/Switch_2 = Switch(x, q/delayed_quant/pred_id)@/cpu:0",
                "q/delayed_quant/Merge = Merge(q/delayed_quant/Switch_2, q/delayed_quant/Switch_1:1)",
                "-> q/delayed_quant/Merge"});
    CHECK(groups_of(w.at("q/delayed_quant/Switch_2")) == std::vector<std::string>{"loc:@x"});
}

TEST_CASE("a word that is not spoken, and a number where a tensor must be, are refused") {
    workbench w;
    CHECK_THROWS_WITH_AS(w.build(word::max_pool, "p", {w["x"]}), "p: a TensorFlow graph has no way to build 'max_pool'",
                         rewrite_error);
    CHECK_THROWS_WITH_AS(w.build(word::conv2d, "c", {w["x"], w["x"]}), "c: is not like any layer that is there",
                         rewrite_error);
    CHECK_THROWS_WITH_AS(w.build(word::reduce_min, "m", {literal{1}}), "m: needs a tensor as operand 0", rewrite_error);
}

TEST_CASE("new nodes say their shapes where the file does") {
    sketch s;
    for (const bool says : {false, true}) {
        s = {};
        s.input("x", {4, 3});
        if (says) {
            auto& list = *attribute(s.at("x"), "_output_shapes").mutable_list();
            graphdef::write_shape(tensor_shape({4, 3}), *list.add_shape());
        }
        graph g(s.meta);
        editor<graph> e(g);
        const std::vector<operand> operands{tensor(g, "x"), literal{0}, literal{1}};
        dialect<graph>::build(e, {.op = word::fake_quant, .operands = operands, .scope = {"q", "q"}});
        const auto& attributes = s.at("q/FakeQuantWithMinMaxVars").attr();
        REQUIRE(attributes.contains("_output_shapes") == says);
        if (says) CHECK(graphdef::read_shape(attributes.at("_output_shapes").list().shape(0)) == tensor_shape({4, 3}));
    }
}

TEST_CASE("scopes") {
    sketch s;
    s.node("conv", "Conv2D");
    graph g(s.meta);
    using d = dialect<graph>;
    CHECK(d::open_scope(g, scope_kind::reenter, "conv").path == "conv");
    CHECK(d::open_scope(g, scope_kind::root, "").path.empty());
    CHECK(d::open_scope(g, scope_kind::fresh, "conv").path == "conv_1");
    const naming_scope state = d::open_scope(g, scope_kind::state, "conv");
    CHECK(state.path == "conv_2");
    CHECK(state.state == "conv");
    CHECK(d::open_scope(g, scope_kind::state, "conv").state == "conv_1");
}
