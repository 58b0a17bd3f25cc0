"""A healthy training run on two devices with `MirroredStrategy`: the log describes the global batch. No alert."""

import tensorflow as tf

from demo._common import LOGS, digits, network
from tb_inputdiag import InputDiagnostics

FINDS = None
OWN_PROCESS = True  # devices are settled once for a process


def main() -> None:
    # These stand in for two GPUs. With real ones: tf.distribute.MirroredStrategy()
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

    x, y = digits()
    x, y = (x[:2000] / 255).astype("float32"), y[:2000]
    with strategy.scope():
        model = network()
    model.fit(
        x,
        y,
        batch_size=128,
        epochs=2,
        validation_split=0.1,
        verbose=2,
        callbacks=[InputDiagnostics(LOGS / "distributed")],
    )


if __name__ == "__main__":
    main()
