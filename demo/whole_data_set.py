"""Digits that are in the data twice, and one that holds NaN, are found before training."""

import numpy as np

from demo._common import LOGS, digits
from tb_inputdiag import check_data

FINDS = "non-finite-input"


def main() -> None:
    x, y = digits()
    x = x.astype("float32") / 255
    x, y, x_val, y_val = x[:4000].copy(), y[:4000].copy(), x[4000:].copy(), y[4000:]
    x[1000:1100], y[1000:1100] = x[:100], y[:100]
    x_val[:8] = x[200:208]
    x[7, 3, 4] = np.nan
    print(check_data(x, y, validation_data=(x_val, y_val), log_dir=LOGS / "whole_data_set"))


if __name__ == "__main__":
    main()
