"""A whole restore: back-ends opened and found empty, the backup copied, the index built."""

from contextlib import ExitStack

from isocenter.adapters.open import open_objects
from isocenter.embedded.layout import Layout
from isocenter.embedded.supervisor import only_one
from isocenter.indexer.settings import IndexerSettings
from isocenter.operations.places import backup_store, folder_of, readable_index
from isocenter.operations.rebuilding import rebuild_here
from isocenter.operations.restore import Restore, Restored, Step, Target
from isocenter.operations.settings import OperationsSettings
from isocenter.runtime.clock import HybridClock


def restore_all(
    source: str, settings: OperationsSettings, indexing: IndexerSettings, step: Step
) -> Restored:
    """Raises NotFound, Corrupted, and Conflict when the back-ends are not empty or a platform runs on the folder."""
    store = backup_store(source, settings, must_exist=True)
    layout = Layout(settings.data_folder)
    with ExitStack() as stack:
        layout.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        stack.enter_context(only_one(layout))
        if folder_of(settings.objects_url) == layout.archive:
            layout.make()
        index = readable_index(settings)
        if index is not None:
            stack.callback(index.close)
        target = Target(
            open_objects(settings.objects_url, **settings.objects_access),
            open_objects(settings.journal_url, **settings.objects_access),
            index,
            settings.config_folder,
        )
        restore = Restore(store, target, HybridClock(), step)
        done = restore.run()
        rebuild_here(indexing, step)
        restore.finish()
    return done
