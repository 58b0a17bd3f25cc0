# Wrong: the backbone without its top gives a feature map (batch, 2, 2, 1280); Dense keeps it 4-D and the labels do not fit
# Mend: x = layers.GlobalAveragePooling2D()(x) before the Dropout
import numpy as np
import keras
from keras import layers

NUM_CLASSES = 6
x_train = np.random.randint(0, 256, (8, 64, 64, 3)).astype("float32")
y_train = keras.utils.to_categorical(np.random.randint(0, NUM_CLASSES, 8), NUM_CLASSES)

base_model = keras.applications.MobileNetV2(
    input_shape=(64, 64, 3), include_top=False, weights=None, alpha=0.35
)
base_model.trainable = False

inputs = keras.Input((64, 64, 3))
x = keras.applications.mobilenet_v2.preprocess_input(inputs)
x = base_model(x, training=False)
x = layers.Dropout(0.2)(x)
outputs = layers.Dense(NUM_CLASSES, activation="softmax")(x)
model = keras.Model(inputs, outputs)

model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=1e-4),
    loss="categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=4, epochs=1)
