"""S3 through the MinIO client: one bucket, its errors, and what a store has to prove before it is trusted."""

from isocenter.adapters.s3.bucket import Bucket
from isocenter.adapters.s3.capabilities import Capabilities, UnfitStore
from isocenter.adapters.s3.connection import connect
from isocenter.adapters.s3.location import Location, located
from isocenter.adapters.s3.probe import probe

__all__ = ["Bucket", "Capabilities", "Location", "UnfitStore", "connect", "located", "probe"]
