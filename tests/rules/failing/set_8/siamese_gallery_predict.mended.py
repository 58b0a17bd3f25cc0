import numpy as np
import keras
from keras import layers, ops

encoder = keras.Sequential([
    keras.Input((32, 32, 1)),
    layers.Conv2D(8, 5, strides=2, activation="relu"),
    layers.Flatten(),
    layers.Dense(16),
], name="encoder")

left = keras.Input((32, 32, 1), name="left")
right = keras.Input((32, 32, 1), name="right")
diff = ops.abs(encoder(left) - encoder(right))
same = layers.Dense(1, activation="sigmoid")(diff)
siamese = keras.Model([left, right], same)
siamese.compile(loss="binary_crossentropy", optimizer="adam")

faces = np.random.rand(24, 32, 32, 1).astype("float32")
is_same = np.random.randint(0, 2, size=(12, 1))
siamese.fit([faces[:12], faces[12:]], is_same, epochs=1, verbose=0)

# who is it?
gallery = faces[12:]
query = faces[:1]
scores = siamese.predict([np.repeat(query, len(gallery), axis=0), gallery], verbose=0)
print("best match:", int(np.argmax(scores)))
