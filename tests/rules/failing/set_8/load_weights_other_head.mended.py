import os
import tempfile
import numpy as np
import keras
from keras import layers


def make_cnn(n_classes):
    return keras.Sequential([
        keras.Input((24, 24, 3)),
        layers.Conv2D(8, 3, activation="relu", name="conv_a"),
        layers.DepthwiseConv2D(3, activation="relu", name="conv_b"),
        layers.GlobalMaxPooling2D(),
        layers.Dense(n_classes, activation="softmax", name="probs"),
    ])


# pretrain on 10 general classes
source = make_cnn(10)
source.compile("adam", "sparse_categorical_crossentropy")
source.fit(np.random.rand(20, 24, 24, 3), np.random.randint(0, 10, 20), verbose=0)
path = os.path.join(tempfile.mkdtemp(), "pretrained.weights.h5")
source.save_weights(path)

# fine-tune on 4 kinds of leaf disease
target = make_cnn(4)
target.load_weights(path, skip_mismatch=True)
for name in ("conv_a", "conv_b"):
    target.get_layer(name).trainable = False
target.compile("adam", "sparse_categorical_crossentropy")
target.fit(np.random.rand(12, 24, 24, 3), np.random.randint(0, 4, 12), verbose=0)
print("fine-tuned")
