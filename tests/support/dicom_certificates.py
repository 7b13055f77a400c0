"""An authority and certificates of DICOM systems, as an operator would make them with openssl."""

import subprocess
from pathlib import Path


def make_certificates(folder: Path, *names: str) -> None:
    """Write ca.crt, and a .crt and a .key for each name, valid for two days."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    new = ("req", "-newkey", "rsa:2048", "-nodes")
    openssl(*new, "-x509", "-days", "2", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca")
    for name in names:
        subject = f"/O=Hospital, North/CN={name}"
        openssl(*new, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
        authority = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial")
        signing = ("x509", "-req", "-days", "2", "-in", f"{name}.csr", "-out", f"{name}.crt")
        openssl(*signing, *authority)
