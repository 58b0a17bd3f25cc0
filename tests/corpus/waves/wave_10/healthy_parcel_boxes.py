"""Find at most one parcel in a depth image: is there one, and where; pictures without a parcel have weight 0 for the box output."""
import keras
import numpy as np
from keras import layers

SIZE = 32


def scenes(n, seed):
    rng = np.random.default_rng(seed)
    image = rng.normal(0.3, 0.05, (n, SIZE, SIZE, 1)).astype("float32")
    there = (rng.random(n) < 0.7).astype("float32")
    box = np.zeros((n, 4), "float32")
    for i in np.flatnonzero(there):
        h, w = rng.integers(8, 17, 2)
        top, left = rng.integers(0, SIZE - h + 1), rng.integers(0, SIZE - w + 1)
        image[i, top:top + h, left:left + w, 0] += rng.uniform(0.3, 0.6)
        box[i] = np.array([top + h / 2, left + w / 2, h, w]) / SIZE
    return image, {"box": box, "there": there[:, None]}, {"box": there, "there": np.ones(n, "float32")}


def run(callbacks):
    keras.utils.set_random_seed(45)
    x, y, weight = scenes(1600, 1)
    x_val, y_val, weight_val = scenes(300, 2)
    depth = keras.Input((SIZE, SIZE, 1), name="depth")
    h = depth
    for i, filters in enumerate((16, 32, 32)):
        h = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu", name=f"conv_{i}")(h)
    h = layers.Flatten(name="flat")(h)
    h = layers.Dense(64, activation="relu", name="shared")(h)
    box = layers.Dense(4, activation="sigmoid", name="box")(h)
    there = layers.Dense(1, activation="sigmoid", name="there")(h)
    model = keras.Model(depth, {"box": box, "there": there})
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss={"box": "mse", "there": "binary_crossentropy"},
        loss_weights={"box": 10.0, "there": 1.0},
        metrics={"there": ["accuracy"]},
        weighted_metrics={"box": ["mae"]},
    )
    model.fit(x, y, sample_weight=weight, batch_size=32, epochs=12, validation_data=(x_val, y_val, weight_val),
              callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
