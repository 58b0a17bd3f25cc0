# Wrong: label_mode='categorical' makes labels (batch, 2), the model ends in Dense(1) with binary_crossentropy
# Mend: label_mode='binary' in image_dataset_from_directory
import os
import numpy as np
from PIL import Image
import tensorflow as tf
from tensorflow.keras import layers, models

base = 'cats_and_dogs_small/train'
for cls in ('cats', 'dogs'):
    os.makedirs(os.path.join(base, cls), exist_ok=True)
    for i in range(8):
        arr = np.random.randint(0, 255, (60, 70, 3), dtype='uint8')
        Image.fromarray(arr).save(os.path.join(base, cls, f'{cls}.{i}.jpg'))

IMG_SIZE = (64, 64)
train_ds = tf.keras.utils.image_dataset_from_directory(
    base,
    label_mode='categorical',
    image_size=IMG_SIZE,
    batch_size=4)

model = models.Sequential([
    layers.Input(shape=IMG_SIZE + (3,)),
    layers.Rescaling(1. / 255),
    layers.Conv2D(16, (3, 3), activation='relu'),
    layers.MaxPooling2D((2, 2)),
    layers.Conv2D(32, (3, 3), activation='relu'),
    layers.MaxPooling2D((2, 2)),
    layers.Flatten(),
    layers.Dense(64, activation='relu'),
    layers.Dense(1, activation='sigmoid'),
])
model.compile(loss='binary_crossentropy',
              optimizer=tf.keras.optimizers.RMSprop(learning_rate=1e-4),
              metrics=['acc'])
history = model.fit(train_ds, epochs=2)
