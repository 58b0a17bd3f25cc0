"""Images flattened to 784 numbers, for a network that wants 28 x 28 x 1: `fit` raises, and says what to do."""

from demo._common import LOGS, digits, network
from tb_inputdiag import InputDiagnostics


def main() -> None:
    x, y = digits()
    x = (x / 255).astype("float32").reshape(-1, 784)
    model = network()
    try:
        model.fit(x, y, batch_size=128, verbose=2, callbacks=[InputDiagnostics(LOGS / "wrong_shape")])
    except ValueError as error:
        # What you would read at the end of the traceback, without the traceback.
        print(f"{type(error).__name__}: {error}")
        print("\n".join(getattr(error, "__notes__", [])))


if __name__ == "__main__":
    main()
