"""Land-use segmentation into three classes; clouded pixels carry label 255 and are ignored by loss and metric."""
import keras
import numpy as np
from keras import layers
from scipy.ndimage import gaussian_filter

SIZE, VOID = 24, 255


def tiles(n, seed):
    rng = np.random.default_rng(seed)
    signature = np.array([[0.2, 0.3, 0.7, 0.5], [0.5, 0.4, 0.3, 0.4], [0.1, 0.15, 0.1, 0.02]])
    fields = gaussian_filter(rng.normal(size=(n, SIZE, SIZE, 3)), (0, 3, 3, 0))
    label = fields.argmax(-1).astype("uint8")
    image = signature[label] + rng.normal(0, 0.12, (n, SIZE, SIZE, 4))
    cloud = gaussian_filter(rng.normal(size=(n, SIZE, SIZE)), (0, 2, 2)) > 0.22
    image[cloud] = 0.9 + rng.normal(0, 0.05, (int(cloud.sum()), 4))
    label[cloud] = VOID
    return image.astype("float32"), label.astype("int32")[..., None]


def run(callbacks):
    keras.utils.set_random_seed(17)
    x, y = tiles(300, 1)
    xv, yv = tiles(60, 2)
    print("share of void pixels:", (y == VOID).mean())
    inp = keras.Input((SIZE, SIZE, 4))
    a = layers.SeparableConv2D(16, 3, padding="same", activation="relu")(inp)
    b = layers.Conv2D(16, 3, padding="same", dilation_rate=2, activation="relu")(a)
    c = layers.Conv2D(16, 3, padding="same", dilation_rate=4, activation="relu")(b)
    out = layers.Conv2D(3, 1, name="logits")(layers.Concatenate()([a, b, c]))
    model = keras.Model(inp, out)
    model.compile(keras.optimizers.Adam(3e-3),
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=VOID),
                  metrics=[keras.metrics.MeanIoU(num_classes=3, ignore_class=VOID, sparse_y_pred=False, name="miou")])
    model.fit(x, y, validation_data=(xv, yv), batch_size=10, epochs=6, verbose=2, callbacks=callbacks)
    return model
