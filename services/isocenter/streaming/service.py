"""Streaming as a value: routes over an index and an object store."""

from isocenter.runtime.asking import Asking
from isocenter.runtime.nodes import names_in
from isocenter.runtime.service import Service
from isocenter.streaming.arrangement_routes import ArrangementRoutes
from isocenter.streaming.arranging import Arrangements, Arranger
from isocenter.streaming.capability_routes import CapabilityRoutes
from isocenter.streaming.changes import Changes
from isocenter.streaming.classic_routes import ClassicRoutes
from isocenter.streaming.decoding import Decoding
from isocenter.streaming.finding import Finder
from isocenter.streaming.frame_routes import FrameRoutes
from isocenter.streaming.generation import Generation
from isocenter.streaming.hanging_routes import HangingRoutes
from isocenter.streaming.header_routes import HeaderRoutes
from isocenter.streaming.metadata_routes import MetadataRoutes
from isocenter.streaming.misses import Misses
from isocenter.streaming.objects_view import ObjectsView
from isocenter.streaming.packs import PackTables
from isocenter.streaming.pictures import Pictures
from isocenter.streaming.planning import Planner
from isocenter.streaming.ports import Ports
from isocenter.streaming.rendered_routes import RenderedRoutes
from isocenter.streaming.rendition_routes import RenditionRoutes
from isocenter.streaming.retrieve_routes import RetrieveRoutes
from isocenter.streaming.search_routes import SearchRoutes
from isocenter.streaming.series_stream_routes import SeriesStreamRoutes
from isocenter.streaming.series_streams import SeriesStreams
from isocenter.streaming.servicer import StreamServicer, servicer
from isocenter.streaming.settings import StreamingSettings
from isocenter.streaming.state_routes import StateRoutes
from isocenter.streaming.stored import Instances
from isocenter.streaming.uri_routes import UriRoutes


def build(ports: Ports, settings: StreamingSettings) -> Service:
    """Make the service of one HTTP process; all of it runs on that process's event loop."""
    ask = Asking(ports.index)
    generation = Generation(ports.index, ask)
    instances = Instances(ports.index, ask, generation)
    objects = ObjectsView(
        ports.objects,
        settings.max_open_objects,
        settings.max_mapped_bytes,
        settings.object_cache_bytes,
    )
    decoding = Decoding(objects, settings)
    packs = PackTables(ports.objects, settings.pack_table_cache_bytes)
    changes = Changes(generation)
    metadata = MetadataRoutes(
        instances, generation, settings.metadata_cache_bytes, settings.public_url
    )

    misses = Misses(ports.transcoding)
    arranger = Arranger(settings.arrangement_cache_bytes // 2)
    streams = SeriesStreams(instances, arranger, objects, packs, misses.tell)
    arrangements = Arrangements(ports.index, ask, instances, arranger)
    arrangement = ArrangementRoutes(arrangements, generation, settings.arrangement_cache_bytes // 2)
    pictures = Pictures(instances, decoding)
    retrieving = RetrieveRoutes(instances, objects, decoding)
    rendering = RenderedRoutes(instances, pictures, packs, objects, settings.public_url)

    finder, planner = Finder(ports.index, ask), Planner(instances, ask, decoding, objects)

    def drain(grace_s: float) -> None:
        del grace_s
        changes.stop()

    return Service(
        name="streaming",
        servicers=(servicer(StreamServicer(finder, planner, streams, instances, pictures)),),
        drains=(drain,),
        tasks={"misses": misses.run},
        routes=(
            *CapabilityRoutes(settings.public_url).routes(),
            *SearchRoutes(ports.index, ask, settings.max_results, settings.public_url).routes(),
            *FrameRoutes(instances, objects, decoding, packs).routes(),
            *SeriesStreamRoutes(streams, arrangements, instances, settings.public_url).routes(),
            *RenditionRoutes(ports.transcoding, instances, packs).routes(),
            *metadata.routes(),
            *arrangement.routes(),
            *HeaderRoutes(instances, packs).routes(),
            *HangingRoutes(settings.config_folder).routes(),
            *retrieving.routes(),
            *ClassicRoutes(instances, objects, decoding).routes(),
            *rendering.routes(),
            *UriRoutes(instances, retrieving, rendering).routes(),
            *StateRoutes(ports, ask, changes, names_in(settings.indexer_nodes)).routes(),
        ),
    )
