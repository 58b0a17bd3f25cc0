"""Images flattened to 784 numbers, for a network that expects 28 x 28 x 1: `fit` raises, and the alert has the fix."""

from demo._common import LOGS, digits, network, shown
from tb_inputdiag import InputDiagnostics

FINDS = "shape-mismatch"


def main() -> None:
    x, y = digits()
    x = (x / 255).astype("float32").reshape(-1, 784)
    model = network()
    with shown(ValueError):
        model.fit(x, y, batch_size=128, verbose=2, callbacks=[InputDiagnostics(LOGS / "wrong_shape")])


if __name__ == "__main__":
    main()
