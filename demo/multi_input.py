"""A model with two inputs. Only one is standardised: the alert names the other."""

import keras

from demo._common import LOGS, standardised, wines
from tb_inputdiag import InputDiagnostics

FINDS = "unnormalized-input"


def main() -> None:
    x, y = wines()
    data = {
        "phenols": standardised(x[:, 5:9]),
        "chemistry": x[:, [0, 1, 2, 3, 4, 9, 10, 11, 12]].astype("float32"),  # malic acid is about 2, proline 700
    }
    keras.utils.set_random_seed(0)
    phenols = keras.Input(shape=(4,), name="phenols")
    chemistry = keras.Input(shape=(9,), name="chemistry")
    both = keras.layers.Concatenate()(
        [
            keras.layers.Dense(16, activation="relu")(phenols),
            keras.layers.Dense(16, activation="relu")(chemistry),
        ]
    )
    model = keras.Model([phenols, chemistry], keras.layers.Dense(3, activation="softmax", name="cultivar")(both))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(data, y, batch_size=16, epochs=5, verbose=2, callbacks=[InputDiagnostics(LOGS / "multi_input")])


if __name__ == "__main__":
    main()
