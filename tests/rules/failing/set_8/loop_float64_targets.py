# Wrong: the targets from pandas are float64, the model's output float32; TensorFlow does not subtract them
# Mend: take the targets as float32: df[["consumption"]].values.astype("float32")
import numpy as np
import pandas as pd
import tensorflow as tf
import keras

df = pd.DataFrame({
    "weight": np.random.uniform(900, 2000, 64),
    "power": np.random.uniform(50, 200, 64),
})
df["consumption"] = df["weight"] / 200 + df["power"] / 50

X = (df[["weight", "power"]] / df[["weight", "power"]].max()).values.astype("float32")
y = df[["consumption"]].values

train = tf.data.Dataset.from_tensor_slices((X, y)).shuffle(64).batch(16)
model = keras.Sequential([keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(learning_rate=0.01)

for epoch in range(2):
    total = 0.0
    for xb, yb in train:
        with tf.GradientTape() as tape:
            pred = model(xb, training=True)
            loss = tf.reduce_mean(tf.square(pred - yb))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        total += float(loss)
    print("epoch", epoch, "loss", total / 4)
