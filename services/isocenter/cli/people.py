"""`isocenter user`: who may do what over HTTP when the platform listens beyond this machine."""

import click

from isocenter.cli import show
from isocenter.cli.client import Platform
from isocenter.errors import IsocenterError
from isocenter.runtime import users

ROLES = [role.value for role in users.Role]


@click.group()
def user() -> None:
    """People and programs that come over HTTP from other machines. Kept in the data folder."""


@user.command("add")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(ROLES),
    required=True,
    help="May be repeated.",
)
@click.option(
    "--token/--password", "by_token", default=False, help="Make a token, or ask for a password."
)
@click.pass_obj
def add_user(platform: Platform, /, name: str, roles: tuple[str, ...], by_token: bool) -> None:
    """Add a user. A token is shown once and kept nowhere."""
    password = (
        "" if by_token else click.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    layout = platform.layout()
    layout.make()
    chosen = tuple(users.Role(role) for role in roles)
    try:
        token = users.add_user(
            users.users_path(layout.config), name, chosen, password=password, token=by_token
        )
    except IsocenterError as error:
        raise click.ClickException(error.message) from error
    if platform.as_json:
        show.as_json({"name": name, "roles": roles, "token": token})
    else:
        show.console.print(
            f"{name} may come in as {', '.join(roles)}." + (f" Token: {token}" if token else "")
        )


@user.command("list")
@click.pass_obj
def list_users(platform: Platform, /) -> None:
    """List users and their roles."""
    known = users.list_users(users.users_path(platform.layout().config)).values()
    lines = [
        [one.name, ", ".join(one.roles), "yes" if one.password else "no", len(one.tokens)]
        for one in known
    ]
    if platform.as_json:
        show.as_json(
            [
                dict(zip(("name", "roles", "password", "tokens"), line, strict=True))
                for line in lines
            ]
        )
    else:
        show.table(("name", "roles", "password", "tokens"), lines, empty="There are no users.")


@user.command("remove")
@click.argument("name")
@click.pass_obj
def remove_user(platform: Platform, /, name: str) -> None:
    """Remove a user with all tokens; takes effect within seconds."""
    try:
        users.remove_user(users.users_path(platform.layout().config), name)
    except IsocenterError as error:
        raise click.ClickException(error.message) from error
    done = {"name": name, "removed": True}
    show.answer(done, lambda: show.console.print(f"{name} is removed."), in_json=platform.as_json)


COMMANDS = (user,)
