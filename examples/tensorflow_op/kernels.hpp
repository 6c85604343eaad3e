// The kernels of the ops, for any device: attributes, checks and outputs. What computes is the template argument.
// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_OP_KERNELS_HPP
#define TENSORFLOW_OP_KERNELS_HPP

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <utility>

#include <absl/status/status.h>
#include <absl/strings/str_cat.h>
#include <tensorflow/core/framework/op_kernel.h>

#include <qgraft/quant/error.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include "task.hpp"

namespace fake_quant {

/// What both kernels have in common.
///
/// A Device has, static, for both forms of `Ranges`, and may throw std::exception:
///
///     template <ranges Ranges> void forward(context, const task&, const float* in, float* out)
///     template <ranges Ranges> void gradient(context, const task&, const float* grad, const float* in,
///                                            const outputs&)
///
/// where out may be in, and dx may be grad.
template <ranges Ranges>
class kernel : public tensorflow::OpKernel {
public:
    explicit kernel(tensorflow::OpKernelConstruction* context) : OpKernel(context) {
        OP_REQUIRES_OK(context, context->GetAttr("num_bits", &spec_.bits));
        OP_REQUIRES_OK(context, context->GetAttr("narrow_range", &spec_.narrow_range));
        if constexpr (Ranges == ranges::per_channel) OP_REQUIRES_OK(context, context->GetAttr("axis", &axis_));
        OP_REQUIRES(context, spec_.valid(),
                    absl::InvalidArgumentError(absl::StrCat("num_bits must be from 2 to 16, not ", spec_.bits)));
    }

protected:
    /// The task of a tensor and the ranges min and max; sets an error where the shapes do not fit.
    task task_of(tensorflow::OpKernelContext* context, const tensorflow::Tensor& values, const tensorflow::Tensor& min,
                 const tensorflow::Tensor& max) const {
        task t{spec_, static_cast<std::size_t>(values.NumElements()), 1, 1, nullptr, nullptr};
        if constexpr (Ranges == ranges::per_channel) {
            const std::int64_t rank = values.dims();
            if (axis_ < -rank || axis_ >= rank) {
                context->SetStatus(
                    absl::InvalidArgumentError(absl::StrCat("axis ", axis_, " is not one of ", rank, " dimensions")));
                return t;
            }
            const int axis = static_cast<int>(axis_ < 0 ? axis_ + rank : axis_);
            t.channels = static_cast<std::size_t>(values.dim_size(axis));
            for (int i = axis + 1; i < values.dims(); ++i) t.inner *= static_cast<std::size_t>(values.dim_size(i));
        }
        for (const auto& [name, end] : {std::pair("min", &min), std::pair("max", &max)}) {
            if (end->dims() != (Ranges == ranges::one ? 0 : 1) || end->NumElements() != std::int64_t(t.channels)) {
                context->SetStatus(absl::InvalidArgumentError(absl::StrCat(
                    name, " has the shape ", end->shape().DebugString(), " where ",
                    Ranges == ranges::one ? "a scalar" : absl::StrCat("[", t.channels, "]"), " is expected")));
            }
        }
        t.min = min.flat<float>().data();
        t.max = max.flat<float>().data();
        return t;
    }

    /// Calls compute(), and makes what it throws the status of the op.
    template <class F>
    static void guarded(tensorflow::OpKernelContext* context, const F& compute) {
        try {
            compute();
        } catch (const qgraft::quant_error& e) {
            context->SetStatus(absl::InvalidArgumentError(e.what()));
        } catch (const std::bad_alloc&) {
            context->SetStatus(absl::ResourceExhaustedError("there is not enough memory to quantize this tensor"));
        } catch (const std::exception& e) {
            context->SetStatus(absl::InternalError(e.what()));
        }
    }

private:
    qgraft::quant_spec spec_;
    std::int64_t axis_ = -1;
};

template <class Device, ranges Ranges>
class forward : public kernel<Ranges> {
public:
    using kernel<Ranges>::kernel;

    void Compute(tensorflow::OpKernelContext* context) override {
        const tensorflow::Tensor& in = context->input(0);
        const task t = this->task_of(context, in, context->input(1), context->input(2));
        if (!context->status().ok()) return;
        tensorflow::Tensor* out = nullptr;
        OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({0}, 0, in.shape(), &out));
        if (t.size == 0) return;
        this->guarded(context, [&] {
            Device::template forward<Ranges>(context, t, in.flat<float>().data(), out->flat<float>().data());
        });
    }
};

template <class Device, ranges Ranges>
class gradient : public kernel<Ranges> {
public:
    using kernel<Ranges>::kernel;

    void Compute(tensorflow::OpKernelContext* context) override {
        const tensorflow::Tensor& grad = context->input(0);
        const tensorflow::Tensor& in = context->input(1);
        OP_REQUIRES(context, grad.shape() == in.shape(),
                    absl::InvalidArgumentError(absl::StrCat("gradients have the shape ", grad.shape().DebugString(),
                                                            ", inputs ", in.shape().DebugString())));
        const task t = this->task_of(context, in, context->input(2), context->input(3));
        if (!context->status().ok()) return;
        tensorflow::Tensor* dx = nullptr;
        tensorflow::Tensor* dmin = nullptr;
        tensorflow::Tensor* dmax = nullptr;
        OP_REQUIRES_OK(context, context->forward_input_or_allocate_output({0}, 0, in.shape(), &dx));
        OP_REQUIRES_OK(context, context->allocate_output(1, context->input(2).shape(), &dmin));
        OP_REQUIRES_OK(context, context->allocate_output(2, context->input(3).shape(), &dmax));
        this->guarded(context, [&] {
            Device::template gradient<Ranges>(
                context, t, grad.flat<float>().data(), in.flat<float>().data(),
                outputs{dx->flat<float>().data(), dmin->flat<float>().data(), dmax->flat<float>().data()});
        });
    }
};

}  // namespace fake_quant

/// Registers the kernels of all four ops for a device: its name for TensorFlow, and the type that computes.
#define REGISTER_FAKE_QUANT_KERNELS(NAME, DEVICE)                                                 \
    REGISTER_KERNEL_BUILDER(Name("QgraftFakeQuantWithMinMaxVars").Device(NAME),                   \
                            fake_quant::forward<DEVICE, fake_quant::ranges::one>);                \
    REGISTER_KERNEL_BUILDER(Name("QgraftFakeQuantWithMinMaxVarsGradient").Device(NAME),           \
                            fake_quant::gradient<DEVICE, fake_quant::ranges::one>);               \
    REGISTER_KERNEL_BUILDER(Name("QgraftFakeQuantWithMinMaxVarsPerChannel").Device(NAME),         \
                            fake_quant::forward<DEVICE, fake_quant::ranges::per_channel>);        \
    REGISTER_KERNEL_BUILDER(Name("QgraftFakeQuantWithMinMaxVarsPerChannelGradient").Device(NAME), \
                            fake_quant::gradient<DEVICE, fake_quant::ranges::per_channel>)

#endif  // TENSORFLOW_OP_KERNELS_HPP
