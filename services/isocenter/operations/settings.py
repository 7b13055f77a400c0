"""Settings of what people do with a whole archive: those of every service, and who may use a backup's bucket."""

from typing import ClassVar

from pydantic import SecretStr

from isocenter.runtime.settings import ObjectsAccess, ServiceSettings


class OperationsSettings(ServiceSettings):
    """`ISOCENTER_BACKUP_ACCESS_KEY` and `..._SECRET_KEY` open a bucket of backups; empty: those of the objects do."""

    service: ClassVar[str] = "backup"

    access_key: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")

    @property
    def backup_access(self) -> ObjectsAccess:
        """What the adapter needs beside the backup's address, secret included."""
        if not self.access_key.get_secret_value():
            return self.objects_access
        return {
            **self.objects_access,
            "access_key": self.access_key.get_secret_value(),
            "secret_key": self.secret_key.get_secret_value(),
        }
