import numpy as np
import keras
from keras import layers

base_in = keras.Input((32, 32, 3))
h = layers.Conv2D(8, 3, activation="relu")(base_in)
h = layers.Conv2D(16, 3, activation="relu", name="last_conv")(h)
base = keras.Model(base_in, h, name="backbone")
base.trainable = False

head = keras.Sequential([layers.GlobalAveragePooling2D(), layers.Dense(5, activation="softmax")])
inputs = keras.Input((32, 32, 3))
model = keras.Model(inputs, head(base(inputs)))
model.compile("adam", "sparse_categorical_crossentropy")
x = np.random.rand(10, 32, 32, 3).astype("float32")
model.fit(x, np.random.randint(0, 5, 10), epochs=1, verbose=0)

# Grad-CAM: feature maps and prediction together
grad_model = keras.Model(base.input, [base.get_layer("last_conv").output, head(base.output)])
maps, probs = grad_model.predict(x[:1], verbose=0)
cam = maps[0].mean(axis=-1)
print(cam.shape, probs.argmax())
