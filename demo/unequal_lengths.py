"""One label too many: `fit` raises before any callback runs, and the note below the traceback has the fix."""

import tb_inputdiag
from demo._common import LOGS, digits, network, shown

FINDS = "shape-mismatch"


def main() -> None:
    x, y = digits()
    x = (x / 255).astype("float32")
    model = network()
    with shown(ValueError), tb_inputdiag.autolog(LOGS / "unequal_lengths"):
        model.fit(x[:-1], y, batch_size=128, verbose=2)


if __name__ == "__main__":
    main()
