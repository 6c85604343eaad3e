// The ops and their gradients, for any device: those of PyTorch's names take what PyTorch's take.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

TORCH_LIBRARY(qgraft, library) {
    library.def(
        "fake_quantize_per_tensor_affine(Tensor input, float scale, int zero_point, int quant_min, int quant_max) "
        "-> Tensor");
    library.def(
        "fake_quantize_per_tensor_affine_backward(Tensor grad, Tensor input, float scale, int zero_point, "
        "int quant_min, int quant_max) -> Tensor");
    library.def(
        "fake_quantize_per_channel_affine(Tensor input, Tensor scale, Tensor zero_point, int axis, int quant_min, "
        "int quant_max) -> Tensor");
    library.def(
        "fake_quantize_per_channel_affine_backward(Tensor grad, Tensor input, Tensor scale, Tensor zero_point, "
        "int axis, int quant_min, int quant_max) -> Tensor");
    // Moves running_min and running_max towards the least and the greatest of input, chooses scale and zero_point by
    // them, and quantizes input with these: PyTorch's op of this name with everything on, for a tensor.
    library.def(
        "fused_moving_avg_obs_fake_quant(Tensor input, Tensor(a!) running_min, Tensor(b!) running_max, "
        "Tensor(c!) scale, Tensor(d!) zero_point, float averaging_const, int quant_min, int quant_max, "
        "bool symmetric_quant=False) -> Tensor");
    library.def(
        "fused_moving_avg_obs_fake_quant_backward(Tensor grad, Tensor input, Tensor scale, Tensor zero_point, "
        "int quant_min, int quant_max) -> Tensor");
}

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Calls an op below autograd, on whatever device its tensors are.
template <class Signature, class... Arguments>
at::Tensor call(const char* name, const Arguments&... arguments) {
    const at::AutoDispatchBelowADInplaceOrView below;
    return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>().call(arguments...);
}

struct per_tensor : torch::autograd::Function<per_tensor> {
    using signature = at::Tensor(const at::Tensor&, double, std::int64_t, std::int64_t, std::int64_t);
    using backward_signature = at::Tensor(const at::Tensor&, const at::Tensor&, double, std::int64_t, std::int64_t,
                                          std::int64_t);

    static at::Tensor forward(AutogradContext* context, const at::Tensor& input, double scale, std::int64_t zero_point,
                              std::int64_t quant_min, std::int64_t quant_max) {
        context->save_for_backward({input});
        context->saved_data["scale"] = scale;
        context->saved_data["zero_point"] = zero_point;
        context->saved_data["quant_min"] = quant_min;
        context->saved_data["quant_max"] = quant_max;
        return call<signature>("qgraft::fake_quantize_per_tensor_affine", input, scale, zero_point, quant_min,
                               quant_max);
    }

    static variable_list backward(AutogradContext* context, const variable_list& grad) {
        auto& saved = context->saved_data;
        const at::Tensor dx = call<backward_signature>("qgraft::fake_quantize_per_tensor_affine_backward", grad[0],
                                                       context->get_saved_variables()[0], saved["scale"].toDouble(),
                                                       saved["zero_point"].toInt(), saved["quant_min"].toInt(),
                                                       saved["quant_max"].toInt());
        return {dx, {}, {}, {}, {}};
    }
};

struct per_channel : torch::autograd::Function<per_channel> {
    using signature = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, std::int64_t, std::int64_t,
                                 std::int64_t);
    using backward_signature = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                          std::int64_t, std::int64_t, std::int64_t);

    static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& scale,
                              const at::Tensor& zero_point, std::int64_t axis, std::int64_t quant_min,
                              std::int64_t quant_max) {
        context->save_for_backward({input, scale, zero_point});
        context->saved_data["axis"] = axis;
        context->saved_data["quant_min"] = quant_min;
        context->saved_data["quant_max"] = quant_max;
        return call<signature>("qgraft::fake_quantize_per_channel_affine", input, scale, zero_point, axis, quant_min,
                               quant_max);
    }

    static variable_list backward(AutogradContext* context, const variable_list& grad) {
        const variable_list tensors = context->get_saved_variables();
        auto& saved = context->saved_data;
        const at::Tensor dx = call<backward_signature>("qgraft::fake_quantize_per_channel_affine_backward", grad[0],
                                                       tensors[0], tensors[1], tensors[2], saved["axis"].toInt(),
                                                       saved["quant_min"].toInt(), saved["quant_max"].toInt());
        return {dx, {}, {}, {}, {}, {}};
    }
};

struct fused : torch::autograd::Function<fused> {
    using signature = at::Tensor(const at::Tensor&, at::Tensor, at::Tensor, at::Tensor, at::Tensor, double,
                                 std::int64_t, std::int64_t, bool);
    using backward_signature = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                          std::int64_t, std::int64_t);

    static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& running_min,
                              const at::Tensor& running_max, const at::Tensor& scale, const at::Tensor& zero_point,
                              double averaging_const, std::int64_t quant_min, std::int64_t quant_max,
                              bool symmetric_quant) {
        at::Tensor out = call<signature>("qgraft::fused_moving_avg_obs_fake_quant", input, running_min, running_max,
                                         scale, zero_point, averaging_const, quant_min, quant_max, symmetric_quant);
        // The next batch changes these two.
        context->save_for_backward({input, scale.clone(), zero_point.clone()});
        context->saved_data["quant_min"] = quant_min;
        context->saved_data["quant_max"] = quant_max;
        return out;
    }

    static variable_list backward(AutogradContext* context, const variable_list& grad) {
        const variable_list tensors = context->get_saved_variables();
        auto& saved = context->saved_data;
        const at::Tensor dx =
            call<backward_signature>("qgraft::fused_moving_avg_obs_fake_quant_backward", grad[0], tensors[0],
                                     tensors[1], tensors[2], saved["quant_min"].toInt(), saved["quant_max"].toInt());
        return {dx, {}, {}, {}, {}, {}, {}, {}, {}};
    }
};

/// Registers a Function under autograd's key: its gradient is on the tape, and what it calls is the device's kernel.
template <class Function, class... Arguments>
at::Tensor apply(Arguments... arguments) {
    return Function::apply(arguments...);
}

/// For tracing without data: the shape of what comes out is the first tensor's.
template <class... Arguments>
at::Tensor like_first(const at::Tensor& first, Arguments...) {
    return at::empty_like(first, at::MemoryFormat::Contiguous);
}

}  // namespace

TORCH_LIBRARY_IMPL(qgraft, Autograd, library) {
    library.impl("fake_quantize_per_tensor_affine",
                 apply<per_tensor, const at::Tensor&, double, std::int64_t, std::int64_t, std::int64_t>);
    library.impl("fake_quantize_per_channel_affine",
                 apply<per_channel, const at::Tensor&, const at::Tensor&, const at::Tensor&, std::int64_t, std::int64_t,
                       std::int64_t>);
    library.impl("fused_moving_avg_obs_fake_quant", apply<fused, const at::Tensor&, at::Tensor, at::Tensor, at::Tensor,
                                                          at::Tensor, double, std::int64_t, std::int64_t, bool>);
}

TORCH_LIBRARY_IMPL(qgraft, Meta, library) {
    library.impl("fake_quantize_per_tensor_affine", like_first<double, std::int64_t, std::int64_t, std::int64_t>);
    library.impl("fake_quantize_per_tensor_affine_backward",
                 like_first<const at::Tensor&, double, std::int64_t, std::int64_t, std::int64_t>);
    library.impl("fake_quantize_per_channel_affine",
                 like_first<const at::Tensor&, const at::Tensor&, std::int64_t, std::int64_t, std::int64_t>);
    library.impl(
        "fake_quantize_per_channel_affine_backward",
        like_first<const at::Tensor&, const at::Tensor&, const at::Tensor&, std::int64_t, std::int64_t, std::int64_t>);
    library.impl("fused_moving_avg_obs_fake_quant",
                 like_first<at::Tensor, at::Tensor, at::Tensor, at::Tensor, double, std::int64_t, std::int64_t, bool>);
    library.impl("fused_moving_avg_obs_fake_quant_backward",
                 like_first<const at::Tensor&, const at::Tensor&, const at::Tensor&, std::int64_t, std::int64_t>);
}
