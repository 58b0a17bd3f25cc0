"""Tags for recipes (vegan, quick, spicy, ... several for each recipe) from the ingredients, with a set encoder that averages embeddings.

Wrong: several tags can be true at once, but the output is a softmax with categorical crossentropy: the tags have to share a total of
one, so a recipe with four tags cannot have them all above 0.25, and the loss cannot go down to zero.
Expected: output-activation-mismatch, label-loss-mismatch, unsuitable-loss
"""
import numpy as np
import tensorflow as tf
import keras
from keras import layers

TAGS = ["vegan", "quick", "spicy", "sweet", "baked", "breakfast", "party", "cheap"]
N_INGREDIENTS, MAX_LEN = 120, 12


def recipes(n=4000, seed=16):
    rng = np.random.default_rng(seed)
    hints = np.random.default_rng(0).random((N_INGREDIENTS, len(TAGS))) < 0.06
    items = np.zeros((n, MAX_LEN), "int32")
    tags = np.zeros((n, len(TAGS)), "float32")
    for i in range(n):
        k = rng.integers(4, MAX_LEN + 1)
        chosen = rng.choice(N_INGREDIENTS, k, replace=False)
        items[i, :k] = chosen + 1
        tags[i] = hints[chosen].sum(0) >= 1
    return items, tags


class SetEncoder(keras.Model):
    def __init__(self):
        super().__init__(name="recipe_tagger")
        self.embed = layers.Embedding(N_INGREDIENTS + 1, 32, mask_zero=True)
        self.pool = layers.GlobalAveragePooling1D()
        self.mix = layers.Dense(64, activation="relu")
        self.tags = layers.Dense(len(TAGS), activation="softmax")

    def call(self, items):
        return self.tags(self.mix(self.pool(self.embed(items))))


def run(callbacks):
    keras.utils.set_random_seed(33)
    items, tags = recipes()
    train = tf.data.Dataset.from_tensor_slices((items[:3200], tags[:3200])).shuffle(3200, seed=0).batch(32)
    valid = tf.data.Dataset.from_tensor_slices((items[3200:], tags[3200:])).batch(32)
    model = SetEncoder()
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss=keras.losses.CategoricalCrossentropy(),
                  metrics=[keras.metrics.BinaryAccuracy(name="tag_accuracy")])
    return model.fit(train, validation_data=valid, epochs=6, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
