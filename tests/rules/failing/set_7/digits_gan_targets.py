# Wrong: the discriminator batch is real + fake (2 * batch images) but has only batch targets
# Mend: targets = np.concatenate([np.ones((batch, 1)), np.zeros((batch, 1))])
import numpy as np
import keras
from keras import layers

latent, batch = 10, 16
real_digits = np.random.rand(64, 64).astype("float32")

generator = keras.Sequential([
    layers.Input((latent,)),
    layers.Dense(32), layers.LeakyReLU(),
    layers.Dense(64, activation="sigmoid"),
])
discriminator = keras.Sequential([
    layers.Input((64,)),
    layers.Dense(32), layers.LeakyReLU(),
    layers.Dense(1, activation="sigmoid"),
])
discriminator.compile(optimizer="adam", loss="binary_crossentropy")

for step in range(3):
    idx = np.random.randint(0, len(real_digits), batch)
    noise = np.random.normal(size=(batch, latent)).astype("float32")
    fakes = generator.predict(noise, verbose=0)
    images = np.concatenate([real_digits[idx], fakes])
    targets = np.ones((batch, 1))
    d_loss = discriminator.train_on_batch(images, targets)
    print(step, d_loss)
