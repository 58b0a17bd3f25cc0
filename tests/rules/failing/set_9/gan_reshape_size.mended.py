# Wrong: Dense(7*7*64) is reshaped to (7, 7, 128), the sizes differ (3136 and 6272)
# Mend: Dense(7 * 7 * 128)
import numpy as np
from keras.models import Sequential
from keras.layers import Input, Dense, Reshape, LeakyReLU, BatchNormalization, Conv2DTranspose, Conv2D

latent_dim = 100

def build_generator():
    model = Sequential(name='generator')
    model.add(Input(shape=(latent_dim,)))
    model.add(Dense(7 * 7 * 128))
    model.add(LeakyReLU(negative_slope=0.2))
    model.add(Reshape((7, 7, 128)))
    model.add(Conv2DTranspose(64, kernel_size=4, strides=2, padding='same'))
    model.add(BatchNormalization(momentum=0.8))
    model.add(LeakyReLU(negative_slope=0.2))
    model.add(Conv2DTranspose(32, kernel_size=4, strides=2, padding='same'))
    model.add(LeakyReLU(negative_slope=0.2))
    model.add(Conv2D(1, kernel_size=7, padding='same', activation='tanh'))
    return model

generator = build_generator()
generator.summary()
noise = np.random.normal(0, 1, (16, latent_dim))
gen_imgs = generator.predict(noise)
gen_imgs = 0.5 * gen_imgs + 0.5
print(gen_imgs.shape)
