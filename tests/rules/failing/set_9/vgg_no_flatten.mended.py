# Wrong: include_top=False and no Flatten/pooling: the Dense output is (batch, 1, 1, 3), the labels (batch, 3)
# Mend: x = layers.Flatten()(base_model.output)
import numpy as np
import keras
from keras import layers
from keras.applications import MobileNet
from keras.utils import to_categorical

# chest x-rays: covid / normal / pneumonia
X_train = np.random.randint(0, 256, size=(12, 32, 32, 3)).astype('float32')
y_train = to_categorical(np.arange(12) % 3, 3)
X_train = keras.applications.mobilenet.preprocess_input(X_train)

base_model = MobileNet(weights=None, include_top=False, alpha=0.25, input_shape=(32, 32, 3))
for layer in base_model.layers:
    layer.trainable = False

x = layers.Flatten()(base_model.output)
x = layers.Dense(64, activation='relu')(x)
x = layers.Dropout(0.5)(x)
predictions = layers.Dense(3, activation='softmax')(x)

model = keras.Model(inputs=base_model.input, outputs=predictions)
model.compile(optimizer=keras.optimizers.Adam(1e-4),
              loss='categorical_crossentropy', metrics=['accuracy'])
model.fit(X_train, y_train, batch_size=4, epochs=1)
