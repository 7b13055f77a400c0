"""Transfer syntaxes (PS3.5 section 10, PS3.6 table A-1) and the media types of their frames (PS3.18 8.7.3)."""

from dataclasses import dataclass

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
HTJ2K_RPCL = "1.2.840.10008.1.2.4.202"  # lossless, its resolutions one after another
LOSSLESS_WRITTEN = (
    HTJ2K_RPCL,
    *(f"1.2.840.10008.1.2.{end}" for end in ("4.201", "4.80", "4.90", "4.70", "5")),
)
"""Compressed transfer syntaxes that objects are brought into on request, the one we like best first."""
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"
OCTET_STREAM = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class TransferSyntax:
    """How a data set is written. `media_type` is that of one frame, or of the whole for video.

    `lossless` tells whether the syntax cannot lose: for those that allow both (as JPEG 2000, .91) it is False.
    `known` is False for a UID this table does not have.
    """

    uid: str
    keyword: str
    media_type: str = OCTET_STREAM
    lossless: bool = True
    encapsulated: bool = True
    implicit: bool = False
    big_endian: bool = False
    deflated: bool = False
    known: bool = True

    @property
    def video(self) -> bool:
        """Pixel Data is one stream for all frames, not a run of pictures."""
        return self.media_type.startswith("video/")


def _native() -> list[TransferSyntax]:
    return [
        TransferSyntax(
            IMPLICIT_VR_LITTLE_ENDIAN, "ImplicitVRLittleEndian", encapsulated=False, implicit=True
        ),
        TransferSyntax(EXPLICIT_VR_LITTLE_ENDIAN, "ExplicitVRLittleEndian", encapsulated=False),
        TransferSyntax(
            DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
            "DeflatedExplicitVRLittleEndian",
            encapsulated=False,
            deflated=True,
        ),
        TransferSyntax(
            EXPLICIT_VR_BIG_ENDIAN, "ExplicitVRBigEndian", encapsulated=False, big_endian=True
        ),
        TransferSyntax(
            "1.2.840.10008.1.20",
            "Papyrus3ImplicitVRLittleEndian",
            encapsulated=False,
            implicit=True,
        ),
        TransferSyntax("1.2.840.10008.1.2.4.94", "JPIPReferenced", encapsulated=False),
        TransferSyntax(
            "1.2.840.10008.1.2.4.95", "JPIPReferencedDeflate", encapsulated=False, deflated=True
        ),
        TransferSyntax("1.2.840.10008.1.2.4.204", "JPIPHTJ2KReferenced", encapsulated=False),
        TransferSyntax(
            "1.2.840.10008.1.2.4.205",
            "JPIPHTJ2KReferencedDeflate",
            encapsulated=False,
            deflated=True,
        ),
    ]


# Suffix of 1.2.840.10008.1.2, keyword, lossless.
_JPEG = (
    (".4.50", "JPEGBaseline8Bit", False),
    (".4.51", "JPEGExtended12Bit", False),
    (".4.52", "JPEGExtended35", False),
    (".4.53", "JPEGSpectralSelectionNonHierarchical68", False),
    (".4.54", "JPEGSpectralSelectionNonHierarchical79", False),
    (".4.55", "JPEGFullProgressionNonHierarchical1012", False),
    (".4.56", "JPEGFullProgressionNonHierarchical1113", False),
    (".4.57", "JPEGLossless", True),
    (".4.58", "JPEGLosslessNonHierarchical15", True),
    (".4.59", "JPEGExtendedHierarchical1618", False),
    (".4.60", "JPEGExtendedHierarchical1719", False),
    (".4.61", "JPEGSpectralSelectionHierarchical2022", False),
    (".4.62", "JPEGSpectralSelectionHierarchical2123", False),
    (".4.63", "JPEGFullProgressionHierarchical2426", False),
    (".4.64", "JPEGFullProgressionHierarchical2527", False),
    (".4.65", "JPEGLosslessHierarchical28", True),
    (".4.66", "JPEGLosslessHierarchical29", True),
    (".4.70", "JPEGLosslessSV1", True),
)
_JPEG_LS = ((".4.80", "JPEGLSLossless", True), (".4.81", "JPEGLSNearLossless", False))
_JPEG_2000 = ((".4.90", "JPEG2000Lossless", True), (".4.91", "JPEG2000", False))
_JPEG_2000_PART_2 = ((".4.92", "JPEG2000MCLossless", True), (".4.93", "JPEG2000MC", False))
_JPEG_XL = (
    (".4.110", "JPEGXLLossless", True),
    (".4.111", "JPEGXLJPEGRecompression", False),
    (".4.112", "JPEGXL", False),
)
_HTJ2K = (
    (".4.201", "HTJ2KLossless", True),
    (".4.202", "HTJ2KLosslessRPCL", True),
    (".4.203", "HTJ2K", False),
)
_MPEG2 = (
    (".4.100", "MPEG2MPML", False),
    (".4.100.1", "MPEG2MPMLF", False),
    (".4.101", "MPEG2MPHL", False),
    (".4.101.1", "MPEG2MPHLF", False),
)
_MPEG4 = (
    (".4.102", "MPEG4HP41", False),
    (".4.102.1", "MPEG4HP41F", False),
    (".4.103", "MPEG4HP41BD", False),
    (".4.103.1", "MPEG4HP41BDF", False),
    (".4.104", "MPEG4HP422D", False),
    (".4.104.1", "MPEG4HP422DF", False),
    (".4.105", "MPEG4HP423D", False),
    (".4.105.1", "MPEG4HP423DF", False),
    (".4.106", "MPEG4HP42STEREO", False),
    (".4.106.1", "MPEG4HP42STEREOF", False),
)
_HEVC = ((".4.107", "HEVCMP51", False), (".4.108", "HEVCM10P51", False))
_RLE = ((".5", "RLELossless", True),)
_OCTETS = (
    (".1.98", "EncapsulatedUncompressedExplicitVRLittleEndian", True),
    (".8.1", "DeflatedImageFrameCompression", True),
    (".7.1", "SMPTEST211020UncompressedProgressiveActiveVideo", True),
    (".7.2", "SMPTEST211020UncompressedInterlacedActiveVideo", True),
    (".7.3", "SMPTEST211030PCMDigitalAudio", True),
)
_FAMILIES = (
    ("image/jpeg", _JPEG),
    ("image/jls", _JPEG_LS),
    ("image/jp2", _JPEG_2000),
    ("image/jpx", _JPEG_2000_PART_2),
    ("image/jxl", _JPEG_XL),
    ("image/jphc", _HTJ2K),
    ("video/mpeg2", _MPEG2),
    ("video/mp4", _MPEG4),
    ("video/H265", _HEVC),
    ("image/dicom-rle", _RLE),
    (OCTET_STREAM, _OCTETS),
)


def _encapsulated() -> list[TransferSyntax]:
    return [
        TransferSyntax(IMPLICIT_VR_LITTLE_ENDIAN + suffix, keyword, media_type, lossless)
        for media_type, members in _FAMILIES
        for suffix, keyword, lossless in members
    ]


TRANSFER_SYNTAXES = {syntax.uid: syntax for syntax in (*_native(), *_encapsulated())}


def transfer_syntax(uid: str) -> TransferSyntax:
    """Look a UID up; one that is not known is taken as encapsulated explicit little endian (PS3.5 A.4)."""
    found = TRANSFER_SYNTAXES.get(uid)
    return found if found is not None else TransferSyntax(uid, "", lossless=False, known=False)
