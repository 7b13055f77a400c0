from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isocenter.errors import InvalidRequest
from isocenter.runtime.access_policy import FILE, AccessPolicy, Grant, PolicyFile, parse_policy
from isocenter.runtime.caller import Action
from isocenter.runtime.users import RIGHTS, Role

GRANT = """
[[grant]]
claim = ["realm_access", "roles"]
value = "radiology"
sites = ["north"]
roles = ["reader"]
"""
CLAIMS = {"realm_access": {"roles": ["radiology", "offline"]}}

SITES = ("north", "south", "east")
VALUES = ("a", "b", "c")
grants = st.builds(
    Grant,
    claim=st.sampled_from([("groups",), ("azp",), ("realm", "roles")]),
    value=st.sampled_from(VALUES),
    sites=st.frozensets(st.sampled_from((*SITES, "*")), min_size=1),
    roles=st.frozensets(st.sampled_from(list(Role)), min_size=1),
)
policies = st.builds(AccessPolicy, st.lists(grants, max_size=12).map(tuple))
claims_of_anybody = st.fixed_dictionaries(
    {},
    optional={
        "groups": st.lists(st.sampled_from(VALUES), max_size=3),
        "azp": st.one_of(st.sampled_from(VALUES), st.integers(), st.none()),
        "realm": st.one_of(
            st.text(max_size=3),
            st.fixed_dictionaries({"roles": st.lists(st.sampled_from(VALUES), max_size=3)}),
        ),
    },
)


def test_a_value_in_a_list_inside_a_claim_gives_roles_at_its_sites_only() -> None:
    policy = parse_policy(GRANT.encode())
    assert policy.may(CLAIMS, "north") == RIGHTS[Role.READER]
    assert policy.may(CLAIMS, "south") == frozenset()
    assert policy.may({"realm_access": {"roles": ["radiology2"]}}, "north") == frozenset()
    assert policy.may({"realm_access": "radiology"}, "north") == frozenset()
    assert policy.may({}, "north") == frozenset()


@settings(max_examples=150, deadline=None)
@given(policy=policies, claims=claims_of_anybody, site=st.sampled_from(SITES))
def test_no_policy_leaks_from_one_site_to_another(
    policy: AccessPolicy, claims: dict[str, Any], site: str
) -> None:
    """What one may here is the same when every grant for other sites is gone, and none is more than was given."""
    here = tuple(grant for grant in policy.grants if grant.sites & {site, "*"})
    assert policy.may(claims, site) == AccessPolicy(here).may(claims, site)
    most = frozenset[Action]().union(*(RIGHTS[role] for grant in here for role in grant.roles))
    assert policy.may(claims, site) <= most


@settings(max_examples=100, deadline=None)
@given(policy=policies, claims=claims_of_anybody, site=st.sampled_from(SITES))
def test_what_is_not_written_is_not_granted(
    policy: AccessPolicy, claims: dict[str, Any], site: str
) -> None:
    for action in policy.may(claims, site):
        assert any(
            action in RIGHTS[role]
            and has(claims, grant)
            and (site in grant.sites or "*" in grant.sites)
            for grant in policy.grants
            for role in grant.roles
        )


def has(claims: dict[str, Any], grant: Grant) -> bool:
    """The same question asked in another way: the text is somewhere at that place."""
    found: list[Any] = [claims]
    for name in grant.claim:
        found = [one[name] for one in found if isinstance(one, dict) and name in one]
    return any(grant.value in one if isinstance(one, list) else one == grant.value for one in found)


@pytest.mark.parametrize(
    "content",
    [
        "grant = 1",
        "[[grant]]\nclaim = 'a'",
        GRANT + "more = 1",
        GRANT.replace('"reader"', '"root"'),
        GRANT.replace('["north"]', '"north"'),
        GRANT.replace('["north"]', "[]"),
        GRANT.replace('"radiology"', '""'),
        GRANT.replace('"radiology"', "7"),
        GRANT.replace('["realm_access", "roles"]', "[]"),
        GRANT.replace('["realm_access", "roles"]', str(["a"] * 9)),
        "[[grant]",
        "[other]",
    ],
)
def test_a_policy_that_is_not_understood_whole_is_refused(content: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_policy(content.encode())


def test_the_file_is_read_again_and_a_broken_one_takes_nothing_away(tmp_path: Path) -> None:
    now_s = [0.0]
    file = PolicyFile(tmp_path / FILE, lambda: now_s[0])
    assert file.now().may(CLAIMS, "north") == frozenset()
    for content, expected in (
        (GRANT, RIGHTS[Role.READER]),
        ("[[grant", RIGHTS[Role.READER]),
        (GRANT.replace("north", "south"), frozenset()),
    ):
        (tmp_path / "new").write_text(content)
        (tmp_path / "new").replace(tmp_path / FILE)
        now_s[0] += 1.1
        assert file.now().may(CLAIMS, "north") == expected


def test_a_broken_policy_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("[[grant")
    with pytest.raises(InvalidRequest):
        PolicyFile(tmp_path / FILE)
