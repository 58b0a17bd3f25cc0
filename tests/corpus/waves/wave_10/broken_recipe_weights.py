"""Guess the cuisine of a recipe from its ingredients (0/1 table), giving rare cuisines more weight.

Wrong: the weights of the rows are computed with "1 // count" in whole numbers, which is 0 for every row. The loss is 0.0000 from the
first step on, no gradient comes and the net stays as it was initialised.
Expected: bad-sample-weight
"""
import keras
import numpy as np
from keras import layers

CUISINES = ["greek", "indian", "japanese", "mexican", "swedish"]
INGREDIENTS = 150


def recipes(n=2400, seed=50):
    rng = np.random.default_rng(seed)
    cuisine = rng.choice(len(CUISINES), n, p=[0.15, 0.3, 0.15, 0.32, 0.08])
    liking = rng.gamma(0.35, 1.0, (len(CUISINES), INGREDIENTS))
    liking = np.minimum(0.75, 0.03 + 0.16 * liking)
    table = (rng.random((n, INGREDIENTS)) < liking[cuisine]).astype("float32")
    return table, cuisine


def run(callbacks):
    keras.utils.set_random_seed(50)
    table, cuisine = recipes()
    cut = 1900
    x_train, y_train = table[:cut], cuisine[:cut]
    x_val, y_val = table[cut:], cuisine[cut:]

    counts = np.bincount(y_train, minlength=len(CUISINES))
    weights = len(CUISINES) * (1 // counts[y_train])

    inputs = keras.Input((INGREDIENTS,), name="ingredients")
    h = layers.Dense(64, activation="relu", name="taste")(inputs)
    h = layers.Dropout(0.3, name="drop")(h)
    out = layers.Dense(len(CUISINES), activation="softmax", name="cuisine")(h)
    model = keras.Model(inputs, out)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, sample_weight=weights, batch_size=32, epochs=8, validation_data=(x_val, y_val),
              callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
