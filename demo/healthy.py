"""A healthy training run: pixels scaled to 0..1. No alert."""

from demo._common import LOGS, digits, network
from tb_inputdiag import InputDiagnostics

FINDS = None


def main() -> None:
    x, y = digits()
    model = network()
    model.fit(
        (x / 255).astype("float32"),
        y,
        batch_size=128,
        epochs=3,
        validation_split=0.1,
        verbose=2,
        callbacks=[InputDiagnostics(LOGS / "healthy")],
    )


if __name__ == "__main__":
    main()
