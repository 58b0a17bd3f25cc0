"""One net, two heads: price of a used bike (regression) and whether it was sold within a week (yes/no).

Wrong: the targets are given in the other order than the outputs, so the sigmoid head with cross-entropy gets the
standardised prices and the linear head gets the 0/1 labels. Both are (N, 1), so nothing complains.
Expected: label-loss-mismatch, target-out-of-range, unsuitable-loss
"""
import keras
import numpy as np
from keras import layers


def bikes(n, rng):
    age, gears, weight = rng.uniform(0, 12, n), rng.choice([1, 3, 7, 21, 27], n), rng.normal(13, 2.5, n)
    brand = rng.integers(0, 5, n)
    price = 900 - 55 * age + 9 * gears - 18 * weight + 60 * brand + rng.normal(0, 50, n)
    sold = (rng.uniform(size=n) < 1 / (1 + np.exp((price - 550) / 120))).astype("float32")
    numbers = np.stack([age / 12, gears / 27, (weight - 13) / 2.5], axis=1).astype("float32")
    price = ((price - price.mean()) / price.std()).astype("float32")
    return numbers, brand.astype("int32"), price[:, None], sold[:, None]


def run(callbacks):
    rng = np.random.default_rng(606)
    keras.utils.set_random_seed(606)
    numbers, brand, price, sold = bikes(1800, rng)

    numbers_in = keras.Input((3,), name="numbers")
    brand_in = keras.Input((), dtype="int32", name="brand")
    b = layers.Embedding(5, 3)(brand_in)
    h = layers.concatenate([numbers_in, b])
    h = layers.Dense(32, activation="relu")(h)
    h = layers.Dense(32, activation="relu")(h)
    price_out = layers.Dense(1, name="price")(h)
    sold_out = layers.Dense(1, activation="sigmoid", name="sold")(h)

    model = keras.Model(inputs=[numbers_in, brand_in], outputs=[price_out, sold_out])
    model.compile(optimizer="adam", loss=["mse", "binary_crossentropy"], loss_weights=[1.0, 0.5])
    model.fit([numbers[:1500], brand[:1500]], [sold[:1500], price[:1500]], batch_size=64, epochs=5,
              validation_data=([numbers[1500:], brand[1500:]], [sold[1500:], price[1500:]]),
              callbacks=callbacks, verbose=0)
