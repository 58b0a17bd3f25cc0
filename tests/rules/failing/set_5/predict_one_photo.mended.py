# Wrong: predict gets one image (32, 32, 3) without the batch axis
# Mend: pred = model.predict(np.expand_dims(img, 0), verbose=0)
import numpy as np
from PIL import Image
import keras
from keras import layers

class_names = ["cat", "dog", "horse"]

model = keras.Sequential()
model.add(keras.Input(shape=(32, 32, 3)))
model.add(layers.Conv2D(4, 3, activation="relu"))
model.add(layers.GlobalAveragePooling2D())
model.add(layers.Dense(3, activation="softmax"))
model.compile(loss="sparse_categorical_crossentropy", optimizer="adam")

X = np.random.rand(20, 32, 32, 3)
y = np.random.randint(0, 3, 20)
model.fit(X, y, epochs=1, verbose=0)

# now classify a photo
photo = Image.fromarray(np.random.randint(0, 255, (50, 60, 3), dtype="uint8"))
img = keras.utils.img_to_array(photo.resize((32, 32))) / 255.0
pred = model.predict(np.expand_dims(img, 0), verbose=0)
print(class_names[int(np.argmax(pred[0]))])
