"""Masked-token pretraining of a one-block transformer: only the hidden tokens carry weight in the loss."""
import numpy as np
import keras
from keras import layers

VOCAB, LENGTH, MASK = 32, 16, 1


def sentences(n, seed):
    """Token t is mostly followed by 7t+3 (modulo the alphabet), ids 2..31."""
    rng = np.random.default_rng(seed)
    k = VOCAB - 2
    out = np.zeros((n, LENGTH), "int32")
    out[:, 0] = rng.integers(0, k, n)
    for t in range(1, LENGTH):
        jump = rng.random(n) < 0.05
        out[:, t] = np.where(jump, rng.integers(0, k, n), (7 * out[:, t - 1] + 3) % k)
    return out + 2


class MaskedBatches(keras.utils.PyDataset):
    def __init__(self, text, batch, seed, **kw):
        super().__init__(**kw)
        self.text, self.batch = text, batch
        self.rng = np.random.default_rng(seed)

    def __len__(self):
        return len(self.text) // self.batch

    def on_epoch_end(self):
        self.text = self.text[self.rng.permutation(len(self.text))]

    def __getitem__(self, i):
        y = self.text[i * self.batch:(i + 1) * self.batch]
        hide = self.rng.random(y.shape) < 0.2
        return np.where(hide, MASK, y), y, hide.astype("float32")


class AddPosition(layers.Layer):
    def build(self, shape):
        self.pos = self.add_weight(shape=shape[1:], initializer="random_normal", name="pos")

    def call(self, x):
        return x + self.pos


def build(dim=32):
    ids = keras.Input((LENGTH,), dtype="int32")
    h = AddPosition()(layers.Embedding(VOCAB, dim)(ids))
    near = layers.Conv1D(dim, 3, padding="same", activation="gelu")(h)
    h = layers.LayerNormalization()(h + near)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(2, 16)(h, h))
    ff = layers.Dense(dim)(layers.Dense(64, activation="gelu")(h))
    h = layers.LayerNormalization()(h + ff)
    return keras.Model(ids, layers.Dense(VOCAB)(h))


def run(callbacks):
    keras.utils.set_random_seed(80)
    train = MaskedBatches(sentences(2400, 1), 32, 1)
    xs = MaskedBatches(sentences(400, 2), 400, 2)[0]
    model = build()
    model.compile(optimizer=keras.optimizers.AdamW(2e-3, weight_decay=1e-3),
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), weighted_metrics=["accuracy"])
    return model.fit(train, validation_data=xs, epochs=3, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
