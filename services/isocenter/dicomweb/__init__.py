"""How DICOM is spoken over HTTP (PS3.18): media types, multipart, query parameters, problems. No server."""
