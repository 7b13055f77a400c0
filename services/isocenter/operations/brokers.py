"""The broker of a platform: the one that runs on the data folder, or the one that settings name."""

import json

from isocenter.embedded.layout import Layout
from isocenter.runtime.settings import BusAccess, ServiceSettings


class BrokerAccess(BusAccess):
    """Arguments of `adapters.open.open_bus`, address included."""

    url: str


def bus_of(settings: ServiceSettings) -> BrokerAccess | None:
    """None when no platform runs on the data folder and no setting names a broker."""
    layout = Layout(settings.data_folder)
    try:
        known = json.loads(layout.address_file.read_text())
        return {
            **settings.bus_access,
            "url": str(known["bus_url"]),
            "site": str(known["site"]),
            "user": str(known.get("bus_user", "")),
            "token": layout.secret("bus"),
        }
    except (OSError, ValueError, KeyError):
        named = "bus_url" in settings.model_fields_set
        return {**settings.bus_access, "url": settings.bus_url} if named else None
