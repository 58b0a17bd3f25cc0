"""Pixels converted to floats but not scaled: 0..255."""

from demo._common import LOGS, digits, network
from tb_inputdiag import InputDiagnostics

FINDS = "unnormalized-input"


def main() -> None:
    x, y = digits()
    model = network()
    model.fit(
        x.astype("float32"),
        y,
        batch_size=128,
        epochs=2,
        verbose=2,
        callbacks=[InputDiagnostics(LOGS / "unscaled_pixels")],
    )


if __name__ == "__main__":
    main()
