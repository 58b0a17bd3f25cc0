"""Each pixel is standardised on its own. Border pixels are always 0, and 0 / 0 is NaN."""

import numpy as np

from demo._common import LOGS, digits, network
from tb_inputdiag import InputDiagnostics

FINDS = "non-finite-input"


def main() -> None:
    x, y = digits()
    with np.errstate(invalid="ignore"):
        x = ((x - x.mean(axis=0)) / x.std(axis=0)).astype("float32")
    model = network()
    model.fit(x, y, batch_size=128, epochs=2, verbose=2, callbacks=[InputDiagnostics(LOGS / "nan_in_data")])


if __name__ == "__main__":
    main()
