import numpy as np
import tensorflow as tf
import keras

n_input, n_hidden, n_classes = 784, 32, 10
x_train = np.random.rand(60, n_input).astype("float32")
y_train = keras.utils.to_categorical(np.random.randint(0, n_classes, 60), n_classes)

inputs = keras.Input((n_input,))
h = keras.layers.Dense(n_hidden, activation="relu")(inputs)
h = keras.layers.Dropout(0.5)(h)
outputs = keras.layers.Dense(n_classes)(h)
model = keras.Model(inputs, outputs)
optimizer = keras.optimizers.SGD(0.01)

dataset = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(60).batch(20)

@tf.function
def train_step(xb, yb):
    with tf.GradientTape() as tape:
        logits = model(xb, training=True)
        loss = tf.reduce_mean(
            tf.nn.softmax_cross_entropy_with_logits(labels=yb, logits=logits))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    correct = tf.equal(tf.argmax(logits, 1), tf.argmax(yb, 1))
    return loss, tf.reduce_mean(tf.cast(correct, tf.float32))

for epoch in range(1):
    for xb, yb in dataset:
        loss, acc = train_step(xb, yb)
    print("epoch", epoch, "loss", float(loss), "acc", float(acc))
