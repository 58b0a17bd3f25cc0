"""A second LSTM behind one that returns only its last step: building the model raises, and the note has the fix."""

import keras

import tb_inputdiag
from demo._common import LOGS, shown

FINDS = "shape-mismatch"


def main() -> None:
    layers = keras.layers
    with shown(ValueError), tb_inputdiag.autolog(LOGS / "stacked_lstm"):
        keras.Sequential([keras.Input((28, 28)), layers.LSTM(32), layers.LSTM(16), layers.Dense(10)])


if __name__ == "__main__":
    main()
