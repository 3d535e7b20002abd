"""A U-Net that works at half resolution and answers at full resolution.

Ronneberger, Fischer, Brox, *U-Net* (MICCAI 2015), with residual blocks (He et al. 2016), batch norm, skips that
are added instead of concatenated, and a sub-pixel head (Shi et al. 2016): each coarse pixel predicts the block of
fine pixels below it. Halving the resolution in the stem makes every level four times cheaper.

Written with Keras layers and `keras.ops` only, so it runs on TensorFlow, JAX and PyTorch. Shapes in comments are
(rows, columns, channels) for an input of (H, W, 3).
"""

from typing import Any

import keras
from keras import layers, ops

from model.network.config import UNetConfig

CHANNELS_IN = 3

NORM = "_norm"
"""Ending of the name of the batch norm that follows a convolution."""


def build_unet(config: UNetConfig) -> keras.Model:
    """Build the network: float images (batch, H, W, 3) → logits (batch, H, W, len(outputs)), float32.

    H and W must be multiples of `config.multiple`.
    """
    image = keras.Input((None, None, CHANNELS_IN), name="image")
    x = Resized(*config.zoom, name="zoom")(image)  # (H · zoom, W · zoom, 3); below, H and W stand for these
    x = AppendSqrt(name="sqrt_channels")(x) if config.sqrt_channels else x
    x = x if config.stride == 1 else _stem(x, config)  # (H/stride, W/stride, widths[0])
    x = _decode(_encode(x, config), config)  # (H/stride, W/stride, widths[0])
    maps = len(config.outputs) * config.stride**2
    logits = layers.Conv2D(maps, 1, dtype="float32", name="logits")(x)  # (H/stride, W/stride, maps)
    if config.stride > 1:
        logits = PixelShuffle(config.stride, dtype="float32", name="pixel_shuffle")(
            logits
        )  # (H, W, len(outputs))
    logits = Resized(*reversed(config.zoom), dtype="float32", name="unzoom")(logits)
    return keras.Model(image, logits, name="unet")


class Resized(layers.Layer):
    """Bilinear resizing: (B, H, W, C) → (B, H · larger / smaller, W · larger / smaller, C), which must be whole."""

    def __init__(self, larger: int, smaller: int, **options: Any) -> None:
        super().__init__(**options)
        self.larger, self.smaller = larger, smaller

    def call(self, inputs: Any) -> Any:  # noqa: D102 - Keras names it
        if self.larger == self.smaller:
            return inputs
        return self._resize_axis(self._resize_axis(inputs, axis=1), axis=2)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:  # noqa: D102
        batch, rows, columns, channels = input_shape
        grown = [None if side is None else self._resized(side) for side in (rows, columns)]
        return (batch, *grown, channels)

    def _resized(self, side: Any) -> Any:
        return side * self.larger // self.smaller

    def _resize_axis(self, x: Any, axis: int) -> Any:
        """Resize along one axis: `ops.image.resize` wants to know the size when the network is traced."""
        side = ops.shape(x)[axis]
        positions = ops.cast(ops.arange(self._resized(side), dtype="int32"), "float32") + 0.5
        positions = positions * (self.smaller / self.larger) - 0.5
        before = ops.floor(positions)
        share = ops.reshape(ops.cast(positions - before, x.dtype), (-1, *[1] * (3 - axis)))
        first, second = (
            ops.take(x, ops.clip(ops.cast(before, "int32") + step, 0, side - 1), axis=axis) for step in (0, 1)
        )
        return first * (1 - share) + second * share


class AppendSqrt(layers.Layer):
    """Square roots beside the values: (B, H, W, C) → (B, H, W, 2 · C); below 0 the root is 0."""

    def call(self, inputs: Any) -> Any:  # noqa: D102 - Keras names it
        return ops.concatenate([inputs, ops.sqrt(ops.maximum(inputs, 0.0))], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:  # noqa: D102
        return (*input_shape[:-1], 2 * (input_shape[-1] or 0))


class PixelShuffle(layers.Layer):
    """Sub-pixel upsampling (Shi et al. 2016): (B, H, W, C · block²) → (B, H · block, W · block, C)."""

    def __init__(self, block: int, **options: Any) -> None:
        super().__init__(**options)
        self.block = block

    def call(self, inputs: Any) -> Any:  # noqa: D102 - Keras names it
        batch, rows, columns, channels = ops.shape(inputs)
        channels //= self.block**2
        x = ops.reshape(inputs, (batch, rows, columns, self.block, self.block, channels))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (batch, rows * self.block, columns * self.block, channels))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:  # noqa: D102
        batch, rows, columns, channels = input_shape
        grown = [None if side is None else side * self.block for side in (rows, columns)]
        return (batch, *grown, (channels or 0) // self.block**2)


class FrozenConv2D(layers.Layer):
    """A convolution whose kernels are multiplied by the gains that a batch norm gave them, which stay as they are.

    Multiplied in for good, as for inference, kernels would differ in size from channel to channel, and a step of
    training, which is as large for all, would be too large for many.
    """

    def __init__(self, filters: int, size: int, strides: int, **options: Any) -> None:
        super().__init__(**options)
        self.filters, self.size, self.strides = filters, size, strides

    def build(self, input_shape: tuple[int | None, ...]) -> None:  # noqa: D102 - Keras names it
        self.kernel = self.add_weight(
            shape=(self.size, self.size, input_shape[-1], self.filters), name="kernel"
        )
        self.offset = self.add_weight(shape=(self.filters,), initializer="zeros", name="offset")
        self.gain = self.add_weight(shape=(self.filters,), initializer="ones", trainable=False, name="gain")

    def call(self, inputs: Any) -> Any:  # noqa: D102
        return ops.conv(inputs, self.kernel * self.gain, self.strides, padding="same") + self.offset


def _stem(x: Any, config: UNetConfig) -> Any:
    x = _convolve(x, config.widths[0], "stem", config, kernel=2 * config.stride, strides=config.stride)
    return layers.ReLU(name="stem_relu")(x)


def _encode(x: Any, config: UNetConfig) -> list[Any]:
    levels: list[Any] = []
    for level, width in enumerate(config.widths):
        if level:
            x = layers.MaxPooling2D(2, name=f"down{level}")(x)
        x = _block(x, width, f"encode{level}", config)
        levels.append(x)
    return levels


def _decode(levels: list[Any], config: UNetConfig) -> Any:
    x = levels[-1]
    merge = layers.Add if config.residual else layers.Concatenate
    for level in reversed(range(len(config.widths) - 1)):
        width = config.widths[level]
        x = layers.Conv2D(width, 1, name=f"narrow{level}")(x)
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"up{level}")(x)
        x = merge(name=f"merge{level}")([x, levels[level]])
        x = _block(x, width, f"decode{level}", config)
    return x


def _block(x: Any, width: int, name: str, config: UNetConfig) -> Any:
    if not config.residual:
        for step in "ab":
            x = layers.Conv2D(width, 3, padding="same", activation="relu", name=f"{name}{step}")(x)
        return x
    shortcut = x if x.shape[-1] == width else layers.Conv2D(width, 1, name=f"{name}_project")(x)
    x = _convolve(x, width, f"{name}a", config)
    x = layers.ReLU(name=f"{name}a_relu")(x)
    x = _convolve(x, width, f"{name}b", config)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, shortcut]))


def _convolve(x: Any, width: int, name: str, config: UNetConfig, *, kernel: int = 3, strides: int = 1) -> Any:
    if config.frozen:
        return FrozenConv2D(width, kernel, strides, name=name)(x)
    bias = not config.norms
    x = layers.Conv2D(width, kernel, strides=strides, padding="same", use_bias=bias, name=name)(x)
    return layers.BatchNormalization(name=name + NORM)(x) if config.norms else x
