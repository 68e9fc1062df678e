"""Builds what is not Python: the software GPU, the kernels for both devices, the Cython modules. Not installed."""
