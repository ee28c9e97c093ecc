"""`cpt help TOPIC`: one screen each, and every command on it runs."""

import shlex

import pytest

from cptcli.advice.listing import topics
from cptcli.compose.layout import LINES, WIDTH, lines_of
from cptcli.compose.topic import topic_sheet
from cptcli.rulebook.compiled import open_rules

BOOK = open_rules(None)
COMMANDS = [command for key in BOOK.keys("topics") for command in BOOK.topic(key).commands]


@pytest.mark.parametrize("key", BOOK.keys("topics"))
def test_a_topic_is_one_screen(key):
    assert len(lines_of(topic_sheet(topics(BOOK, key)), WIDTH)) <= LINES


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_a_topic_names_runs(cpt, command):
    ran = cpt(*shlex.split(command)[1:])
    assert ran.code in (0, 1)
    assert ran.stdout or ran.stderr


@pytest.mark.parametrize("asked", ["units", "8-minute rule", "weak evidence", "exit codes", "your rules", "NCCI"])
def test_a_topic_is_found_by_the_name_that_people_use(cpt, asked):
    ran = cpt("help", asked)
    assert ran.code == 0
    assert ran.stdout.startswith("topic: ")


def test_help_alone_lists_every_topic_and_an_unknown_one_names_them(cpt):
    listed = cpt("help")
    assert listed.code == 0
    unknown = cpt("help", "parking")
    assert unknown.code == 2
    for key in BOOK.keys("topics"):
        assert key in listed.stdout
        assert key in unknown.stderr
