"""One-hot labels with a loss that expects class ids."""

import keras

from demo._common import LOGS, digits, network, shown
from tb_inputdiag import InputDiagnostics

FINDS = "label-loss-mismatch"


def main() -> None:
    x, y = digits()
    x = (x / 255).astype("float32")
    y = keras.utils.to_categorical(y)
    model = network()  # compiled with sparse_categorical_crossentropy
    with shown(Exception):
        model.fit(x, y, batch_size=128, epochs=2, verbose=2, callbacks=[InputDiagnostics(LOGS / "one_hot_labels")])


if __name__ == "__main__":
    main()
