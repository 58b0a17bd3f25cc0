# Wrong: float32 noise is concatenated with one-hot labels that NumPy made float64
# Mend: onehot = tf.constant(np.eye(num_classes)[labels], dtype=tf.float32)
import numpy as np
import tensorflow as tf
import keras
from keras import layers

noise_dim, num_classes = 8, 3
generator = keras.Sequential([
    layers.Input((noise_dim + num_classes,)), layers.Dense(16, activation="relu"), layers.Dense(6)])
discriminator = keras.Sequential([
    layers.Input((6 + num_classes,)), layers.Dense(16, activation="relu"), layers.Dense(1)])
bce = keras.losses.BinaryCrossentropy(from_logits=True)
g_opt, d_opt = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3)

data = np.random.randn(40, 6).astype("float32")
classes = np.random.randint(0, num_classes, 40)

def train_step(real, onehot):
    noise = tf.random.normal((real.shape[0], noise_dim))
    with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
        fake = generator(tf.concat([noise, onehot], axis=1), training=True)
        real_out = discriminator(tf.concat([real, onehot], axis=1), training=True)
        fake_out = discriminator(tf.concat([fake, onehot], axis=1), training=True)
        g_loss = bce(tf.ones_like(fake_out), fake_out)
        d_loss = bce(tf.ones_like(real_out), real_out) + bce(tf.zeros_like(fake_out), fake_out)
    g_opt.apply_gradients(zip(g_tape.gradient(g_loss, generator.trainable_variables),
                              generator.trainable_variables))
    d_opt.apply_gradients(zip(d_tape.gradient(d_loss, discriminator.trainable_variables),
                              discriminator.trainable_variables))
    return g_loss, d_loss

for i in range(0, 40, 20):
    labels = classes[i:i + 20]
    onehot = tf.constant(np.eye(num_classes)[labels])
    g, d = train_step(tf.constant(data[i:i + 20]), onehot)
    print(float(g), float(d))
