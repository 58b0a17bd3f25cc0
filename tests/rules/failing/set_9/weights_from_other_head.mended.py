# Wrong: the weights file was saved from a model with 10 classes, the new model has 5
# Mend: new_model = build_model(10)
import numpy as np
from keras import Sequential, Input
from keras.layers import Conv2D, GlobalAveragePooling2D, Dense

def build_model(num_classes):
    model = Sequential([
        Input((32, 32, 3)),
        Conv2D(8, 3, activation='relu', name='conv_a'),
        Conv2D(16, 3, strides=2, activation='relu', name='conv_b'),
        GlobalAveragePooling2D(),
        Dense(num_classes, activation='softmax', name='head'),
    ])
    model.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy'])
    return model

images = np.random.rand(30, 32, 32, 3)
old_model = build_model(10)
old_model.fit(images, np.random.randint(0, 10, 30), epochs=1, verbose=0)
old_model.save_weights('cifar_cnn.weights.h5')

flowers = np.random.rand(20, 32, 32, 3)
flower_labels = np.random.randint(0, 5, 20)

new_model = build_model(10)
new_model.load_weights('cifar_cnn.weights.h5')
new_model.fit(flowers, flower_labels, epochs=1)
