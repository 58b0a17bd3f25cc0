"""Adam with a learning rate of 1, as in an example for another optimizer: each step undoes the one before."""

import keras

from demo._common import LOGS, digits, network
from tb_inputdiag import InputDiagnostics

FINDS = "learning-rate-too-high"


def main() -> None:
    x, y = digits()
    x = (x / 255).astype("float32")
    model = network()
    model.compile(keras.optimizers.Adam(learning_rate=1.0), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=128, epochs=2, verbose=2, callbacks=[InputDiagnostics(LOGS / "learning_rate")])


if __name__ == "__main__":
    main()
