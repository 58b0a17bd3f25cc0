# Wrong: one picture of shape (64, 64, 3) is given to predict without a batch axis
# Mend: img = np.expand_dims(img_to_array(img), axis=0)
import numpy as np
from PIL import Image
from keras.models import Sequential
from keras.layers import Conv2D, MaxPooling2D, Flatten, Dense, Dropout
from keras.utils import load_img, img_to_array

train_images = np.random.rand(40, 64, 64, 3)
train_labels = np.random.randint(0, 2, 40)

classifier = Sequential()
classifier.add(Conv2D(32, (3, 3), input_shape=(64, 64, 3), activation='relu'))
classifier.add(MaxPooling2D(pool_size=(2, 2)))
classifier.add(Conv2D(32, (3, 3), activation='relu'))
classifier.add(MaxPooling2D(pool_size=(2, 2)))
classifier.add(Flatten())
classifier.add(Dense(units=64, activation='relu'))
classifier.add(Dropout(0.5))
classifier.add(Dense(units=1, activation='sigmoid'))
classifier.compile(optimizer='adam', loss='binary_crossentropy', metrics=['accuracy'])
classifier.fit(train_images, train_labels, epochs=1, batch_size=8, verbose=0)

Image.fromarray(np.random.randint(0, 255, (120, 160, 3), dtype='uint8')).save('dog_or_cat.jpg')

img = load_img('dog_or_cat.jpg', target_size=(64, 64))
img = np.expand_dims(img_to_array(img), axis=0)
img = img / 255.0
result = classifier.predict(img)
if result[0][0] > 0.5:
    print('dog')
else:
    print('cat')
