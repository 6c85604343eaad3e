# Trains and evaluates graph files, rewritten or not.
# SPDX-License-Identifier: Apache-2.0
import gradient
import numpy as np
import tensorflow as tf
from network import IMAGES, LABELS, LOGITS, as_floats, tf1

EPOCHS, BATCH = 24, 64


def session():
    """On one thread, so that equal runs give equal numbers."""
    return tf1.Session(config=tf1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1))


def logits_of(s, images, batch=512):
    """The logits of images, given as bytes."""
    parts = [as_floats(images[i:i + batch]) for i in range(0, len(images), batch)]
    return np.concatenate([s.run(LOGITS + ':0', {IMAGES + ':0': p}) for p in parts])


def train(graph, checkpoint, data, seed, start=None, new_variables=(), epochs=EPOCHS):
    """Trains a graph file, and saves its variables.

    `start` is a checkpoint to begin with, which lacks `new_variables`. Returns the path of the checkpoint.
    """
    images, labels = data
    with tf.Graph().as_default() as g, session() as s:
        tf1.set_random_seed(seed)
        tf1.train.import_meta_graph(str(graph))
        saved = tf1.global_variables()
        given = tf1.placeholder(tf.int32, [None], name=LABELS)
        logits = g.get_tensor_by_name(LOGITS + ':0')
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(given, logits))
        rate = tf1.placeholder(tf.float32, [])
        with tf.control_dependencies(tf1.get_collection(tf1.GraphKeys.UPDATE_OPS)):
            step = tf1.train.AdamOptimizer(rate).minimize(loss)
        s.run(tf1.global_variables_initializer())
        if start is not None:
            tf1.train.Saver([v for v in saved if v.op.name not in new_variables]).restore(s, start)
        order = np.random.RandomState(seed)
        for epoch in range(epochs):
            speed = 3e-3 if epoch < epochs * 3 // 4 else 3e-4
            shuffled = order.permutation(len(images))
            for i in range(0, len(images) - BATCH + 1, BATCH):
                batch = shuffled[i:i + BATCH]
                s.run(step, {IMAGES + ':0': as_floats(images[batch]), given: labels[batch], rate: speed})
        return tf1.train.Saver(saved).save(s, str(checkpoint), write_meta_graph=False)


def logits_with(graph, checkpoint, images):
    """The logits that an evaluation graph computes with all its variables from a checkpoint."""
    with tf.Graph().as_default(), session() as s:
        tf1.train.import_meta_graph(str(graph)).restore(s, checkpoint)
        return logits_of(s, images)


def accuracy(logits, labels):
    """In per cent."""
    return 100 * float(np.mean(np.argmax(logits, axis=1) == labels))


gradient.check()
