"""Pixels are divided by 255 when the data is prepared, and again by the model's first layer."""

import keras

from demo._common import LOGS, digits, network
from tb_inputdiag import InputDiagnostics

FINDS = "double-scaled-input"


def main() -> None:
    x, y = digits()
    x = (x / 255).astype("float32")
    model = network(keras.layers.Rescaling(1 / 255))
    model.fit(x, y, batch_size=128, epochs=2, verbose=2, callbacks=[InputDiagnostics(LOGS / "scaled_twice")])


if __name__ == "__main__":
    main()
