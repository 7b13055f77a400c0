"""What an operator makes before the chart is installed: its Secrets."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from tests.support.kubernetes.cluster import Cluster
from tests.support.rpc_certificates import make_certificates

from isocenter.runtime.users import Role, add_user, users_path


@dataclass(frozen=True)
class Credentials:
    """What tests show: the token of a user who may send and read, and the object store's key."""

    token: str
    access_key: str
    secret_key: str


def make_secrets(cluster: Cluster, namespace: str, folder: Path) -> Credentials:
    """Make the Secrets objects, bus, rpc, users and test."""
    make_certificates(folder)
    token = add_user(users_path(folder), "tester", (Role.SENDER, Role.READER), token=True)
    made = Credentials(token, f"key{secrets.token_hex(4)}", secrets.token_hex(16))
    files = {"tls.crt": "rpc-tls.crt", "tls.key": "rpc-tls.key", "ca.crt": "rpc-ca.crt"}
    wanted = {
        "objects": {"access-key": made.access_key, "secret-key": made.secret_key},
        "bus": {"token": secrets.token_hex(16)},
        "rpc": {
            "token": secrets.token_hex(32),
            **{key: (folder / name).read_text() for key, name in files.items()},
        },
        "users": {"users.json": users_path(folder).read_text()},
        "test": {"token": token},
    }
    documents = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace},
            "stringData": content,
        }
        for name, content in wanted.items()
    ]
    whole = {"apiVersion": "v1", "kind": "List", "items": documents}
    cluster.kubectl("create", "--filename", "-", given=json.dumps(whole))
    return made
