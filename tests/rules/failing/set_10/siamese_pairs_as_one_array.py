# Wrong: the two-input siamese model gets one array of pairs (n, 2, 28, 28) in place of two arrays
# Mend: model.fit([pairs[:, 0], pairs[:, 1]], labels, ...)
import numpy as np
import keras
from keras import layers, ops

def create_pairs(x, digits, n):
    rng = np.random.default_rng(3)
    pairs, labels = [], []
    for _ in range(n):
        i, j = rng.integers(0, len(x), 2)
        pairs.append([x[i], x[j]])
        labels.append(float(digits[i] != digits[j]))
    return np.array(pairs), np.array(labels)

def contrastive_loss(y_true, y_pred):
    margin = 1.0
    return ops.mean(y_true * ops.square(y_pred)
                    + (1 - y_true) * ops.square(ops.maximum(margin - y_pred, 0)))

x = np.random.rand(40, 28, 28).astype("float32")
digits = np.random.randint(0, 10, 40)
pairs, labels = create_pairs(x, digits, 32)

base = keras.Sequential([
    layers.Input((28, 28)), layers.Flatten(),
    layers.Dense(32, activation="relu"), layers.Dense(16)])
left = layers.Input((28, 28))
right = layers.Input((28, 28))
distance = layers.Lambda(
    lambda t: ops.sqrt(ops.sum(ops.square(t[0] - t[1]), axis=1, keepdims=True) + 1e-7),
    output_shape=(1,))([base(left), base(right)])
model = keras.Model([left, right], distance)
model.compile(loss=contrastive_loss, optimizer="rmsprop")
model.fit(pairs, labels, batch_size=8, epochs=1, verbose=0)
print("trained")
