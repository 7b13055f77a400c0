"""Enhanced multi-frame images as classic single-frame ones and back: headers change their form, pixels never change.

Pure functions over pydicom data sets; called by whoever hands images to a receiver that knows one form alone.
"""
