import numpy as np
import keras
from keras.layers import (Input, Dense, Reshape, BatchNormalization, UpSampling2D, Conv2D,
                          LeakyReLU, Flatten, Activation)

latent_dim = 20

generator = keras.Sequential(name="generator")
generator.add(Input((latent_dim,)))
generator.add(Dense(7 * 7 * 128, activation="relu"))
generator.add(Reshape((7, 7, 128)))
generator.add(UpSampling2D())
generator.add(Conv2D(16, kernel_size=3, padding="same"))
generator.add(BatchNormalization(momentum=0.8))
generator.add(Activation("relu"))
generator.add(UpSampling2D())
generator.add(Conv2D(1, kernel_size=3, padding="same", activation="tanh"))

discriminator = keras.Sequential(name="discriminator")
discriminator.add(Input((28, 28, 1)))
discriminator.add(Conv2D(8, kernel_size=3, strides=2, padding="same"))
discriminator.add(LeakyReLU(0.2))
discriminator.add(Flatten())
discriminator.add(Dense(1, activation="sigmoid"))
discriminator.compile(loss="binary_crossentropy", optimizer="adam")

real = np.random.uniform(-1, 1, (8, 28, 28, 1)).astype("float32")
noise = np.random.normal(0, 1, (8, latent_dim)).astype("float32")
fake = generator.predict(noise, verbose=0)
print(discriminator.train_on_batch(real, np.ones((8, 1))))
print(discriminator.train_on_batch(fake, np.zeros((8, 1))))
