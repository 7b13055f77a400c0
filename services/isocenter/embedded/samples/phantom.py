"""A three-dimensional CT phantom whose lengths and densities are known, so that what is measured can be checked.

A body with spine, ribs, lungs, liver, vessels and one lesion; beside it a rod of exactly 100 mm along x, one along y
and one along z. Hounsfield units; noise is seeded, so the same phantom comes out every time.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Volume = npt.NDArray[np.int16]
Field = npt.NDArray[np.float32]

AIR_HU, LUNG_HU, FAT_HU, SOFT_HU, LIVER_HU, VESSEL_HU, BONE_HU, LESION_HU, ROD_HU = (
    -1000, -820, -90, 40, 60, 220, 700, 110, 1200,
)  # fmt: skip
ROD_MM = 100.0


@dataclass(frozen=True, slots=True)
class Geometry:
    """Voxel grid; the isocentre is in the middle. Slices are ordered from feet to head."""

    slices: int = 120
    rows: int = 512
    columns: int = 512
    pixel_spacing_mm: float = 0.75
    slice_spacing_mm: float = 2.5

    def axes_mm(self) -> tuple[Field, Field, Field]:
        """Coordinates of the voxel centres along z, y and x, shaped for broadcasting."""
        z = (
            np.arange(self.slices, dtype=np.float32) - (self.slices - 1) / 2
        ) * self.slice_spacing_mm
        y = (np.arange(self.rows, dtype=np.float32) - (self.rows - 1) / 2) * self.pixel_spacing_mm
        x = (
            np.arange(self.columns, dtype=np.float32) - (self.columns - 1) / 2
        ) * self.pixel_spacing_mm
        return z[:, None, None], y[None, :, None], x[None, None, :]


def _ellipsoid(
    axes: tuple[Field, Field, Field], centre_mm: tuple[float, ...], radii_mm: tuple[float, ...]
) -> Field:
    """Quadratic form that is below 1 inside; centre and radii along z, y, x."""
    total: Field = np.zeros((1, 1, 1), dtype=np.float32)
    for axis, centre, radius in zip(axes, centre_mm, radii_mm, strict=True):
        total = total + ((axis - centre) / radius) ** 2
    return total


def _ribs(axes: tuple[Field, Field, Field]) -> npt.NDArray[np.bool_]:
    """A shell just under the skin, cut into slanted bands."""
    z, y, x = axes
    shell = ((y / 98) ** 2 + (x / 148) ** 2 > 0.90) & ((y / 98) ** 2 + (x / 148) ** 2 < 1.0)
    bands = np.mod(z + 0.35 * y, 28) < 9
    chest: npt.NDArray[np.bool_] = shell & bands & (z > 0)
    return chest


def _rods(axes: tuple[Field, Field, Field]) -> npt.NDArray[np.bool_]:
    """Three rods of 100 mm in the air beside the body, 6 mm thick."""
    z, y, x = axes
    half, thick = ROD_MM / 2, 3.0
    along_x = (np.abs(x) <= half) & (np.abs(y + 150) <= thick) & (np.abs(z) <= thick)
    along_y = (np.abs(y) <= half) & (np.abs(x - 178) <= thick) & (np.abs(z) <= thick)
    along_z = (np.abs(z) <= half) & (np.abs(x + 178) <= thick) & (np.abs(y) <= thick)
    return along_x | along_y | along_z


def volume(geometry: Geometry, *, lesion_radius_mm: float, seed: int) -> Volume:
    """Make the phantom; axes are slice, row, column."""
    axes = geometry.axes_mm()
    z, y, x = axes
    shape = (geometry.slices, geometry.rows, geometry.columns)
    hu = np.full(shape, AIR_HU, dtype=np.float32)
    trunk = np.broadcast_to(_ellipsoid((z, y, x), (0, 0, 0), (1e9, 108, 158)), shape)
    hu[trunk < 1] = FAT_HU
    hu[trunk < 0.86] = SOFT_HU
    for side in (-1, 1):
        hu[_ellipsoid(axes, (70, -5, side * 72), (78, 62, 52)) < 1] = LUNG_HU
    hu[_ellipsoid(axes, (-45, -8, -62), (52, 62, 72)) < 1] = LIVER_HU
    hu[np.broadcast_to((y - 62) ** 2 + x**2 < 17**2, shape)] = BONE_HU
    hu[np.broadcast_to((y - 62) ** 2 + x**2 < 8**2, shape)] = SOFT_HU
    hu[_ribs(axes)] = BONE_HU
    hu[np.broadcast_to((y - 30 - 6 * np.sin(z / 30)) ** 2 + (x - 14) ** 2 < 11**2, shape)] = (
        VESSEL_HU
    )
    hu[_ellipsoid(axes, (-40, -15, -70), (lesion_radius_mm,) * 3) < 1] = LESION_HU
    hu[_rods(axes)] = ROD_HU
    noise = np.random.default_rng(seed).normal(0, 9, size=shape).astype(np.float32)
    voxels: Volume = np.clip(hu + noise, -1024, 3071).astype(np.int16)
    return voxels
