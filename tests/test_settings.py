"""A clinic's own settings: taken where an option is left out, said in the answer, never ignored when broken."""

import json
import os
import re
import resource
import shlex
import shutil
import sys
from pathlib import Path

import platformdirs
import pytest
from conftest import TESTS

from cptcli.settings import FORMS, LARGEST, settings_file

ANODYNE = ["suggest", "--device", "anodyne"]
ANSWERS = [
    [*ANODYNE, "--payer", "aetna"],
    ["lookup", "97026"],
    ["check", "97110:25", "--payer", "aetna"],
    ["fee", "97110", "--state", "SC", "--on", "2025-10-15"],
]
PROMPT = " > "


@pytest.fixture
def file(tmp_path):
    """The settings file of the test, in a folder of its own."""
    return tmp_path / "config" / "cpt" / "settings.toml"


@pytest.fixture
def env(tmp_path):
    """The environment in which that file is the settings file."""
    return {"XDG_CONFIG_HOME": str(tmp_path / "config")}


@pytest.fixture
def keep(file):
    """Write the settings file."""

    def write(content):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    return write


@pytest.fixture
def own(cpt, env, keep):
    """Run a command within this process, with these settings."""

    def run(settings, *arguments):
        keep(settings)
        return cpt(*arguments, env=env)

    return run


def _document(ran):
    assert ran.code in (0, 1), ran.stderr
    return json.loads(ran.stdout)


# ------------------------------------------------------------------------------------------------ what settings are for


def test_a_clinic_that_set_its_payer_and_state_types_neither(cpt, env):
    assert cpt("settings", "set", "payer", "Palmetto GBA", env=env).stdout == "payer: palmetto\n"
    assert cpt("settings", "set", "state", "sc", env=env).stdout == "state: SC\n"
    answer = _document(cpt(*ANODYNE, "--json", env=env))
    assert (answer["code"], answer["question"]["payer"], answer["question"]["state"]) == ("97799", "palmetto", "SC")
    assert answer["question"]["from_settings"] == ["payer", "state"]
    visit = _document(cpt("check", "97110:25", "--json", env=env))["visit"]
    assert (visit["payer"], visit["state"], visit["from_settings"]) == ("palmetto", "SC", ["payer", "state"])
    fee = _document(cpt("fee", "97110", "--on", "2025-10-15", "--json", env=env))
    assert (fee["amount"], fee["from_settings"]) == ("27.52", ["state"])


def test_settings_answer_exactly_as_the_same_options_do(own):
    kept = 'payer = "medicare"\nstate = "SC"\nzip = "29201"\ndiscipline = "PT"\nprovider = "physical_therapist"\n'
    options = ["--payer", "medicare", "--state", "SC", "--provider", "physical_therapist", "--discipline", "PT"]
    for command, more in ((ANODYNE, []), (["check", "97110:25", "97026"], ["--zip", "29201"])):
        by_settings = own(kept, *command, "--on", "2024-08-05", "--json")
        by_options = own(kept, *command, *options, *more, "--on", "2024-08-05", "--json", "--no-settings")
        answers = [_document(each) for each in (by_settings, by_options)]
        named = [answer.get("question", answer.get("visit")).pop("from_settings") for answer in answers]
        assert answers[0] == answers[1]
        assert by_settings.code == by_options.code
        assert named == [["payer", "state", *(["zip"] if more else []), "discipline", "provider"], []]


def test_an_option_beats_the_settings(own):
    kept = 'payer = "palmetto"\nstate = "SC"\n'
    question = _document(own(kept, *ANODYNE, "--payer", "aetna", "--json"))["question"]
    assert (question["payer"], question["state"], question["from_settings"]) == ("aetna", "SC", ["state"])
    question = _document(own(kept, *ANODYNE, "--payer", "medicare", "--state", "CA", "--json"))["question"]
    assert (question["payer"], question["state"], question["from_settings"]) == ("medicare", "CA", [])


def test_a_visit_file_beats_the_settings_and_an_option_beats_both(own, tmp_path):
    (tmp_path / "visit.yaml").write_text("payer: aetna\ndiscipline: OT\nlines: [{code: 97110, minutes: 25}]\n")
    kept = 'payer = "medicare"\nstate = "SC"\ndiscipline = "PT"\n'
    visit = _document(own(kept, "check", "visit.yaml", "--json"))["visit"]
    assert (visit["payer"], visit["state"], visit["discipline"]) == ("aetna", "SC", "OT")
    assert visit["from_settings"] == ["state"]
    assert _document(own(kept, "check", "visit.yaml", "--payer", "cigna", "--json"))["visit"]["payer"] == "cigna"


@pytest.mark.parametrize("command", ANSWERS[:1] + ANSWERS[2:], ids=lambda each: each[0])
def test_no_settings_leaves_them_out(own, command):
    ran = own('provider = "chiropractor"\nzip = "29201"\n', *command, "--no-settings", "--json")
    answer = _document(ran)
    assert answer.get("question", answer.get("visit", answer))["from_settings"] == []
    assert "chiropractor" not in json.dumps(answer.get("question", answer.get("visit")))


def test_without_a_settings_file_an_answer_takes_nothing_from_it(cpt):
    assert _document(cpt(*ANSWERS[0], "--json"))["question"]["from_settings"] == []
    ran = cpt(*ANODYNE)
    assert (ran.code, ran.stdout) == (2, "")
    assert "--payer" in ran.stderr


# ------------------------------------------------------------------------------ what belongs together, and what yields


@pytest.mark.parametrize(
    ("options", "place", "taken"),
    [
        ([], ("SC", "11202/01"), ["state", "zip"]),
        (["--state", "SC"], ("SC", "11202/01"), ["zip"]),
        (["--state", "sc"], ("SC", "11202/01"), ["zip"]),
        (["--zip", "29201"], ("SC", "11202/01"), ["state"]),
        (["--state", "NC"], ("NC", "11502/00"), []),
        (["--zip", "27601"], (None, "11502/00"), []),
        (["--locality", "11502/00"], (None, "11502/00"), []),
    ],
    ids=lambda each: " ".join(map(str, each)),
)
def test_another_place_replaces_the_whole_place_of_the_settings(own, options, place, taken):
    """A ZIP code in South Carolina beside --state NC would be refused, or price the claim in the wrong state."""
    kept = 'payer = "medicare"\nstate = "SC"\nzip = "29201"\n'
    visit = _document(own(kept, "check", "97110:25", *options, "--on", "2025-10-15", "--json"))["visit"]
    assert (visit["state"], visit["locality"]) == place
    assert visit["from_settings"] == ["payer", *taken]
    fee = _document(own(kept, "fee", "97110", *options, "--on", "2025-10-15", "--json"))
    assert (fee["locality"], fee["from_settings"]) == (place[1], taken)


@pytest.mark.parametrize(
    ("typed", "modifiers"),
    [
        (["97110:15"], [["GP"]]),
        (["97110-GP:15"], [["GP"]]),
        (["97110-GO:15"], [["GO"]]),
        (["97165"], [["GO"]]),
        (["97110:15", "--discipline", "OT"], [["GO"]]),
        (["97110:15", "--provider", "occupational_therapist"], [["GO"]]),
    ],
    ids=lambda each: " ".join(map(str, each)),
)
def test_a_line_of_another_plan_of_care_is_not_faulted_for_the_clinic_s_own(own, typed, modifiers):
    kept = 'payer = "medicare"\ndiscipline = "PT"\nprovider = "physical_therapist"\n'
    answer = _document(own(kept, "check", *typed, "--on", "2024-08-05", "--json"))
    assert [line["modifiers"] for line in answer["claim_lines"]] == modifiers
    assert [each["says"] for each in answer["findings"] if "plan of care of" in each["says"]] == []
    assert [each for each in answer["findings"] if each["severity"] == "block" and "belongs to" in each["says"]] == []
    ours = modifiers == [["GP"]]
    assert answer["visit"]["from_settings"] == ["payer", *(["discipline", "provider"] if ours else [])]


def test_the_unit_rule_of_the_settings_counts_only_where_the_payer_s_own_is_not_known(own):
    kept = 'unit_rule = "cpt_midpoint"\n'
    typed = ["check", "97110:8", "97140:8", "--on", "2024-08-05", "--json"]
    aetna = _document(own(kept, *typed, "--payer", "aetna"))
    assert (aetna["unit_rule"], aetna["timed_units"]) == ("cpt_midpoint", 2)
    assert aetna["visit"]["from_settings"] == ["unit_rule"]
    medicare = _document(own(kept, *typed, "--payer", "medicare"))
    assert (medicare["unit_rule"], medicare["timed_units"]) == ("cms", 1)
    assert medicare["visit"]["from_settings"] == []
    cms = _document(own(kept, *typed, "--payer", "aetna", "--unit-rule", "cms"))
    assert (cms["unit_rule"], cms["visit"]["from_settings"]) == ("cms", [])


# ------------------------------------------------------------------------------------------------------ the rule folder


@pytest.fixture
def clinic(tmp_path):
    """The clinic folder of the examples, in a folder of its own."""
    return shutil.copytree(TESTS / "clinic", tmp_path / "our rules")


def test_the_clinic_s_rules_are_laid_over_for_every_command(cpt, env, clinic, tmp_path):
    assert cpt("settings", "set", "rules", "our", "rules", env=env).stdout == f"rules: {clinic}\n"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    answer = _document(cpt(*ANODYNE, "--payer", "palmetto", "--json", env=env, cwd=elsewhere))
    assert (answer["code"], answer["rulebook"]["folder"]) == ("97039", str(clinic))
    assert answer["question"]["from_settings"] == ["rules"]
    assert "clinic-palmetto-anodyne" in cpt("lookup", "97039", "--full", env=env, cwd=elsewhere).stdout
    assert cpt("explain", "clinic-palmetto-anodyne", env=env, cwd=elsewhere).code == 0
    assert f"yours: {clinic}\n" in cpt("rules", "path", env=env, cwd=elsewhere).stdout
    bare = _document(cpt("lookup", "97039", "--no-settings", "--json", env=env, cwd=elsewhere))
    assert bare["rulebook"]["folder"] is None


def test_option_beats_environment_beats_settings(cpt, env, clinic, tmp_path):
    for name in ("second", "third"):
        (tmp_path / name).mkdir()
    cpt("settings", "set", "rules", str(clinic), env=env)
    asked = [*ANODYNE, "--payer", "palmetto", "--json"]
    folders = [
        _document(cpt(*asked, *more, env={**env, **named}))["rulebook"]["folder"]
        for more, named in (
            ([], {}),
            ([], {"CPT_RULES": str(tmp_path / "second")}),
            (["--rules", str(tmp_path / "third")], {"CPT_RULES": str(tmp_path / "second")}),
        )
    ]
    assert folders == [str(clinic), str(tmp_path / "second"), str(tmp_path / "third")]
    beaten = _document(cpt(*asked, env={**env, "CPT_RULES": str(tmp_path / "second")}))
    assert beaten["question"]["from_settings"] == []


def test_a_rule_folder_written_by_hand_counts_from_the_settings_file_or_from_home(
    cpt, env, clinic, file, keep, tmp_path
):
    keep('rules = "../../our rules"\n')
    asked = [*ANODYNE, "--payer", "palmetto", "--json"]
    assert _document(cpt(*asked, env=env))["rulebook"]["folder"] == str(clinic)
    keep('rules = "~/our rules"\n')
    assert _document(cpt(*asked, env={**env, "HOME": str(tmp_path)}))["rulebook"]["folder"] == str(clinic)


def test_a_rule_folder_that_is_gone_is_an_error_with_its_line_until_it_is_set_anew(cpt, env, file, keep, clinic):
    keep('# ours\nrules = "/nowhere/at/all"\n')
    for command in ([*ANODYNE, "--payer", "palmetto"], ["lookup", "97026"], ["payers"], ["rules", "check"]):
        ran = cpt(*command, env=env)
        assert (ran.code, ran.stdout) == (2, "")
        assert f"{file}:2: rules '/nowhere/at/all': expected a folder that exists" in ran.stderr
    assert cpt("settings", "set", "rules", str(clinic), env=env).code == 0
    assert cpt("lookup", "97026", env=env).code == 0
    keep('rules = "/nowhere/at/all"\n')
    assert cpt("settings", "unset", "rules", env=env).code == 0
    assert cpt("lookup", "97026", env=env).code == 0


# -------------------------------------------------------------------------------------------------- set, show and unset


def test_settings_are_shown_with_the_file_they_are_in(cpt, env, file):
    empty = cpt("settings", env=env)
    assert (empty.code, empty.stderr) == (0, "")
    assert empty.stdout.endswith(f"\nfile: {file} (does not exist yet)\n")
    assert empty.stdout.count(": not set\n") == len(FORMS)
    cpt("settings", "set", "zip", "29201", env=env)
    assert file.read_text() == 'zip = "29201"\n'
    shown = cpt("settings", "show", env=env).stdout
    assert shown == cpt("settings", env=env).stdout
    assert "\nzip: 29201\n" in shown
    document = _document(cpt("settings", "--json", env=env))
    assert document["settings"] == {**dict.fromkeys(FORMS), "zip": "29201"}
    assert (document["file"], document["problems"]) == (str(file), [])


@pytest.mark.parametrize(
    ("key", "typed", "kept"),
    [
        ("payer", "PGBA", "palmetto"),
        ("payer", "other", "other"),
        ("state", " sc ", "SC"),
        ("zip", "02139", "02139"),
        ("discipline", "occupational therapy", "OT"),
        ("provider", "Physical Therapist", "physical_therapist"),
        ("claim", "Institutional", "institutional"),
        ("unit-rule", "CPT midpoint", "cpt_midpoint"),
        ("UNIT_RULE", "cms", "cms"),
    ],
)
def test_a_value_is_kept_by_its_id(own, file, key, typed, kept):
    name = key.lower().replace("-", "_")
    assert own("", "settings", "set", key, typed).stdout == f"{name}: {kept}\n"
    assert file.read_text() == f'{name} = "{kept}"\n'


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["payer", "palmeto"], ["No payer called 'palmeto'", "Nearest: palmetto"]),
        (["payer", "workers compensation"], ["can mean more than one payer"]),
        (["payer", ""], ["No payer called"]),
        (["state", "ZZ"], ["state 'ZZ': expected two letters"]),
        (["zip", "2920"], ["zip '2920': expected five digits"]),
        (["zip", "２９２０１"], ["expected five digits"]),
        (["discipline", "XT"], ["discipline 'XT': expected one of PT, OT, SLP"]),
        (["provider", "wizard"], ["provider 'wizard': expected one of", "chiropractor"]),
        (["claim", "dental"], ["claim 'dental': expected one of professional, institutional"]),
        (["unit_rule", "halves"], ["unit_rule 'halves': expected one of", "cpt_midpoint"]),
        (["rules", "nowhere"], ["rules 'nowhere': expected a folder that exists"]),
        (["rules", ""], ["rules '': expected a folder that exists"]),
        (["payr", "aetna"], ["No such setting: 'payr'. Nearest: payer"]),
        (["color", "red"], ["No such setting: 'color'. Settings: payer, state, zip"]),
        (["x" * 100_000, "red"], ["No such setting:"]),
        (["payer"], ["Missing argument"]),
    ],
    ids=lambda each: " ".join(each)[:40],
)
def test_a_value_that_names_nothing_is_refused_and_nothing_is_kept(own, file, arguments, words):
    ran = own('# ours\nclaim = "professional"\n', "settings", "set", *arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert [word for word in words if word not in ran.stderr] == []
    assert len(ran.stderr) < 1000
    assert file.read_text() == '# ours\nclaim = "professional"\n'


def test_unset_takes_one_line_out_and_says_when_it_was_not_there(own, file):
    kept = 'payer = "aetna"\nstate = "SC"\n'
    assert own(kept, "settings", "unset", "payer").code == 0
    assert file.read_text() == 'state = "SC"\n'
    ran = own('state = "SC"\n', "settings", "unset", "unit-rule")
    assert (ran.code, "unit_rule was not set" in ran.stderr) == (0, True)
    ran = own('state = "SC"\n', "settings", "unset", "payr")
    assert (ran.code, "Nearest: payer" in ran.stderr) == (2, True)


def test_comments_order_and_line_ends_survive_a_change(own, file):
    kept = b'# Main Street clinic\r\npayer = "aetna"  # since June\r\n\r\n# where\r\nstate = "SC"\r\n'
    own(kept, "settings", "set", "payer", "cigna")
    assert file.read_bytes() == kept.replace(b"aetna", b"cigna")
    own(b"\xef\xbb\xbf" + kept, "settings", "set", "zip", "29201")
    assert file.read_bytes().startswith(kept)
    assert b'zip = "29201"' in file.read_bytes()


def test_a_change_that_changes_nothing_writes_nothing(own, file, keep):
    keep('payer = "aetna"\n')
    before = file.stat()
    own('payer = "aetna"\n', "settings", "set", "payer", "aetna")
    assert file.stat().st_ino == before.st_ino


# --------------------------------------------------------------------------------------------------------- broken files

BROKEN = {
    "no TOML": ('payer = "aetna"\nstate SC\n', ":2: not readable as TOML"),
    "an open quote": ('payer = "aetna\n', ":1: not readable as TOML"),
    "a key twice": ('state = "SC"\nstate = "NC"\n', ":2: not readable as TOML"),
    "cut off": ('state = "SC"\npayer = [', ":2: not readable as TOML"),
    "an unknown key": ('state = "SC"\n\npayr = "aetna"\n', ":3: no setting is called 'payr'; did you mean 'payer'?"),
    "an unknown table": ('[clinic]\nstate = "SC"\n', ":1: no setting is called 'clinic'; delete it"),
    "a table for a value": ('state = "SC"\n[payer]\nname = "aetna"\n', ":2: payer is a table; expected a payer"),
    "a list for a value": ('payer = ["aetna", "cigna"]\n', ":1: payer is a list; expected a payer"),
    "a number for a ZIP code": (
        "# ours\nzip = 29201\n",
        ":2: zip is 29201; expected five digits in quotes",
    ),
    "a ZIP code of nine": ('zip = "29201-1234"\n', ":1: zip is '29201-1234'; expected five digits"),
    "true for a state": ("state = true\n", ":1: state is true; expected two letters"),
    "a state in words": ('state = "South Carolina"\n', ":1: state is 'South Carolina'; expected two letters"),
    "a date for a payer": ("payer = 2026-11-27\n", ":1: payer is 2026-11-27; expected a payer"),
    "an empty payer": ('payer = " "\n', ":1: payer is ' '; expected a payer"),
    "a wrong provider": ('provider = "wizard"\n', ":1: provider is 'wizard'; expected one of physical_therapist"),
    "a wrong claim": ('claim = "dental"\n', ":1: claim is 'dental'; expected one of professional, institutional"),
    "control characters": ('payer = "a\\u001b[31mb"\n', ":1: payer is "),
    "not UTF-8": (b'state = "SC"\n# caf\xe9\n', ":2: bytes that are not UTF-8"),
    "UTF-16": ('state = "SC"\n'.encode("utf-16"), ":1: bytes that are not UTF-8"),
    "NUL": (b'state = "SC"\n\x00', ":2: not readable as TOML"),
    "deep": ("a = " + "[" * 20_000, ": nested too deeply"),
    "a number of 5,000 digits": ("a = " + "9" * 5_000, ":1: not readable as TOML"),
    "giant": ("#" * (LARGEST + 1), ": cannot be read (more than 100,000 bytes"),
}


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_broken_settings_file_stops_every_answer_and_names_the_line(own, file, mistake):
    content, words = BROKEN[mistake]
    for command in (*ANSWERS, ["payers"], ["rules", "path"]):
        ran = own(content, *command)
        assert (ran.code, ran.stdout) == (2, ""), command
        assert f"{file}{words}" in ran.stderr
        assert "\x1b" not in ran.stderr
    for command in ANSWERS:
        assert own(content, *command, "--no-settings").code in (0, 1)
    assert f"{file}{words}" in _error(own(content, *ANSWERS[0], "--json"))


def _error(ran):
    assert ran.code == 2
    return json.loads(ran.stdout)["error"]


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_broken_settings_file_is_shown_and_not_written_over(own, file, mistake):
    content, words = BROKEN[mistake]
    shown = own(content, "settings")
    assert shown.code == 1
    assert f"problem: {file}{words}" in shown.stdout
    assert shown.stdout.endswith(f"file: {file}\n")
    assert f"{file}{words}" in "\n".join(_document(own(content, "settings", "--json"))["problems"])
    refused = own(content, "settings", "set", "state", "NC")
    assert (refused.code, refused.stdout) == (2, "")
    assert f"{file}{words}" in refused.stderr
    assert file.read_bytes() == (content if isinstance(content, bytes) else content.encode())


def test_all_problems_of_a_settings_file_are_said_at_once_in_the_order_of_its_lines(own, file):
    ran = own('zip = 29201\npayr = "x"\nclaim = "dental"\n', "lookup", "97026")
    assert re.findall(rf"{re.escape(str(file))}:([0-9]+):", ran.stderr) == ["1", "2", "3"]


def test_a_key_that_is_none_can_be_unset(own, file):
    assert own('state = "SC"\npayr = "aetna"\n', "settings", "unset", "payr").code == 0
    assert file.read_text() == 'state = "SC"\n'


def test_a_name_in_the_settings_that_names_nothing_is_an_error_with_its_line(own, file, tmp_path):
    for key, value, words in (
        ("payer", "palmeto", "No payer called 'palmeto'"),
        ("state", "ZZ", "state 'ZZ': expected two letters"),
        ("zip", "00000", "zip '00000': expected a ZIP code"),
        ("discipline", "XT", "discipline 'XT': expected one of PT, OT, SLP"),
        ("unit_rule", "halves", "unit_rule 'halves': expected one of"),
    ):
        payer = [] if key == "payer" else ["--payer", "medicare" if key == "zip" else "aetna"]
        ran = own(f'# ours\n{key} = "{value}"\n', "check", "97110:25", *payer, "--on", "2025-10-15")
        assert (ran.code, ran.stdout) == (2, "")
        assert f"{file}:2: {words}" in ran.stderr
        assert f"--{key}" not in ran.stderr.replace("--payer other", "")
    assert f"{file}:1: " in own('payer = "palmeto"\n', *ANODYNE).stderr
    assert f"{file}:1: " in own('state = "ZZ"\n', "fee", "97110").stderr
    typed = own('payer = "palmeto"\n', *ANODYNE, "--payer", "palmeto")
    assert str(file) not in typed.stderr  # it was typed: the settings are not at fault


# -------------------------------------------------------------------------------------- what is no file, or no settings


def _make_folder(path):
    path.mkdir()


def _make_pipe(path):
    os.mkfifo(path)


def _make_device(path):
    path.symlink_to("/dev/zero")


def _make_dead_link(path):
    path.symlink_to("nowhere")


def _make_loop(path):
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_make_folder, "it is a folder"),
        (_make_pipe, "it is not a regular file"),
        (_make_device, "it is not a regular file"),
        (_make_dead_link, "is a broken link: its target does not exist"),
        (_make_loop, "symbolic links"),
    ],
    ids=lambda each: each.__name__ if callable(each) else None,
)
def test_what_is_no_settings_file_is_called_what_it_is(cpt, env, file, make, why):
    file.parent.mkdir(parents=True)
    make(file)
    for command in (["lookup", "97026"], ["settings", "set", "state", "SC"], ["settings", "unset", "state"]):
        ran = cpt(*command, env=env)
        assert (ran.code, ran.stdout) == (2, "")
        assert f"{file}: cannot be read (" in ran.stderr
        assert why in ran.stderr
    shown = cpt("settings", env=env)
    assert shown.code == 1
    assert why in shown.stdout
    assert cpt("lookup", "97026", "--no-settings", env=env).code == 0


def test_a_folder_that_is_a_dead_link_is_an_error(cpt, env, file):
    """As of a home on a server that is not mounted: the clinic's payer and rules would be missing without a word."""
    for link in (file.parent.parent, file.parent):
        link.parent.mkdir(exist_ok=True)
        link.symlink_to("/nowhere/mounted")
        ran = cpt("lookup", "97026", env=env)
        assert ran.code == 2
        assert f"{link} is a broken link: its target does not exist" in ran.stderr
        link.unlink()


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_settings_file_that_may_not_be_read_is_an_error(cpt, env, file, keep):
    keep('state = "SC"\n')
    for path in (file, file.parent):
        mode = path.stat().st_mode
        path.chmod(0)
        ran = cpt("lookup", "97026", env=env)
        path.chmod(mode)
        assert (ran.code, "Permission denied" in ran.stderr) == (2, True)


def test_a_home_that_is_no_folder_has_no_settings(cpt):
    for home in ("/dev/null", "/nowhere"):
        assert cpt("lookup", "97026", env={"HOME": home, "XDG_CONFIG_HOME": None}).code == 0


# -------------------------------------------------------------------------------------------------------------- writing


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_changed(cpt, tmp_path):
    (tmp_path / "a-file").write_text("")
    for named in ("/proc/settings.toml", str(tmp_path / "a-file" / "settings.toml")):
        ran = cpt("settings", "set", "state", "SC", env={"CPT_SETTINGS": named})
        assert (ran.code, ran.stdout) == (2, "")
        assert f"{named}: cannot be written (" in ran.stderr
        assert "Nothing was changed." in ran.stderr


def test_a_full_disk_leaves_the_old_settings_and_nothing_else(cpt_process, env, file, keep):
    keep('state = "SC"\n')
    ran = cpt_process(
        "settings", "set", "state", "NC", env=env,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
    )  # fmt: skip
    assert (ran.code, ran.stdout) == (2, "")
    assert f"{file}: cannot be written (" in ran.stderr
    assert file.read_text() == 'state = "SC"\n'
    assert [*file.parent.iterdir()] == [file]


def test_a_link_to_the_settings_stays_a_link_and_the_mode_stays(cpt, env, file, tmp_path):
    real = tmp_path / "dotfiles.toml"
    real.write_text('state = "SC"\n')
    real.chmod(0o644)
    file.parent.mkdir(parents=True)
    file.symlink_to(real)
    assert cpt("settings", "set", "state", "NC", env=env).code == 0
    assert file.is_symlink()
    assert real.read_text() == 'state = "NC"\n'
    assert real.stat().st_mode & 0o777 == 0o644


def test_a_new_file_and_its_folder_are_the_user_s_own(cpt, env, file):
    cpt("settings", "set", "state", "SC", env=env)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o077 == 0


# ---------------------------------------------------------------------------------------------------- where the file is


def test_cpt_settings_names_another_file(cpt, tmp_path):
    named = {"CPT_SETTINGS": str(tmp_path / "mine.toml")}
    missing = cpt("lookup", "97026", env=named)
    assert missing.code == 2
    assert "mine.toml: no such file; name a file that exists in CPT_SETTINGS" in missing.stderr
    assert cpt("settings", "set", "payer", "palmetto", env=named).code == 0
    assert (tmp_path / "mine.toml").read_text() == 'payer = "palmetto"\n'
    assert _document(cpt(*ANODYNE, "--json", env=named))["code"] == "97799"
    assert cpt("lookup", "97026", env={"CPT_SETTINGS": ""}).code == 0


@pytest.mark.parametrize(
    "environment",
    [
        {"HOME": "/home/jo"},
        {"HOME": "/home/jo", "XDG_CONFIG_HOME": "/etc/jo"},
        {"HOME": "/home/jo", "XDG_CONFIG_HOME": "/etc/jo/"},
        {"HOME": "/home/jo", "XDG_CONFIG_HOME": ""},
        {"HOME": ""},
        {"HOME": "relative"},
        {},
    ],
    ids=str,
)
def test_the_file_is_where_the_platform_keeps_settings(monkeypatch, environment):
    for name in ("HOME", "XDG_CONFIG_HOME", "CPT_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert settings_file() == platformdirs.user_config_path("cpt", appauthor=False) / "settings.toml"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="XDG is Linux's")
@pytest.mark.parametrize("named", ["relative", "~/x", " /etc/jo", "."])
def test_a_folder_for_settings_that_is_not_absolute_is_ignored_as_xdg_says(monkeypatch, named):
    monkeypatch.delenv("CPT_SETTINGS", raising=False)
    monkeypatch.setenv("HOME", "/home/jo")
    monkeypatch.setenv("XDG_CONFIG_HOME", named)
    assert settings_file() == Path("/home/jo/.config/cpt/settings.toml")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the folder is asked for")
def test_a_start_pays_for_no_library_that_it_does_not_need(cpt_process, env, keep):
    """Each of the three costs two to ten percent of a start."""
    libraries = ("tomllib", "tomlkit", "platformdirs")
    traced = {**env, "PYTHONPROFILEIMPORTTIME": "1"}

    def imported():
        names = {line.rpartition("|")[2].strip() for line in cpt_process(*ANSWERS[0], env=traced).stderr.splitlines()}
        assert "cptcli.settings" in names
        return [each for each in libraries if each in names]

    assert imported() == []
    keep('state = "SC"\n')
    assert imported() == ["tomllib"]


# -------------------------------------------------------------------------------------------------------------- prompts


def test_where_only_the_payer_is_missing_the_settings_answer_and_nothing_is_asked(terminal, env, keep):
    keep('payer = "palmetto"\nstate = "SC"\n')
    page = terminal(*ANODYNE, env=env)
    assert page.ends() == 0
    assert PROMPT not in page.screen
    assert "97799" in page.screen


def test_prompts_have_the_settings_as_their_default(terminal, cpt, env, keep):
    keep('payer = "medicare"\nstate = "SC"\n')
    asked = terminal("suggest", env=env, columns=200)
    asked.sees("Which treatment?").sees(PROMPT).types("infrared")
    asked.sees("Which manufacturer").sees(PROMPT).types("anodyne")
    asked.sees("Who pays?").sees("Enter: Medicare").sees(PROMPT).types("")
    asked.sees("Which state?").sees("Enter: SC > ").types("")
    assert asked.ends() == 0
    again = re.search(r"The same without questions: cpt (.+)", asked.screen)[1]
    question = _document(cpt(*shlex.split(again), "--json"))["question"]
    assert (question["payer"], question["state"]) == ("medicare", "SC")


def test_another_payer_may_be_typed_over_the_default(terminal, env, keep):
    keep('payer = "palmetto"\n')
    asked = terminal("suggest", env=env)
    asked.sees("Which treatment?").sees(PROMPT).types("infrared")
    asked.sees("Which manufacturer").sees(PROMPT).types("anodyne")
    asked.sees("Who pays?").sees("Enter: ").sees(PROMPT).types("aetna")
    asked.ends()
    assert "--payer aetna" in asked.screen


def test_a_visit_is_asked_for_with_the_settings_as_defaults(terminal, env, keep):
    keep('payer = "medicare"\nstate = "SC"\ndiscipline = "PT"\n')
    asked = terminal("check", env=env)
    asked.sees("Who pays?").sees("Enter: Medicare").sees(PROMPT).types("")
    asked.sees("Which state?").sees("Enter: SC > ").types("")
    asked.sees("Whose plan of care?").sees("Enter: PT").sees(PROMPT).types("")
    asked.sees("line 1").types("97110:25")
    asked.sees("line 2").types("")
    assert asked.ends() in (0, 1)
    assert "cpt check 97110:25 --payer medicare --state SC --discipline PT" in asked.screen


def test_a_default_that_names_nothing_is_an_error_with_its_line(terminal, env, file, keep):
    keep('payer = "palmeto"\n')
    for command in ("check", "suggest"):
        asked = terminal(command, env=env, columns=300)
        if command == "suggest":
            asked.sees("Which treatment?").sees(PROMPT).types("infrared")
            asked.sees("Which manufacturer").sees(PROMPT).types("anodyne")
        assert asked.ends() == 2
        assert f"{file}:1: No payer called 'palmeto'" in asked.screen


# ------------------------------------------------------------------------------------------------------------- the rest


def test_the_tests_never_meet_the_settings_of_whoever_runs_them(environment):
    assert "CPT_SETTINGS" not in environment
    assert not (Path(environment["XDG_CONFIG_HOME"]) / "cpt").exists()


def test_help_leads_with_examples_that_work(cpt, env):
    for command in ([], ["show"], ["set"], ["unset"]):
        told = cpt("settings", *command, "-h")
        assert told.code == 0
        for example in re.findall(r"^    cpt (settings.*)$", told.stdout, re.MULTILINE):
            Path(env["XDG_CONFIG_HOME"]).mkdir(exist_ok=True)
            (Path(env["XDG_CONFIG_HOME"]).parent / "our-rules").mkdir(exist_ok=True)
            assert cpt(*shlex.split(example), env=env).code == 0, example


def test_the_shell_completes_the_keys(cpt, env):
    completing = {"_CPT_COMPLETE": "complete_bash", "COMP_WORDS": "cpt settings set pr", "COMP_CWORD": "3"}
    assert cpt(env={**env, **completing}).stdout.split() == ["provider"]
