"""The well-known Keras 2 GAN recipe, run on Keras 3.

Wrong: the discriminator is compiled, then discriminator.trainable = False is set for the combined model. Keras 2 kept
the state of compile time; Keras 3 looks at the flag when it first trains, so the discriminator never learns at all and
the generator is taught by a random net.
Expected: frozen-model
"""
import keras
import numpy as np
from keras.layers import Dense, Input, LeakyReLU
from keras.models import Model, Sequential
from sklearn.datasets import load_digits


def build_generator(noise):
    g = Sequential(name="generator")
    g.add(Input(shape=(noise,)))
    g.add(Dense(48))
    g.add(LeakyReLU(negative_slope=0.2))
    g.add(Dense(64, activation="tanh"))
    return g


def build_discriminator():
    d = Sequential(name="discriminator")
    d.add(Input(shape=(64,)))
    d.add(Dense(48))
    d.add(LeakyReLU(negative_slope=0.2))
    d.add(Dense(24))
    d.add(LeakyReLU(negative_slope=0.2))
    d.add(Dense(1, activation="sigmoid"))
    return d


def run(callbacks):
    keras.utils.set_random_seed(9)
    real_images = load_digits().data.astype("float32") / 8.0 - 1.0
    noise_dim, batch = 16, 32
    discriminator = build_discriminator()
    discriminator.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(0.0005, 0.5), metrics=["accuracy"])
    generator = build_generator(noise_dim)

    z = Input(shape=(noise_dim,))
    discriminator.trainable = False
    combined = Model(z, discriminator(generator(z)))
    combined.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(0.0005, 0.5))

    valid, fake = np.ones((batch, 1)), np.zeros((batch, 1))
    with callbacks[0].watch(discriminator):
        for step in range(150):
            imgs = real_images[np.random.randint(0, len(real_images), batch)]
            gen_imgs = generator(np.random.normal(0, 1, (batch, noise_dim)).astype("float32")).numpy()
            d_real = discriminator.train_on_batch(imgs, valid)
            d_fake = discriminator.train_on_batch(gen_imgs, fake)
            g_loss = combined.train_on_batch(np.random.normal(0, 1, (batch, noise_dim)), valid)
            if step % 30 == 0:
                print(step, "D", 0.5 * (d_real[0] + d_fake[0]), "G", g_loss)
