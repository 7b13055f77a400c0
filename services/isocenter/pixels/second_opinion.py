"""Decoders of other lineage: GDCM for streams that the first one refuses, OpenJPEG to prove what OpenJPH encoded."""

import gdcm
import numpy as np
from imagecodecs import jpeg2k_decode

from isocenter.errors import InvalidInstance
from isocenter.pixels.image import Image
from isocenter.pixels.native import Samples


def decode_with_gdcm(frame: bytes, image: Image) -> Samples:
    """Samples of one frame; raises InvalidInstance when GDCM cannot read it either."""
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(frame)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    picture = gdcm.Image()
    picture.SetNumberOfDimensions(2)
    picture.SetDimensions((image.columns, image.rows, 1))
    picture.SetDataElement(element)
    kind = gdcm.PhotometricInterpretation.GetPIType(image.photometric_interpretation)
    picture.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(kind))
    if image.samples_per_pixel > 1:
        picture.SetPlanarConfiguration(0)
    syntax = gdcm.TransferSyntax.GetTSType(image.transfer_syntax_uid)
    picture.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    picture.SetPixelFormat(
        gdcm.PixelFormat(
            image.samples_per_pixel,
            image.bits_allocated,
            image.bits_stored,
            image.bits_stored - 1,
            image.pixel_representation,
        )
    )
    decoded = picture.GetBuffer()
    content = decoded.encode("utf-8", "surrogateescape") if isinstance(decoded, str) else b""
    size = len(content) // image.samples if content else 0
    if size not in (1, 2, 4) or len(content) != image.samples * size:
        raise InvalidInstance("no codec can read this frame")
    flat = np.frombuffer(content, f"<{'i' if image.signed else 'u'}{size}")
    if image.samples_per_pixel == 1:
        return flat.reshape(image.rows, image.columns)
    return flat.reshape(image.rows, image.columns, image.samples_per_pixel)


def decode_with_openjpeg(frame: bytes, image: Image) -> Samples:
    """Samples of a whole HTJ2K codestream, of the width of Bits Allocated; raises InvalidInstance."""
    try:
        decoded = np.asarray(jpeg2k_decode(frame, planar=False, numthreads=1))
    except (RuntimeError, ValueError, TypeError) as error:
        raise InvalidInstance("OpenJPEG cannot read this frame") from error
    kind = f"<{'i' if image.signed else 'u'}{image.bits_allocated // 8}"
    return decoded.astype(kind, copy=False)
