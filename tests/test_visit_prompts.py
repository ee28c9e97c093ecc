"""`cpt check` asking a person at a real pseudo-terminal, line by line."""

import re
import shlex

PAYER, STATE, PLAN, DONE = "Who pays?", "Which state?", "Whose plan of care?", "What was done?"
PROMPT = " > "


def test_a_day_is_asked_line_by_line_and_checked(terminal):
    asked = terminal("check")
    asked.sees(PAYER).sees(PROMPT).types("medicare")
    asked.sees(STATE).sees(PROMPT).types("sc")
    asked.sees(PLAN).sees(PROMPT).types("1")
    asked.sees(DONE).sees("line 1").types("97110:25")
    asked.sees("97110  Therapeutic exercise").sees("line 2; Enter: no more").types("97140:20")
    asked.sees("line 3; Enter: no more").types("")
    assert asked.ends() == 1  # no table that ships has the NCCI edits of that quarter
    assert re.search(r"^97110  GP  x2  Therapeutic exercise", asked.screen, re.M)
    assert "The same without questions: cpt check 97110:25 97140:20 --payer medicare --state SC --discipline PT" in (
        asked.screen
    )


def test_the_command_that_asks_the_same_gives_the_same(terminal, cpt):
    asked = terminal("check", "97110:25")
    asked.sees(PAYER).sees(PROMPT).types("aetna")
    code = asked.ends()
    again = re.search(r"The same without questions: (.*)", asked.screen)[1]
    ran = cpt(*shlex.split(again)[1:], "--json")
    assert ran.code == code
    assert '"payer": "aetna"' in ran.stdout


def test_a_line_that_is_none_is_told_and_asked_again(terminal):
    asked = terminal("check", "--payer", "aetna", "--discipline", "PT")
    asked.sees("line 1").types("97110:lots")
    asked.sees("minutes 'lots'").sees("line 1").types("")
    asked.sees("line 1").types("97110:15")
    asked.sees("line 2").types("")
    assert asked.ends() == 0


def test_a_code_that_is_not_known_is_said_to_be_so_at_once(terminal):
    asked = terminal("check", "--payer", "aetna", "--discipline", "PT")
    asked.sees("line 1").types("99999")
    asked.sees("not in our list").sees("line 2").types("")
    assert asked.ends() == 1


def test_the_discipline_may_be_left_open(terminal):
    asked = terminal("check", "--payer", "aetna")
    asked.sees(PLAN).sees(PROMPT).types("")
    asked.sees("line 1").types("97161")
    asked.sees("line 2").types("")
    assert asked.ends() == 0


def test_ctrl_c_between_lines_leaves_with_130(terminal):
    asked = terminal("check", "--payer", "aetna", "--discipline", "PT")
    asked.sees("line 1").types("97110:15")
    asked.sees("line 2").presses("c")
    assert asked.ends() == 130


def test_the_end_of_the_input_leaves_with_130(terminal):
    asked = terminal("check", "--payer", "aetna", "--discipline", "PT")
    asked.sees("line 1").presses("d")
    assert asked.ends() == 130


def test_nothing_is_asked_when_everything_was_told(terminal):
    told = terminal("check", "97110:25", "--payer", "medicare")
    assert told.ends() == 1
    assert PROMPT not in told.screen
