"""The journey of the embedded profile, test by test, on MinIO, OpenSearch and three NATS servers.

The tests are the same functions; `library` and `desk` are platforms of the other profile here.
"""

import pytest
from tests.e2e.test_decisions import (
    test_deleted_study_is_gone_and_comes_back,
    test_deletion_asks_first,
    test_held_is_dropped,
    test_held_is_listed_and_the_first_is_unharmed,
    test_held_is_released,
    test_quarantine_is_listed_shown_and_dropped,
    test_release_by_force_believes_the_data_set,
    test_release_says_what_is_still_wrong,
    test_search_finds_by_words_of_the_name_and_by_keys,
    test_status_tells_where_a_study_is,
    test_unknown_hold_is_an_error,
    test_unknown_quarantine_is_an_error,
)
from tests.e2e.test_dicomweb import (
    client,
    test_client_retrieves_metadata_frames_and_pictures,
    test_client_searches_at_every_level,
    test_client_stores_and_retrieves_bulk_data,
    test_fuzzy_matching_finds_a_name_by_the_beginnings_of_its_words_in_any_order,
    test_nothing_found_and_nonsense_are_told_apart,
    test_pictures_come_as_asked,
    test_ranges_of_a_frame_make_the_whole,
    test_refused_instance_is_named_with_its_reason,
    test_stored_bytes_come_back_with_their_transfer_syntax,
    test_unchanged_frame_is_not_sent_again,
)
from tests.e2e.test_names import (
    test_name_is_answered_with_all_its_parts,
    test_name_is_found_by_its_part,
    test_names_are_what_an_independent_reader_decodes,
    test_other_peoples_names_are_not_found,
)
from tests.e2e.test_transcode import (
    test_on_request_it_is_made_now_and_not_again,
    test_what_arrives_can_be_streamed_without_anybodys_help,
    test_what_is_deleted_is_not_streamed_and_comes_back_with_the_study,
)

pytestmark = pytest.mark.timeout(600)  # servers are started in it

__all__ = [
    "client",
    "test_client_retrieves_metadata_frames_and_pictures",
    "test_client_searches_at_every_level",
    "test_client_stores_and_retrieves_bulk_data",
    "test_deleted_study_is_gone_and_comes_back",
    "test_deletion_asks_first",
    "test_fuzzy_matching_finds_a_name_by_the_beginnings_of_its_words_in_any_order",
    "test_held_is_dropped",
    "test_held_is_listed_and_the_first_is_unharmed",
    "test_held_is_released",
    "test_name_is_answered_with_all_its_parts",
    "test_name_is_found_by_its_part",
    "test_names_are_what_an_independent_reader_decodes",
    "test_nothing_found_and_nonsense_are_told_apart",
    "test_on_request_it_is_made_now_and_not_again",
    "test_other_peoples_names_are_not_found",
    "test_pictures_come_as_asked",
    "test_quarantine_is_listed_shown_and_dropped",
    "test_ranges_of_a_frame_make_the_whole",
    "test_refused_instance_is_named_with_its_reason",
    "test_release_by_force_believes_the_data_set",
    "test_release_says_what_is_still_wrong",
    "test_search_finds_by_words_of_the_name_and_by_keys",
    "test_status_tells_where_a_study_is",
    "test_stored_bytes_come_back_with_their_transfer_syntax",
    "test_unchanged_frame_is_not_sent_again",
    "test_unknown_hold_is_an_error",
    "test_unknown_quarantine_is_an_error",
    "test_what_arrives_can_be_streamed_without_anybodys_help",
    "test_what_is_deleted_is_not_streamed_and_comes_back_with_the_study",
]
