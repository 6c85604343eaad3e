// A TensorFlow op: a serialized MetaGraphDef in, the rewritten one out. Load it with tf.load_op_library.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <exception>
#include <new>
#include <string>

#include <absl/status/status.h>
#include <tensorflow/core/framework/op.h>
#include <tensorflow/core/framework/op_kernel.h>
#include <tensorflow/core/framework/shape_inference.h>
#include <tensorflow/core/lib/strings/proto_serialization.h>
#include <tensorflow/core/protobuf/meta_graph.pb.h>

#include <qgraft/graph/error.hpp>

#include "rewrite.hpp"

REGISTER_OP("QgraftRewrite")
    .Input("meta_graph: string")
    .Output("rewritten: string")
    .Attr("is_training: bool = true")
    .Attr("weight_bits: int = 8")
    .Attr("activation_bits: int = 8")
    .Attr("symmetric: bool = false")
    .Attr("quant_delay: int = 0")
    .Attr("freeze_bn_delay: int = -1")  // -1: never
    .Attr("scope: string = ''")
    .Attr("resource_variables: bool = false")
    .SetShapeFn([](tensorflow::shape_inference::InferenceContext* c) {
        tensorflow::shape_inference::ShapeHandle scalar;
        TF_RETURN_IF_ERROR(c->WithRank(c->input(0), 0, &scalar));
        c->set_output(0, scalar);
        return absl::OkStatus();
    })
    .Doc("Inserts fake quantization into the graph of a serialized MetaGraphDef.");

namespace {

class rewrite_op : public tensorflow::OpKernel {
public:
    explicit rewrite_op(tensorflow::OpKernelConstruction* context) : OpKernel(context) {
        std::int64_t freeze = -1;
        OP_REQUIRES_OK(context, context->GetAttr("is_training", &options_.is_training));
        OP_REQUIRES_OK(context, context->GetAttr("weight_bits", &options_.weight_bits));
        OP_REQUIRES_OK(context, context->GetAttr("activation_bits", &options_.activation_bits));
        OP_REQUIRES_OK(context, context->GetAttr("symmetric", &options_.symmetric));
        OP_REQUIRES_OK(context, context->GetAttr("quant_delay", &options_.quant_delay));
        OP_REQUIRES_OK(context, context->GetAttr("freeze_bn_delay", &freeze));
        OP_REQUIRES_OK(context, context->GetAttr("scope", &options_.scope));
        OP_REQUIRES_OK(context, context->GetAttr("resource_variables", &options_.resource_variables));
        if (freeze != -1) options_.freeze_bn_delay = freeze;
    }

    void Compute(tensorflow::OpKernelContext* context) override {
        const tensorflow::Tensor& in = context->input(0);
        OP_REQUIRES(context, in.dims() == 0, absl::InvalidArgumentError("meta_graph is not a scalar"));
        const tensorflow::tstring& bytes = in.scalar<tensorflow::tstring>()();
        tensorflow::MetaGraphDef meta;
        OP_REQUIRES(context, meta.ParseFromString({bytes.data(), bytes.size()}) && meta.has_graph_def(),
                    absl::InvalidArgumentError("meta_graph is not a serialized MetaGraphDef"));
        try {
            host::rewrite(meta, options_);
        } catch (const qgraft::error& e) {
            context->SetStatus(absl::InvalidArgumentError(e.what()));
            return;
        } catch (const std::bad_alloc&) {
            context->SetStatus(absl::ResourceExhaustedError("there is not enough memory for this graph"));
            return;
        } catch (const std::exception& e) {
            context->SetStatus(absl::InternalError(e.what()));
            return;
        }
        std::string rewritten;
        OP_REQUIRES(context, tensorflow::SerializeToStringDeterministic(meta, &rewritten),
                    absl::InvalidArgumentError("the rewritten graph would be larger than 2 GiB"));
        tensorflow::Tensor* out = nullptr;
        OP_REQUIRES_OK(context, context->allocate_output(0, {}, &out));
        out->scalar<tensorflow::tstring>()() = std::move(rewritten);
    }

private:
    host::options options_;
};

REGISTER_KERNEL_BUILDER(Name("QgraftRewrite").Device(tensorflow::DEVICE_CPU), rewrite_op);

}  // namespace
