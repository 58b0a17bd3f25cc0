# Wrong: 100x100 images are not divisible by 8, the upsampled map (24) does not match the skip connection (25)
# Mend: IMG_HEIGHT = IMG_WIDTH = 96
import numpy as np
from keras.models import Model
from keras.layers import Input, Conv2D, MaxPooling2D, Conv2DTranspose, concatenate

IMG_HEIGHT = IMG_WIDTH = 100
IMG_CHANNELS = 3
X_train = np.random.rand(8, IMG_HEIGHT, IMG_WIDTH, IMG_CHANNELS).astype('float32')
Y_train = (np.random.rand(8, IMG_HEIGHT, IMG_WIDTH, 1) > 0.5).astype('float32')

inputs = Input((IMG_HEIGHT, IMG_WIDTH, IMG_CHANNELS))
c1 = Conv2D(8, (3, 3), activation='relu', padding='same')(inputs)
p1 = MaxPooling2D((2, 2))(c1)
c2 = Conv2D(16, (3, 3), activation='relu', padding='same')(p1)
p2 = MaxPooling2D((2, 2))(c2)
c3 = Conv2D(32, (3, 3), activation='relu', padding='same')(p2)
p3 = MaxPooling2D((2, 2))(c3)

c4 = Conv2D(64, (3, 3), activation='relu', padding='same')(p3)

u5 = Conv2DTranspose(32, (2, 2), strides=(2, 2), padding='same')(c4)
u5 = concatenate([u5, c3])
c5 = Conv2D(32, (3, 3), activation='relu', padding='same')(u5)
u6 = Conv2DTranspose(16, (2, 2), strides=(2, 2), padding='same')(c5)
u6 = concatenate([u6, c2])
c6 = Conv2D(16, (3, 3), activation='relu', padding='same')(u6)
u7 = Conv2DTranspose(8, (2, 2), strides=(2, 2), padding='same')(c6)
u7 = concatenate([u7, c1], axis=3)
c7 = Conv2D(8, (3, 3), activation='relu', padding='same')(u7)
outputs = Conv2D(1, (1, 1), activation='sigmoid')(c7)

model = Model(inputs=[inputs], outputs=[outputs])
model.compile(optimizer='adam', loss='binary_crossentropy')
model.fit(X_train, Y_train, batch_size=4, epochs=1)
