"""A custom `train_step` with its own loss, where ``[batch] - [batch, 1]`` quietly becomes ``[batch, batch]``."""

import keras
import tensorflow as tf

from demo._common import LOGS, patients, standardised
from tb_inputdiag import InputDiagnostics

FINDS = "target-shape-broadcast"


class Regression(keras.Model):
    """Two layers with a custom training step."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = keras.layers.Dense(32, activation="relu")
        self.out = keras.layers.Dense(1)
        self.mean_loss = keras.metrics.Mean(name="loss")

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Predicts ``[batch, 1]``."""
        return self.out(self.hidden(x))

    def train_step(self, data: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Minimises the squared error."""
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.cast(y, tf.float32) - self(x, training=True)))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.mean_loss.update_state(loss)
        return {"loss": self.mean_loss.result()}


def main() -> None:
    x, y = patients()
    keras.utils.set_random_seed(0)
    model = Regression()
    model.compile(optimizer="adam")
    model.fit(
        standardised(x),
        standardised(y),
        batch_size=32,
        epochs=5,
        verbose=2,
        callbacks=[InputDiagnostics(LOGS / "custom_train_step")],
    )


if __name__ == "__main__":
    main()
