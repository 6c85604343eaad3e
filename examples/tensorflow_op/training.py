# A small network with fake-quantized weights and activations, to train with one set of ops or another.
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import tensorflow as tf
from sklearn import datasets

STEPS, BATCH, RATE = 120, 64, 0.05


def digits():
    """Batches of images and labels, the same in every run."""
    images, labels = datasets.load_digits(return_X_y=True)
    order = np.random.RandomState(0).permutation(len(images))
    for step in range(STEPS):
        batch = order.take(range(step * BATCH, (step + 1) * BATCH), mode='wrap')
        yield images[batch].astype(np.float32) / 16, labels[batch]


def losses(fake_quant, fake_quant_per_channel, learns_ranges):
    """The loss of each step of training a network 64-48-10, whose fake quantization is that of two functions.

    Where it does not learn its ranges, they stay as they began.
    """
    random = np.random.RandomState(1)
    weights = [tf.Variable(random.normal(0, 0.2, shape), dtype=tf.float32) for shape in ((64, 48), (48, 10))]
    biases = [tf.Variable(tf.zeros(n)) for n in (48, 10)]
    # A min and a max for each channel of the weights, and for the tensor of activations.
    of_weights = [(tf.Variable(tf.fill([n], -0.5)), tf.Variable(tf.fill([n], 0.5))) for n in (48, 10)]
    of_values = tf.Variable(0.0), tf.Variable(2.0)
    learnt = weights + biases
    if learns_ranges:
        learnt += [v for pair in of_weights for v in pair] + list(of_values)

    @tf.function
    def step(images, labels):
        with tf.GradientTape() as tape:
            first, second = (fake_quant_per_channel(w, *r, num_bits=4, narrow_range=True)
                             for w, r in zip(weights, of_weights))
            hidden = fake_quant(tf.nn.relu(images @ first + biases[0]), *of_values, num_bits=4)
            logits = hidden @ second + biases[1]
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        for variable, gradient in zip(learnt, tape.gradient(loss, learnt)):
            variable.assign_sub(RATE * gradient)
        return loss

    return np.array([step(images, tf.constant(labels)).numpy() for images, labels in digits()])
