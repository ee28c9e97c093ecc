"""`cpt lookup` and `cpt explain` with CMS's articles on file, and without them."""

import json
import shutil

import mcd
import pytest

from cptcli.advice.article_cards import document_id
from cptcli.advice.article_places import place_of

NOT_ON_FILE = "CMS's articles are not on file"


@pytest.fixture
def imported(cpt, tmp_path, tmp_path_factory):
    """`cpt` with a copy of a store that has CMS's articles, LCDs and NCDs, which is imported once."""

    def run(*arguments, store=tmp_path / "data"):
        return cpt(*arguments, env={"CPT_DATA": str(store)})

    store = tmp_path_factory.getbasetemp() / "articles"
    if not store.exists():
        files = {"current_article": mcd.articles(), "current_lcd": mcd.lcds(), "ncd": mcd.ncds()}
        paths = [str(mcd.download(tmp_path / f"{name}.zip", mcd.files(tables))) for name, tables in files.items()]
        done = run("data", "import", *paths, store=store)
        assert done.code == 0, done.stderr
    shutil.copytree(store, tmp_path / "data")
    return run


def test_import_list_and_remove_by_command(imported):
    listed = imported("data", "list").stdout
    assert "coverage-articles-2026-09-28: 2026-09-28, for 2026-09-28" in listed
    assert imported("data", "verify").code == 0
    imported("data", "remove", "coverage-articles-2026-09-28", "coverage-lcds-2026-09-28")
    assert NOT_ON_FILE in imported("lookup", "97110", "--payer", "ngs").stdout


def test_code_at_a_contractor_shows_its_article_lcd_and_that_no_list_is_for_it(imported):
    shown = imported("lookup", "97110", "--payer", "ngs").stdout
    assert "article: A56566: Outpatient Physical and Occupational Therapy Services (Wellpoint Federal, " in shown
    assert "L33631" in shown
    assert "diagnosis_list: It has no diagnosis list for this code." in shown


def test_diagnosis_beside_a_code_says_where_it_stands_and_that_listed_is_not_covered(imported):
    shown = imported("lookup", "95992", "--payer", "ngs", "--dx", "H81.11").stdout
    assert "diagnosis: A56566 (NGS): H81.11 is on its list for 95992." in shown
    assert "Being on a list is not coverage." in shown
    unlisted = imported("lookup", "95992", "--payer", "ngs", "--dx", "R42").stdout
    assert "R42 is not on its list for 95992" in unlisted
    assert "Being on a list is not coverage." not in unlisted


def test_state_picks_the_contractor_of_medicare(imported):
    shown = imported("lookup", "97110", "--payer", "medicare", "--state", "SC", "--dx", "M54.50").stdout
    assert "A53065" in shown
    assert "A53065 (Palmetto GBA JM, Part A): M54.50 is not on its list." in shown
    assert "article: A57021" not in shown


def test_articles_are_in_the_json_of_a_code(imported):
    card = json.loads(imported("lookup", "97035", "--payer", "ngs", "--dx", "J40", "--json").stdout)
    (article,) = card["articles"]["articles"]
    assert [(each["diagnosis"], each["standing"]) for each in article["diagnoses"]] == [("J40", "against")]
    assert json.loads(imported("lookup", "97035", "--json").stdout)["articles"] is None


def test_without_the_import_the_page_names_it_once(cpt):
    shown = cpt("lookup", "97110", "--payer", "ngs", "--full").stdout
    assert shown.count(NOT_ON_FILE) == 1
    assert "cpt data import current_article.zip" in shown
    assert NOT_ON_FILE not in cpt("lookup", "97110").stdout


def test_payer_without_local_articles_gets_its_own_rules_and_no_article(imported):
    note = "Aetna: no local Medicare articles are for its claims."
    shown = imported("lookup", "97110", "--payer", "aetna", "--full").stdout
    assert note not in shown
    assert note in imported("lookup", "97110", "--payer", "aetna", "--dx", "M54.50", "--full").stdout
    assert "A56566" not in shown
    assert "payer_rule: Cigna" not in shown


def test_contractor_in_a_state_of_another_has_no_articles_there(imported):
    shown = imported("lookup", "97110", "--payer", "ngs", "--state", "SC", "--full").stdout
    assert "NGS: no local Medicare articles are for its claims in SC." in shown
    assert "article: " not in shown


def test_railroad_medicare_gets_no_contractor_s_articles(imported):
    assert "article: " not in imported("lookup", "97110", "--payer", "railroad-medicare").stdout


def test_explain_shows_an_article_whole_and_an_lcd(imported):
    article = imported("explain", "a56566").stdout
    assert "in_force: in force on 2026-" in article
    assert "covered: Coverage for CPT code 95992 is limited to the following diagnoses: H81.11 H81.12 H81.13" in article
    assert "document: L33631: Outpatient Physical and Occupational Therapy Services" in article
    assert "Skilled care." in imported("explain", "L33631").stdout
    assert "NCD 270.6: Infrared Therapy Devices" in imported("explain", "N51").stdout


def test_explain_of_an_article_that_is_not_on_file_names_the_import(cpt):
    done = cpt("explain", "A56566")
    assert done.code == 2
    assert "cpt data import current_article.zip" in done.stderr


@pytest.mark.parametrize("asked", ["A4556", "L8702", "59", "N1", "medicare-ncd-270-6", "97110", "A5656X"])
def test_codes_and_rules_are_not_taken_for_documents(asked):
    assert document_id(asked) in (None, "N1")


def test_diagnosis_looked_up_shows_for_and_against_with_codes_and_claims(imported):
    shown = imported("lookup", "M54.50").stdout
    assert "article: for 98940, 98941, 98942; A56273 (WPS Insurance Corporation, Part A and Part B): SHORT" in shown
    assert "article: for 97110; A53058 (Palmetto GBA, home health)" in shown
    assert "A57021" not in shown
    against = imported("lookup", "E84.0", "--payer", "ngs").stdout
    assert "article: against 97035; A56566 (Wellpoint Federal, Part A and Part B): The following" in against
    assert "payer_rule: NGS; " in against


def test_diagnosis_of_three_characters_is_found_and_a_name_like_it_stays_a_name(imported):
    assert "against 97035; A56566" in imported("lookup", "J40", "--payer", "ngs").stdout
    assert "cgs" in imported("lookup", "J15").stdout
    assert imported("lookup", "B99").code == 2


def test_diagnosis_on_no_list_says_so(imported):
    assert "Z99.89 is on no list on file." in imported("lookup", "z99.89").stdout


def test_diagnosis_without_the_import_shows_the_rules_that_ship(cpt):
    shown = cpt("lookup", "H81.11").stdout
    assert "[ngs-95992]" in shown
    assert NOT_ON_FILE in shown


@pytest.mark.parametrize(("payer", "state", "states", "label"), [
    ("ngs", None, {"IL", "MN", "WI", "CT", "MA", "ME", "NH", "NY", "RI", "VT"}, "NGS"),
    ("ngs", "NY", {"NY"}, "NGS"), ("medicare", "SC", {"SC"}, "Palmetto GBA JM"), (None, "IA", {"IA"}, "WPS J5"),
    ("medicare", None, set(), ""),
])  # fmt: skip
def test_place_of_a_payer_is_its_states_and_its_own_names(book, payer, state, states, label):
    place = place_of(book, payer, state)
    assert (place.states, place.label) == (states, label)
    assert "Medicare" not in place.names
    assert place.claims == {"professional", "institutional"}


@pytest.mark.parametrize("payer", ["aetna", "other", "railroad-medicare", "tricare", "medicaid"])
def test_payers_without_local_articles_have_no_place(book, payer):
    assert place_of(book, payer, "SC") is None


def test_home_equipment_is_the_equipment_contractor_s(book):
    assert place_of(book, "cgs-dme-jc", None).claims == {"equipment"}
    assert place_of(book, "medicare", "SC", equipment=True).claims == {"equipment"}


def test_check_says_of_each_line_whether_its_diagnosis_is_on_the_contractors_list(imported):
    asked = ("check", "97035:15", "--payer", "ngs", "--state", "NY", "--discipline", "PT", "--on", "2026-10-05")
    against = imported(*asked, "--dx", "J40", "--full").stdout
    assert "J40 is on its list of diagnoses that do not support 97035" in against
    elsewhere = imported(*asked, "--dx", "M54.50", "--full").stdout
    assert "M54.50 is not on its list of those that do not" in elsewhere


def test_suggest_says_what_the_articles_make_of_the_diagnosis_and_nothing_without_one(imported):
    asked = ("suggest", "--modality", "ultrasound", "--payer", "ngs", "--state", "NY", "--on", "2026-10-05", "--full")
    assert "J40 is on its list of diagnoses that do not support 97035" in imported(*asked, "--dx", "J40").stdout
    assert "J40" not in imported(*asked).stdout


def test_articles_say_nothing_of_a_payer_that_does_not_follow_them(imported):
    asked = ("check", "97035:15", "--payer", "aetna", "--discipline", "PT", "--dx", "J40", "--full")
    assert "A56566" not in imported(*asked).stdout


@pytest.mark.parametrize(("given", "named"), [((), "NAME"), (("--payer", "tricare"), "tricare")])
def test_next_step_of_a_code_asks_the_payer_that_was_given(cpt, given, named):
    assert f"next: cpt suggest --modality 90912 --payer {named}\n" in cpt("lookup", "90912", *given).stdout
