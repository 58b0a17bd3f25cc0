"""Ten sigmoid layers in a row: each passes on at most a quarter of the gradient. Almost nothing reaches the first."""

import keras

from demo._common import LOGS, small_digits
from tb_inputdiag import InputDiagnostics

FINDS = "vanishing-gradient"


def main() -> None:
    x, y = small_digits()
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input(shape=(8, 8)), keras.layers.Flatten()])
    for _ in range(10):
        model.add(keras.layers.Dense(32, activation="sigmoid"))
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=32, epochs=2, verbose=2, callbacks=[InputDiagnostics(LOGS / "vanishing_gradients")])


if __name__ == "__main__":
    main()
