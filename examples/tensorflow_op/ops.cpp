// The ops: what TensorFlow has as FakeQuantWithMinMaxVars and its three siblings, and a channel at any axis.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include <absl/status/status.h>
#include <absl/strings/str_cat.h>
#include <tensorflow/core/framework/op.h>
#include <tensorflow/core/framework/shape_inference.h>

namespace {

using tensorflow::shape_inference::DimensionHandle;
using tensorflow::shape_inference::InferenceContext;
using tensorflow::shape_inference::ShapeHandle;

/// min and max, the inputs from `first` on, are scalars.
absl::Status check_range(InferenceContext* c, int first) {
    ShapeHandle unused;
    TF_RETURN_IF_ERROR(c->WithRank(c->input(first), 0, &unused));
    return c->WithRank(c->input(first + 1), 0, &unused);
}

/// min and max are vectors, as long as the dimension `axis` of `values`.
absl::Status check_ranges(InferenceContext* c, ShapeHandle values, int first) {
    ShapeHandle min;
    ShapeHandle max;
    DimensionHandle channels;
    TF_RETURN_IF_ERROR(c->WithRank(c->input(first), 1, &min));
    TF_RETURN_IF_ERROR(c->WithRank(c->input(first + 1), 1, &max));
    TF_RETURN_IF_ERROR(c->Merge(c->Dim(min, 0), c->Dim(max, 0), &channels));
    if (!c->RankKnown(values)) return absl::OkStatus();
    std::int64_t axis = -1;
    TF_RETURN_IF_ERROR(c->GetAttr("axis", &axis));
    const std::int64_t rank = c->Rank(values);
    if (axis < -rank || axis >= rank) {
        return absl::InvalidArgumentError(absl::StrCat("axis ", axis, " is not one of ", rank, " dimensions"));
    }
    return c->Merge(c->DimKnownRank(values, axis), channels, &channels);
}

absl::Status tensor_shape(InferenceContext* c) {
    TF_RETURN_IF_ERROR(check_range(c, 1));
    c->set_output(0, c->input(0));
    return absl::OkStatus();
}

absl::Status tensor_gradient_shape(InferenceContext* c) {
    ShapeHandle values;
    TF_RETURN_IF_ERROR(c->Merge(c->input(0), c->input(1), &values));
    TF_RETURN_IF_ERROR(check_range(c, 2));
    c->set_output(0, values);
    c->set_output(1, c->Scalar());
    c->set_output(2, c->Scalar());
    return absl::OkStatus();
}

absl::Status channels_shape(InferenceContext* c) {
    TF_RETURN_IF_ERROR(check_ranges(c, c->input(0), 1));
    c->set_output(0, c->input(0));
    return absl::OkStatus();
}

absl::Status channels_gradient_shape(InferenceContext* c) {
    ShapeHandle values;
    TF_RETURN_IF_ERROR(c->Merge(c->input(0), c->input(1), &values));
    TF_RETURN_IF_ERROR(check_ranges(c, values, 2));
    c->set_output(0, values);
    c->set_output(1, c->input(2));
    c->set_output(2, c->input(3));
    return absl::OkStatus();
}

}  // namespace

REGISTER_OP("QgraftFakeQuantWithMinMaxVars")
    .Attr("num_bits: int = 8")
    .Attr("narrow_range: bool = false")
    .Input("inputs: float")
    .Input("min: float")
    .Input("max: float")
    .Output("outputs: float")
    .SetShapeFn(tensor_shape)
    .Doc("Moves each value to the nearest of 2^num_bits ones from min to max, as FakeQuantWithMinMaxVars does.");

REGISTER_OP("QgraftFakeQuantWithMinMaxVarsGradient")
    .Attr("num_bits: int = 8")
    .Attr("narrow_range: bool = false")
    .Input("gradients: float")
    .Input("inputs: float")
    .Input("min: float")
    .Input("max: float")
    .Output("backprops_wrt_input: float")
    .Output("backprop_wrt_min: float")
    .Output("backprop_wrt_max: float")
    .SetShapeFn(tensor_gradient_shape)
    .Doc("The gradient of QgraftFakeQuantWithMinMaxVars.");

REGISTER_OP("QgraftFakeQuantWithMinMaxVarsPerChannel")
    .Attr("num_bits: int = 8")
    .Attr("narrow_range: bool = false")
    .Attr("axis: int = -1")
    .Input("inputs: float")
    .Input("min: float")
    .Input("max: float")
    .Output("outputs: float")
    .SetShapeFn(channels_shape)
    .Doc("The same with a range for each channel, as FakeQuantWithMinMaxVarsPerChannel; the channels are at any axis.");

REGISTER_OP("QgraftFakeQuantWithMinMaxVarsPerChannelGradient")
    .Attr("num_bits: int = 8")
    .Attr("narrow_range: bool = false")
    .Attr("axis: int = -1")
    .Input("gradients: float")
    .Input("inputs: float")
    .Input("min: float")
    .Input("max: float")
    .Output("backprops_wrt_input: float")
    .Output("backprop_wrt_min: float")
    .Output("backprop_wrt_max: float")
    .SetShapeFn(channels_gradient_shape)
    .Doc("The gradient of QgraftFakeQuantWithMinMaxVarsPerChannel.");
