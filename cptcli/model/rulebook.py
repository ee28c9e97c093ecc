"""What `rules/rulebook.yaml` and `rules/topics.yaml` say, and the receipt that every answer has."""

from typing import Annotated

from msgspec import Meta, field

from .common import CodeText, Id, Noun, Text


class Topic(Noun, frozen=True):
    """A page of `cpt help`: paragraphs, and commands to try."""

    id: Id
    name: Text
    text: Annotated[tuple[Text, ...], Meta(min_length=1)]
    commands: Annotated[tuple[Text, ...], Meta(min_length=1)]
    also_called: tuple[str, ...] = ()
    sources: tuple[Id, ...] = ()


class Edition(Noun, frozen=True):
    """`rules/rulebook.yaml`: the version of the rule base and its defaults."""

    version: Text
    stale_after_days: int
    other_payer: Id  # used for a payer that is not in our list
    home_payer: Id  # used for home equipment if no payer is given
    common_modalities: tuple[Id, ...] = ()  # offered first in prompts
    common_payers: tuple[Id, ...] = ()
    misprints: dict[str, CodeText] = field(default_factory=dict)  # as printed -> the code meant
    dropped: dict[Id, str] = field(default_factory=dict)  # a rule that is gone -> the version that dropped it
    article_subjects: tuple[Text, ...] = ()  # phrases in the title of a Medicare article on this field


class Receipt(Noun, frozen=True, omit_defaults=False):
    """Which rule base answered; `folder` is the clinic's own rule folder if it was used."""

    version: str
    sha256: str
    folder: str | None
