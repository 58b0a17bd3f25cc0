# Wrong: the discriminator is a PatchGAN with output (n, 4, 4, 1) but the real/fake labels have shape (n, 1)
# Mend: patch = (4, 4, 1)
import numpy as np
import keras
from keras import layers

img_shape = (32, 32, 3)
patch = (1,)
batch_size = 4
rng = np.random.default_rng(0)
photos = rng.uniform(-1, 1, (16,) + img_shape).astype("float32")
sketches = rng.uniform(-1, 1, (16,) + img_shape).astype("float32")

img_a = keras.Input(img_shape)
img_b = keras.Input(img_shape)
d = layers.Concatenate(axis=-1)([img_a, img_b])
for filters in (8, 16, 32):
    d = layers.Conv2D(filters, 4, strides=2, padding="same")(d)
    d = layers.LeakyReLU(0.2)(d)
validity = layers.Conv2D(1, 4, padding="same", activation="sigmoid")(d)
discriminator = keras.Model([img_a, img_b], validity, name="discriminator")
discriminator.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(2e-4, 0.5))

g_in = keras.Input(img_shape)
g = layers.Conv2D(8, 4, strides=2, padding="same", activation="relu")(g_in)
g = layers.Conv2DTranspose(3, 4, strides=2, padding="same", activation="tanh")(g)
generator = keras.Model(g_in, g, name="generator")

for step in range(2):
    idx = rng.integers(0, len(photos), batch_size)
    real, cond = photos[idx], sketches[idx]
    fake = generator.predict(cond, verbose=0)
    valid_y = np.ones((batch_size,) + patch)
    fake_y = np.zeros((batch_size,) + patch)
    d_real = discriminator.train_on_batch([real, cond], valid_y)
    d_fake = discriminator.train_on_batch([fake, cond], fake_y)
    print(step, d_real, d_fake)
