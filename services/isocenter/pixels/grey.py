"""Grey samples to eight bits of display: modality transformation, window or table, polarity (PS3.3 C.11)."""

import numpy as np
from numpy.typing import NDArray

from isocenter.pixels.display import Display
from isocenter.pixels.image import Image
from isocenter.pixels.native import Samples
from isocenter.pixels.rendering import Window

Grey = NDArray[np.uint8]
TABLE_BITS = 16


def grey_of(samples: Samples, image: Image, display: Display, asked: Window | None) -> Grey:
    """Eight-bit picture. `asked` wins over the instance's window, that over its VOI LUT, that over least to greatest.

    Integer samples go through a table of all their values, which costs less than doing each pixel.
    """
    if samples.dtype.kind == "u" and image.bits_stored < image.bits_allocated:
        samples = np.bitwise_and(samples, (1 << image.bits_stored) - 1)  # overlay bits
    window = asked or display.window
    if window is None and display.voi_lut is None:
        window = _whole_range(samples, display)
    if samples.dtype.kind == "f" or samples.dtype.itemsize * 8 > TABLE_BITS:
        return _shown(samples, display, window)
    low, high = int(samples.min()), int(samples.max())
    table = _shown(np.arange(low, high + 1, dtype=np.int64), display, window)
    return table[samples.astype(np.int64) - low]


def _shown(samples: Samples, display: Display, window: Window | None) -> Grey:
    values = _modality(samples, display)
    grey = _windowed(values, window) if window is not None else _through_lut(values, display)
    return np.asarray(255 - grey if display.inverse else grey, np.uint8)


def _modality(samples: Samples, display: Display) -> NDArray[np.float64]:
    if display.modality_lut is not None:
        return display.modality_lut(samples).astype(np.float64)
    return samples.astype(np.float64) * display.slope + display.intercept


def _whole_range(samples: Samples, display: Display) -> Window:
    kept = samples
    if display.padding is not None:
        kept = samples[samples != display.padding]
    if kept.dtype.kind == "f":
        kept = kept[np.isfinite(kept)]
    if not kept.size:
        return Window(0.5, 1.0, "LINEAR_EXACT")
    ends = _modality(np.asarray([kept.min(), kept.max()]), display)
    low, high = float(ends.min()), float(ends.max())
    return Window((low + high) / 2, max(high - low, 1e-9), "LINEAR_EXACT")


def _windowed(values: NDArray[np.float64], window: Window) -> Grey:
    center, width = window.center, window.width
    if window.function == "SIGMOID":
        scaled = 1 / (1 + np.exp(np.clip(-4 * (values - center) / width, -60, 60)))
    elif window.function == "LINEAR_EXACT":
        scaled = (values - center) / width + 0.5
    elif width <= 1:  # a threshold
        scaled = (values > center - 0.5).astype(np.float64)
    else:
        scaled = (values - (center - 0.5)) / (width - 1) + 0.5
    return _eight_bits(scaled)


def _through_lut(values: NDArray[np.float64], display: Display) -> Grey:
    table = display.voi_lut
    if table is None:  # nothing says how: grey_of gives a window then
        return _eight_bits(values)
    return _eight_bits(table(values) / ((1 << table.bits) - 1))


def _eight_bits(scaled: NDArray[np.float64]) -> Grey:
    finite = np.nan_to_num(scaled, nan=0.0, posinf=1.0, neginf=0.0)
    return (np.clip(finite, 0.0, 1.0) * 255 + 0.5).astype(np.uint8)
