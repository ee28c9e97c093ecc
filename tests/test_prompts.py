"""`cpt suggest` asking a person at a real pseudo-terminal for what it has to know."""

import re
import shlex

import pytest

TREATMENT, MAKER, PAYER, STATE = "Which treatment?", "Which manufacturer", "Who pays?", "Which state?"
PROMPT = " > "


def _questions(screen):
    """The questions that were asked, in order: the lines before the choices or before the prompt."""
    return re.findall(
        rf"^({'|'.join(map(re.escape, (TREATMENT, MAKER, PAYER, STATE)))}|Did the clinician stay)", screen, re.M
    )


def _number_of(screen, choice):
    """The number that stands before a choice."""
    return re.search(rf"(\d+)  {re.escape(choice)}", screen)[1]


def test_infrared_anodyne_palmetto_gives_97799_after_three_questions(terminal):
    asked = terminal("suggest")
    asked.sees(TREATMENT).sees(PROMPT).types("infrared")
    asked.sees(MAKER).sees(PROMPT).types("anodyne")
    asked.sees(PAYER).sees(PROMPT).types("palmetto")
    assert asked.ends() == 0
    assert _questions(asked.screen) == [TREATMENT, MAKER, PAYER]
    assert "\n97799  " in asked.screen


def test_a_choice_may_be_made_by_its_number_and_a_question_mark_shows_all_of_them(terminal):
    asked = terminal("suggest")
    asked.sees(TREATMENT).sees(PROMPT).types(_number_of(asked.screen, "Infrared therapy"))
    asked.sees(MAKER).sees(PROMPT).types(_number_of(asked.screen, "Anodyne Therapy"))
    asked.sees(PAYER).sees(PROMPT)
    assert "Palmetto GBA" not in asked.screen
    asked.types("?").sees("Ctrl-C stops").sees(PROMPT).types(_number_of(asked.screen, "Palmetto GBA"))
    assert asked.ends() == 0
    assert "\n97799  " in asked.screen


def test_the_list_at_once_is_short_enough_to_read(terminal):
    asked = terminal("suggest")
    asked.sees(TREATMENT).sees(PROMPT).presses("c")
    assert asked.ends() == 130
    assert len(asked.screen.splitlines()) <= 18


@pytest.mark.parametrize(
    ("treatment", "manufacturer", "payer"),
    [
        pytest.param("IR lamp", "Anodine", "PGBA", id="aliases"),
        pytest.param("infrared th", "anod", "palm", id="unambiguous beginnings"),
        pytest.param("  INFRARED  ", "Anodyne Therapy LLC", "Palmetto  GBA", id="capitals and blanks"),
    ],
)
def test_a_name_an_alias_or_an_unambiguous_beginning_is_understood(terminal, treatment, manufacturer, payer):
    asked = terminal("suggest")
    asked.sees(TREATMENT).sees(PROMPT).types(treatment)
    asked.sees(MAKER).sees(PROMPT).types(manufacturer)
    asked.sees(PAYER).sees(PROMPT).types(payer)
    assert asked.ends() == 0
    assert "\n97799  " in asked.screen


def test_only_manufacturers_of_that_treatment_are_offered_and_other(terminal):
    asked = terminal("suggest")
    asked.sees(TREATMENT).sees(PROMPT).types("ultrasound")
    asked.sees(PROMPT).presses("c")
    assert asked.ends() == 130
    infrared = terminal("suggest")
    infrared.sees(TREATMENT).sees(PROMPT).types("infrared")
    infrared.sees(MAKER).sees(PROMPT).presses("c")
    assert infrared.ends() == 130
    assert "Anodyne Therapy" in infrared.screen
    assert "Anodyne Therapy" not in asked.screen
    assert "other / not listed" in infrared.screen


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("0", "0 is not one of the numbers 1 to "),
        ("999", "999 is not one of the numbers 1 to "),
        ("moonlight", "No modality called 'moonlight' in our list."),
        ("infared", "Nearest: infrared (Infrared therapy)"),
        ("electrical", "can mean more than one modality"),
        ("", "Nothing was typed."),
        ("²", "²"),
        ("\x1b[15~", "No modality called"),
        ("x" * 1000, "No modality called"),
    ],
)
def test_a_wrong_entry_says_why_and_asks_again(terminal, wrong, why):
    asked = terminal("suggest", "--payer", "aetna", columns=200)
    asked.sees(TREATMENT).sees(PROMPT).types(wrong)
    asked.sees(why).sees(PROMPT).types("infrared")
    asked.sees(MAKER).sees(PROMPT).types("other")
    assert asked.ends() == 1
    assert _questions(asked.screen) == [TREATMENT, MAKER]


@pytest.mark.parametrize(
    ("option", "name", "question", "typed", "same"),
    [
        pytest.param("--device", "normatec", "older medical NormaTec PCD?", "2", "--device normatec-pcd", id="device"),
        pytest.param(
            "--device", "light force", "the class IV laser line", "2", "--modality class-iv-laser --device other",
            id="a product without an entry",
        ),
        pytest.param("--device", "chattanooga", "Which device?", "hydrocollator", "hydrocollator", id="manufacturer"),
        pytest.param("--payer", "workers compensation", "Which payer?", "1", "--payer ", id="payer"),
    ],
)  # fmt: skip
def test_a_name_that_can_mean_several_things_is_asked_about_where_something_else_is_missing(
    terminal, option, name, question, typed, same
):
    asked = terminal("suggest", option, name, columns=200)
    if option == "--payer":
        asked.sees(TREATMENT).sees(PROMPT).types("paraffin")
        asked.sees(MAKER).sees(PROMPT).types("other")
    asked.sees("can mean more than one").sees(question).sees(PROMPT).types("moonlight")
    asked.sees("'moonlight' is none of them").sees(PROMPT).types(typed)
    if option == "--device":
        asked.sees(PAYER).sees(PROMPT).types("aetna")
    assert asked.ends() in (0, 1)
    assert same in re.search(r"The same without questions: (.+)", asked.screen)[1]


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_bytes_that_are_no_text_are_a_wrong_entry_too(terminal, errors):
    asked = terminal("suggest", "--payer", "aetna", env={"PYTHONIOENCODING": f"utf-8:{errors}"})
    asked.sees(TREATMENT).sees(PROMPT).types_bytes(b"caf\xe9\xff\n")
    asked.sees("No modality called").sees(PROMPT).presses("c")
    assert asked.ends() == 130


def test_enter_takes_the_default_that_is_stated(terminal):
    asked = terminal("suggest", "--payer", "palmetto")
    asked.sees(TREATMENT).sees(PROMPT).types("infrared")
    asked.sees("Enter: other / not listed > ").types("")
    assert asked.ends() == 0
    assert "\n97026  " in asked.screen


def test_medicare_asks_for_the_state_and_finds_the_contractor(terminal):
    asked = terminal("suggest", "--device", "anodyne")
    asked.sees(PAYER).sees(PROMPT).types("medicare")
    asked.sees(STATE).sees(PROMPT).types("ZZ")
    asked.sees("two letters of a US state").sees(PROMPT).types("sc")
    assert asked.ends() == 0
    assert _questions(asked.screen) == [PAYER, STATE]
    assert "\n97799  " in asked.screen


def test_medicare_without_a_state_is_answered_by_national_rules(terminal):
    asked = terminal("suggest", "--device", "anodyne", "--payer", "medicare")
    assert asked.ends() == 0
    assert _questions(asked.screen) == []
    asked = terminal("suggest", "--device", "anodyne")
    asked.sees(PAYER).sees(PROMPT).types("medicare")
    asked.sees(STATE).sees("Enter: national rules only > ").types("")
    assert asked.ends() == 0
    assert "\n97026  " in asked.screen


def test_a_treatment_whose_code_depends_on_a_question_asks_it_among_the_others(terminal):
    asked = terminal("suggest", "--modality", "electrical stimulation")
    asked.sees("Did the clinician stay").sees(PROMPT).types("perhaps")
    asked.sees("'perhaps' is none of the answers").sees(PROMPT).types("un")
    asked.sees(PAYER).sees(PROMPT).types("medicare")
    asked.sees(STATE).sees(PROMPT).types("")
    assert asked.ends() == 0
    assert "\nG0283  " in asked.screen


def test_who_is_not_sure_of_an_answer_gets_every_case(terminal):
    asked = terminal("suggest", "--modality", "electrical stimulation")
    asked.sees("Did the clinician stay").sees("Enter: not sure").sees(PROMPT).types("")
    asked.sees(PAYER).sees(PROMPT).types("other")
    assert asked.ends() == 1
    assert "--attended" in asked.screen
    assert "--unattended" in asked.screen


def test_what_the_code_depends_on_is_never_asked_back_where_treatment_and_payer_are_given(terminal):
    asked = terminal("suggest", "--modality", "electrical stimulation", "--payer", "medicare")
    assert asked.ends() == 1
    assert PROMPT not in asked.screen
    assert "--unattended" in asked.screen


def test_answers_that_lead_to_further_questions_are_followed(terminal):
    asked = terminal("suggest", "--modality", "light therapy", columns=120)
    asked.sees("What kind of light?").sees(PROMPT).types("laser")
    asked.sees("What kind of laser is it?").sees(PROMPT).types("class")
    asked.sees(PAYER).sees(PROMPT).types("other")
    assert asked.ends() == 0
    assert "\n97039  " in asked.screen


def test_what_was_told_is_not_asked(terminal):
    asked = terminal("suggest", "--device", "anodyne", "--payer", "palmetto")
    assert asked.ends() == 0
    assert PROMPT not in asked.screen
    home = terminal("suggest", "--device", "anodyne", "--setting", "home")
    assert home.ends() == 1
    assert PROMPT not in home.screen


def test_the_command_that_asks_the_same_without_questions_gives_the_same_answer(terminal, cpt):
    asked = terminal("suggest", "--diagnosis", "E11.42", "--on", "2006-10-23", columns=300)
    asked.sees(TREATMENT).sees(PROMPT).types("infrared")
    asked.sees(MAKER).sees(PROMPT).types("Anodyne Therapy LLC")
    asked.sees(PAYER).sees(PROMPT).types("medicare")
    asked.sees(STATE).sees(PROMPT).types("SC")
    assert asked.ends() == 0
    again = re.search(r"The same without questions: cpt (.+)", asked.screen)[1]
    answer = cpt(*shlex.split(again), "--full").stdout
    assert answer.startswith("code: 97799\n")
    assert "\ncoverage: conditional\n" in answer
    assert "\nservice_date: 2006-10-23\n" in answer


@pytest.mark.parametrize(("key", "question"), [("c", 1), ("c", 2), ("d", 1), ("d", 2)])
def test_ctrl_c_or_the_end_of_input_leaves_cleanly_with_130(terminal, key, question):
    asked = terminal("suggest")
    asked.sees(TREATMENT).sees(PROMPT)
    if question == 2:
        asked.types("infrared").sees(MAKER).sees(PROMPT)
    asked.presses(key)
    assert asked.ends() == 130
    assert asked.screen.rstrip().endswith("Interrupted.")


def test_questions_fit_a_terminal_of_20_columns(terminal):
    asked = terminal("suggest", columns=20)
    asked.sees(TREATMENT).sees(PROMPT).types("infrared")
    asked.sees("manufacturer").sees(PROMPT).types("anodyne")
    asked.sees("Who pays").sees(PROMPT).types("palmetto")
    assert asked.ends() == 0


def test_where_stdout_is_no_terminal_nothing_is_asked(cpt, terminal):
    ran = cpt("suggest")
    assert (ran.code, ran.stdout) == (2, "")
    assert "--modality or --device" in ran.stderr
    assert "--payer" in ran.stderr
    branches = cpt("suggest", "--modality", "estim", "--payer", "medicare")
    assert (branches.code, branches.stderr) == (1, "")
    assert branches.stdout.count("branch: ") == 2
