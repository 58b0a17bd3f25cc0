"""The bias of -4.6 that focal loss needs in the last layer is also given to the hidden layers: their ReLUs stay 0."""

import math

import keras

from demo._common import LOGS, small_digits
from tb_inputdiag import InputDiagnostics

FINDS = "dead-relu"
PRIOR = keras.initializers.Constant(-math.log((1 - 0.01) / 0.01))  # RetinaNet: every class is rare at first


def main() -> None:
    x, y = small_digits()
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input(shape=(8, 8)),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu", bias_initializer=PRIOR),
            keras.layers.Dense(64, activation="relu", bias_initializer=PRIOR),
            keras.layers.Dense(10, activation="sigmoid", bias_initializer=PRIOR),
        ]
    )
    model.compile(optimizer="adam", loss="binary_focal_crossentropy", metrics=["accuracy"])
    y = keras.utils.to_categorical(y)
    model.fit(x, y, batch_size=32, epochs=2, verbose=2, callbacks=[InputDiagnostics(LOGS / "dead_relus")])


if __name__ == "__main__":
    main()
