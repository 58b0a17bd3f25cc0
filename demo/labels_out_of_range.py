"""Labels as in SVHN's files, where the digit 0 has the label 10, for a network with the outputs 0..9."""

import numpy as np

from demo._common import LOGS, digits, network, shown
from tb_inputdiag import InputDiagnostics

FINDS = "label-out-of-range"


def main() -> None:
    x, y = digits()
    x = (x / 255).astype("float32")
    y = np.where(y == 0, 10, y)
    model = network()
    with shown(Exception):  # on a CPU TensorFlow raises; on a GPU it goes on with NaN
        model.fit(x, y, batch_size=128, epochs=2, verbose=2, callbacks=[InputDiagnostics(LOGS / "labels_out_of_range")])


if __name__ == "__main__":
    main()
