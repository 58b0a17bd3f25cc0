# Wrong: the class LeakyReLU itself is given as activation, so the layer's output becomes its constructor argument
# Mend: act = layers.LeakyReLU()
import numpy as np
import keras
from keras import layers

act = layers.LeakyReLU

digits = np.random.rand(32, 16, 16, 1).astype("float32")

discriminator = keras.Sequential([
    layers.Conv2D(16, 4, strides=2, padding="same", activation=act),
    layers.Conv2D(32, 4, strides=2, padding="same", activation=act),
    layers.Flatten(),
    layers.Dropout(0.4),
    layers.Dense(1, activation="sigmoid"),
], name="discriminator")
discriminator.compile(keras.optimizers.Adam(2e-4, beta_1=0.5), "binary_crossentropy")

for step in range(2):
    real = digits[np.random.choice(32, 8)]
    fake = np.random.rand(8, 16, 16, 1).astype("float32")
    loss = discriminator.train_on_batch(np.concatenate([real, fake]), np.r_[np.ones((8, 1)), np.zeros((8, 1))])
    print(step, loss)
