# Wrong: the new Model joins a fresh Input with the output of the old graph, which does not depend on that Input
# Mend: features = backbone(new_input)
import numpy as np
import keras
from keras import layers

# "pretrained" backbone
base_in = keras.Input((32, 32, 3), name="rgb")
f = layers.Conv2D(8, 3, strides=2, activation="relu")(base_in)
f = layers.Conv2D(16, 3, strides=2, activation="relu")(f)
f = layers.GlobalAveragePooling2D(name="features")(f)
backbone = keras.Model(base_in, f, name="backbone")
backbone.trainable = False

new_input = keras.Input((32, 32, 3), name="image")
features = backbone.output
x = layers.Dropout(0.2)(features)
out = layers.Dense(5, activation="softmax")(x)

model = keras.Model(inputs=new_input, outputs=out)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(np.random.rand(10, 32, 32, 3), np.random.randint(0, 5, 10), epochs=1, verbose=0)
print(len(model.trainable_variables))
