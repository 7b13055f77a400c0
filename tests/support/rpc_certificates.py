"""An authority and a certificate for gRPC between processes, as an operator would make them with openssl."""

import subprocess
from pathlib import Path


def make_certificates(folder: Path, name: str = "isocenter") -> None:
    """Write rpc-ca.crt, rpc-tls.crt and rpc-tls.key for a name, valid for two days."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(
        *new, "-x509", "-days", "2", "-keyout", "ca.key", "-out", "rpc-ca.crt", "-subj", "/CN=ca"
    )
    openssl(*new, "-keyout", "rpc-tls.key", "-out", "rpc.csr", "-subj", f"/CN={name}")
    (folder / "rpc.ext").write_text(f"subjectAltName=DNS:{name}\n")
    sign = ("x509", "-req", "-in", "rpc.csr", "-CA", "rpc-ca.crt", "-CAkey", "ca.key", "-days", "2")
    openssl(*sign, "-CAcreateserial", "-extfile", "rpc.ext", "-out", "rpc-tls.crt")
