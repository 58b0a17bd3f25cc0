# Wrong: with padding="same" everywhere the decoder gives 32x32 images, the targets are 28x28
# Mend: no padding="same" in the last hidden Conv2D of the decoder (so 16 becomes 14)
import numpy as np
import keras
from keras.layers import Input, Conv2D, MaxPooling2D, UpSampling2D

input_img = Input(shape=(28, 28, 1))
x = Conv2D(16, (3, 3), activation="relu", padding="same")(input_img)
x = MaxPooling2D((2, 2), padding="same")(x)
x = Conv2D(8, (3, 3), activation="relu", padding="same")(x)
x = MaxPooling2D((2, 2), padding="same")(x)
x = Conv2D(8, (3, 3), activation="relu", padding="same")(x)
encoded = MaxPooling2D((2, 2), padding="same", name="encoded")(x)

x = Conv2D(8, (3, 3), activation="relu", padding="same")(encoded)
x = UpSampling2D((2, 2))(x)
x = Conv2D(8, (3, 3), activation="relu", padding="same")(x)
x = UpSampling2D((2, 2))(x)
x = Conv2D(16, (3, 3), activation="relu", padding="same", name="dec3")(x)
x = UpSampling2D((2, 2))(x)
decoded = Conv2D(1, (3, 3), activation="sigmoid", padding="same")(x)

autoencoder = keras.Model(input_img, decoded)
autoencoder.compile(optimizer="adam", loss="mse")

x_train = np.random.rand(24, 28, 28, 1).astype("float32")
noisy = np.clip(x_train + 0.3 * np.random.normal(size=x_train.shape), 0, 1).astype("float32")
autoencoder.fit(noisy, x_train, epochs=1, batch_size=8, shuffle=True, verbose=0)
print(autoencoder.predict(noisy[:2], verbose=0).shape)
