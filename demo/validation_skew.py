"""The training images are scaled to 0..1, the validation images are not: `val_loss` means nothing."""

from demo._common import LOGS, digits, network
from tb_inputdiag import InputDiagnostics

FINDS = "train-validation-skew"


def main() -> None:
    x, y = digits()
    x_train, y_train = (x[:4500] / 255).astype("float32"), y[:4500]
    x_val, y_val = x[4500:].astype("float32"), y[4500:]
    model = network()
    model.fit(
        x_train,
        y_train,
        validation_data=(x_val, y_val),
        batch_size=128,
        epochs=2,
        verbose=2,
        callbacks=[InputDiagnostics(LOGS / "validation_skew")],
    )


if __name__ == "__main__":
    main()
