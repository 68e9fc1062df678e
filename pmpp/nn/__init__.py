"""Convolutional neural networks, trained on the device (chapter 19; 16 in the 4th edition).

>>> import numpy as np
>>> from pmpp import nn
>>> nn.Network([nn.Convolution(8, 5), nn.ReLU(), nn.MaxPool(2), nn.Dense(2)], input_shape=(1, 25, 25))
Network: 1,810 parameters in one vector, float32
  Convolution(8, 5)  (1, 25, 25) -> (8, 21, 21)    208 parameters
  ReLU()             (8, 21, 21) -> (8, 21, 21)
  MaxPool(2)         (8, 21, 21) -> (8, 10, 10)
  Dense(2)           (8, 10, 10) -> (2,)         1,602 parameters
"""

from pmpp.nn.blocks import Convolution, Dense, Layer, MaxPool, ReLU
from pmpp.nn.network import Network
from pmpp.nn.optimizers import SGD, Adam, train

__all__ = ["SGD", "Adam", "Convolution", "Dense", "Layer", "MaxPool", "Network", "ReLU", "train"]
