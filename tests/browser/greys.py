"""Grey values as they have to be on the screen, computed from the samples' own voxels."""

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.float64]


def windowed(hu: Grey, *, width: float = 400, center: float = 40) -> Grey:
    """Grey values 0 to 255 by the linear function of PS3.3 C.11.2.1.2.1."""
    grey: Grey = (hu - (center - 0.5)) / (width - 1) + 0.5
    return grey.clip(0, 1) * 255


def sampled(image: Grey, rows: Grey, columns: Grey) -> Grey:
    """Bilinear samples at every crossing of these rows and columns."""
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, right = (rows - top)[:, None], (columns - left)[None, :]
    below, beside = (
        np.minimum(top + 1, image.shape[0] - 1),
        np.minimum(left + 1, image.shape[1] - 1),
    )
    upper = image[np.ix_(top, left)] * (1 - right) + image[np.ix_(top, beside)] * right
    lower = image[np.ix_(below, left)] * (1 - right) + image[np.ix_(below, beside)] * right
    between: Grey = upper * (1 - down) + lower * down
    return between
