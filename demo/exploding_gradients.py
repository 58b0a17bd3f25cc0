"""A recurrent network reads digits pixel by pixel, with ELU: each of 64 steps in time multiplies the gradient."""

import keras

from demo._common import LOGS, small_digits
from tb_inputdiag import InputDiagnostics

FINDS = "exploding-gradient"


def main() -> None:
    x, y = small_digits()
    x = x.reshape(-1, 64, 1)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input(shape=(64, 1)),
            keras.layers.SimpleRNN(64, activation="elu", recurrent_initializer="identity"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=64, epochs=2, verbose=2, callbacks=[InputDiagnostics(LOGS / "exploding_gradients")])


if __name__ == "__main__":
    main()
