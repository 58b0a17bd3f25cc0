# Wrong: model.save gets a bare name; Keras 3 wants .keras or .h5
# Mend: path = os.path.join(out_dir, 'my_model.keras')
import os
import tempfile
import numpy as np
import keras
from keras import layers

X = np.random.rand(40, 6).astype("float32")
y = np.random.randint(0, 3, 40)

model = keras.Sequential([
    keras.Input((6,)),
    layers.Dense(10, activation="tanh"),
    layers.Dense(3, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(X, y, epochs=1, verbose=0)

out_dir = tempfile.mkdtemp()
path = os.path.join(out_dir, "my_model.keras")
model.save(path)

again = keras.models.load_model(path)
print(np.allclose(model.predict(X, verbose=0), again.predict(X, verbose=0), atol=1e-5))
