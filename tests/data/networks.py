# Small networks without batch normalization, one for each thing the quantize rules tell apart.
# SPDX-License-Identifier: Apache-2.0
"""Functions without a leading underscore build a network each in the default graph; record.py calls them by name."""
import tensorflow as tf

from layers import contrib, conv, dense, depthwise, image, raw_conv, separable, tf1, weights


def conv_bias_relu6():
    tf.identity(conv(image(), 'conv'), name='output')


def conv_relu():
    tf.identity(conv(image(), 'conv', bias=False, activation=tf.nn.relu), name='output')


def conv_identity():
    # The activation is an Identity.
    tf.nn.softmax(conv(image(), 'conv', activation=tf.identity), name='output')


def conv_without_activation():
    # A final layer at the end of the graph, and one without even a bias.
    conv(image(), 'with_bias', activation=None)
    conv(image(name='other'), 'bare', bias=False, activation=None)


def depthwise_relu6():
    x = depthwise(image(), 'depthwise', stride=2)
    tf.identity(depthwise(x, 'twice', multiplier=2, bias=False), name='output')


def separable_conv():
    tf.identity(separable(image(), 'separable'), name='output')


def fully_connected():
    x = dense(image(4), 'hidden', 6, tf.nn.relu)
    tf.nn.softmax(dense(x, 'logits'), name='output')


def weights_first():
    # The weights are the first operand of the product, and the bias is added by AddV2, by Add and from the left.
    x = tf1.placeholder(tf.float32, [4, 3], name='input')
    with tf1.variable_scope('left'):
        x = tf.nn.relu(tf.matmul(weights('w', (5, 4)), x) + weights('b', (5, 1)))
    with tf1.variable_scope('right'):
        x = tf.nn.relu6(tf1.add(weights('b', (2, 1)), tf.matmul(weights('w', (2, 5)), x)))
    tf.identity(x, name='output')


def transposed():
    x = tf1.placeholder(tf.float32, [None, 4], name='input')
    with tf1.variable_scope('fc'):
        x = tf.nn.relu(tf.nn.bias_add(tf.matmul(x, weights('w', (6, 4)), transpose_b=True), weights('b', (6,))))
    tf.identity(x, name='output')


def top_level():
    # Layers in no scope.
    x = image(4, 4)
    x = tf.nn.relu(raw_conv(x, weights('w1')))
    y = tf.nn.bias_add(raw_conv(x, weights('w2')), weights('b2', (4,)))
    tf.identity(tf.nn.relu(x + y), name='output')


def bypass_relu():
    x = conv(image(), 'block/conv1')
    y = conv(x, 'block/conv2', activation=None)
    tf.identity(tf.nn.relu(x + y, name='block/relu'), name='output')


def bypass_add_op():
    # The bypass is an Add, and its operands are the other way round.
    with tf1.variable_scope('net'):
        x = conv(image(), 'conv1')
        y = conv(x, 'conv2', activation=None)
        tf.identity(tf.nn.relu6(tf1.add(y, x, name='add')), name='output')


def bypass_without_activation():
    x = conv(image(), 'block/conv1')
    y = conv(x, 'block/conv2', activation=None)
    z = tf1.add(y, tf1.nn.max_pool(x, 2, 1, 'SAME'), name='block/add')
    tf.reduce_mean(z, [1, 2], name='output')


def bypass_of_activation():
    # The Add is a bypass of conv2 and comes after the activation of conv1.
    x = conv(image(), 'block/conv1')
    y = conv(x, 'block/conv2', activation=None)
    z = tf1.add(y, x, name='block/add')
    tf.reduce_mean(z, [1, 2], name='output')
    tf.reduce_max(z, [1, 2], name='other_output')


def post_activation_bypass():
    x = conv(image(), 'block/conv1')
    y = conv(x, 'block/conv2')
    tf.reduce_mean(tf1.add(y, x, name='block/add'), [1, 2], name='output')


def post_activation_bypass_relu():
    x = conv(image(), 'block/conv1')
    y = conv(x, 'block/conv2', activation=tf.nn.relu)
    tf.identity(tf.nn.relu(x + y), name='output')


def overlapping_bypasses():
    # One Add is the bypass of two layers, another one of two blocks.
    x = conv(image(), 'net/conv1')
    a = conv(x, 'net/a', activation=None)
    b = conv(x, 'net/b', activation=None)
    y = tf.nn.relu(a + b, name='net/relu')
    c = conv(y, 'net/c')
    tf.reduce_mean(y + c, [1, 2], name='output')


def residual_blocks():
    x = conv(image(), 'stem', 4)
    for i in range(2):
        with tf1.variable_scope('block%d' % i):
            y = conv(x, 'conv1', 4)
            y = conv(y, 'conv2', 4, 1, activation=None)
            x = tf.nn.relu(x + y) if i < 1 else x + y
    tf.nn.softmax(dense(tf.reduce_mean(x, [1, 2]), 'logits'), name='output')


def dilated_conv():
    tf.identity(conv(image(), 'dilated', rate=2), name='output')


def dilated_unknown_size():
    tf.identity(conv(image(None, batch=None), 'dilated', rate=2), name='output')


def dilated_depthwise():
    x = depthwise(image(), 'depthwise', rate=2)
    tf.identity(separable(x, 'separable', rate=2), name='output')


def partitioned():
    with tf1.variable_scope('net', partitioner=tf1.fixed_size_partitioner(2, axis=3)):
        tf.identity(conv(image(), 'conv', bias=False), name='output')


def one_partition():
    with tf1.variable_scope('net', partitioner=tf1.fixed_size_partitioner(1)):
        tf.identity(conv(image(), 'conv', bias=False), name='output')


def add_mul_sweep():
    # Sums and products after quantized values: with a scalar, of two of them, before a ReLU, through other ops.
    a = conv(image(), 'a')
    b = conv(image(name='other'), 'b')
    product = tf.multiply(a, b, name='product')
    scaled = tf.multiply(a, 0.5, name='scaled')
    tf.nn.relu(tf.multiply(scaled, b, name='before_relu'), name='skipped')
    tf.identity(product - scaled, name='output')


def add_chain():
    x = tf1.nn.max_pool(conv(image(), 'conv'), 2, 2, 'SAME', name='pool')
    x = tf1.add(x, 1.0, name='sum1')
    x = tf.reshape(tf.identity(x, name='same'), [-1, 16, 4], name='flat')
    x = tf.multiply(x, 2.0, name='product')
    y = tf1.add(x, x, name='sum2')
    tf.subtract(y, tf.reduce_max(x, 1, keepdims=True, name='max') * 3.0, name='output')


def sum_of_sums():
    # The inner products are not quantized where they are found, but decide about the outer sum.
    a = tf1.nn.max_pool(conv(image(), 'a'), 2, 2, 'SAME')
    b = tf1.nn.max_pool(conv(image(name='other'), 'b', activation=tf.nn.relu), 2, 2, 'SAME')
    inner = tf.multiply(a, b, name='net/inner')
    outer = tf1.add(tf.nn.relu(inner), inner, name='net/outer')
    tf.multiply(tf.sigmoid(outer), outer, name='net/gate')


def scopes():
    x = conv(image(), 'block1/conv')
    x = tf1.add(x, conv(x, 'block2/conv', activation=None), name='block2/add')
    tf.multiply(x, 0.5, name='block3/mul')


def devices():
    with tf.device('/device:CPU:0'):
        x = conv(image(), 'conv1')
    with tf.device('/job:worker/task:1'):
        y = conv(x, 'conv2', activation=None)
    with tf.device('/device:CPU:1'):
        z = tf.nn.relu(x + y)
    tf.multiply(z, 0.5, name='output')


def control_dependencies():
    x = image()
    check = tf1.debugging.assert_non_negative(x, name='check')
    with tf.control_dependencies([check]):
        y = conv(x, 'conv1')
    with tf.control_dependencies([y]):
        side = tf.constant(1.0, name='side')
        z = conv(x, 'conv2')
    with tf.control_dependencies([side, z]):
        tf.multiply(y, z, name='output')


def same_scope():
    # Layers in one scope: the names of what is added collide.
    x = image(4, 4)
    with tf1.variable_scope('block'):
        x = tf.nn.relu(raw_conv(x, weights('w1')))
        x = tf.nn.relu6(raw_conv(x, weights('w2')) + weights('b', (4,)))
    tf.identity(x, name='output')


def taken_names():
    # Names that the rewrite would give are in use.
    tf.constant(0.0, name='conv/act_quant/min')
    tf.constant(0.0, name='conv/weights_quant')
    tf.constant(0.0, name='Conv/ACT_QUANT')
    tf.identity(conv(image(), 'conv'), name='output')


def case_only():
    # record.py renames layer_b to LAYER_A in the file.
    x = conv(image(), 'layer_a')
    tf.identity(conv(x, 'layer_b'), name='output')


def unknown_batch():
    x = conv(image(batch=None), 'conv')
    tf.nn.softmax(dense(tf.reduce_mean(x, [1, 2]), 'logits'), name='output')


def unknown_rank():
    # Minimum and maximum over all axes of a tensor whose rank is not known.
    a = conv(image(), 'conv1')
    b = conv(a, 'conv2')
    c = tf1.placeholder(tf.float32, name='any')
    tf.multiply(a, c, name='product')
    tf1.add(b, c, name='bypass')


def shuffled():
    # record.py shuffles the nodes in the file.
    x = conv(image(), 'conv1')
    y = conv(x, 'conv2', activation=None)
    tf.multiply(tf.nn.relu(x + y), 0.5, name='output')


def gradients():
    # Consumers whose names begin with gradients/ or with an optimizer's keep the tensors they had.
    x = conv(image(), 'conv')
    tf.gradients(tf.reduce_mean(x, name='loss'), tf1.trainable_variables())
    with tf1.name_scope(None), tf1.name_scope('RMSProp'):
        tf.identity(x, name='skipped')


def unused_activation():
    conv(image(), 'conv')


def shared_weights():
    x = image(4, 4)
    with tf1.variable_scope('shared'):
        w = weights('w')
        a = tf.nn.relu(raw_conv(x, w, 'conv_a'))
        b = tf.nn.relu(raw_conv(a, w, 'conv_b'))
    tf.identity(b, name='output')


def several_consumers():
    x = conv(image(), 'conv')
    a = conv(x, 'a', activation=None)
    b = depthwise(x, 'b')
    tf.concat([x, a, b], 3, name='output')
    tf.multiply(x, x, name='square')


def constant_weights():
    # The layer's weights are no variable: no match.
    x = tf.nn.relu(raw_conv(image(4, 4), tf.ones([3, 3, 4, 4]), 'constant/conv'))
    tf.identity(conv(x, 'conv'), name='output')


def already_quantized():
    x = conv(image(), 'conv1')
    x = tf1.quantization.fake_quant_with_min_max_args(tf.reshape(x, [2, -1]), name='given')
    tf.identity(dense(x, 'logits', activation=tf.nn.relu), name='output')


def existing_cond():
    x = image()
    flip = tf1.placeholder_with_default(False, [], name='flip')
    x = tf1.cond(flip, lambda: tf.reverse(x, [2]), lambda: tf.identity(x), name='augment')
    tf.identity(conv(x, 'conv'), name='output')


def existing_loop():
    total = tf1.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s + 1.0), [0, tf.constant(0.0)], name='loop')[1]
    tf.multiply(conv(image(), 'conv'), total, name='output')


def before_batch_norm():
    # A layer whose Identity feeds a batch normalization is skipped by the quantize stage.
    x = conv(image(), 'conv', activation=tf.identity)
    x = contrib.batch_norm(x, fused=True, is_training=False, scope='bn')
    x = conv(tf.nn.relu(x), 'bare', bias=False, activation=tf.identity)
    tf.identity(contrib.batch_norm(x, fused=True, is_training=False, scope='bare_bn'), name='output')
