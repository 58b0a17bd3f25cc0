# Wrong: the 16-filter conv of the decoder has no padding='same', so the output is 24x24 and the target 28x28
# Mend: padding='same' in the decoder's Conv2D(16, ...)
import numpy as np
from keras.layers import Input, Conv2D, MaxPooling2D, UpSampling2D
from keras.models import Model

x_train = np.random.randint(0, 256, (32, 28, 28)).astype('float32') / 255.
x_train = np.reshape(x_train, (len(x_train), 28, 28, 1))
noisy = np.clip(x_train + 0.5 * np.random.normal(size=x_train.shape), 0., 1.)

input_img = Input(shape=(28, 28, 1))
x = Conv2D(16, (3, 3), activation='relu', padding='same')(input_img)
x = MaxPooling2D((2, 2), padding='same')(x)
x = Conv2D(8, (3, 3), activation='relu', padding='same')(x)
encoded = MaxPooling2D((2, 2), padding='same')(x)

x = Conv2D(8, (3, 3), activation='relu', padding='same')(encoded)
x = UpSampling2D((2, 2))(x)
x = Conv2D(16, (3, 3), activation='relu')(x)
x = UpSampling2D((2, 2))(x)
decoded = Conv2D(1, (3, 3), activation='sigmoid', padding='same')(x)

autoencoder = Model(input_img, decoded)
autoencoder.compile(optimizer='adam', loss='mse')
autoencoder.fit(noisy, x_train, epochs=1, batch_size=8, shuffle=True)
