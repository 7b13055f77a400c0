"""Series as a reader expects them: order of slices, what is odd about their geometry, labels, order of series.

Pure: DICOM JSON documents in, values out. What words, values and vendors' names mean lies in `tables`.
"""
