"""For programs on a platform's machine: store files over gRPC, each acknowledged when it is durable.

```python
from pathlib import Path
from isocenter.client import StoreClient

with StoreClient.on_this_machine(Path("/srv/isocenter")) as client:
    for kept in client.store(Path("incoming").glob("*.dcm")):
        print(kept.file, kept.status, kept.sop_instance_uid)
```
"""

from isocenter.client.storing import Kept, StoreClient

__all__ = ["Kept", "StoreClient"]
