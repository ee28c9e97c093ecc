"""Medicare's local articles on a code: which answer, where a diagnosis stands, and what must not be a yes."""

import json
from datetime import date

import mcd
import pytest
from conftest import TESTS, TODAY
from hypothesis import given
from hypothesis import strategies as st

from cptcli.advice import list_scope
from cptcli.advice.articles import articles_for, sentences_of
from cptcli.advice.diagnosis_standing import lists_for, standing_of
from cptcli.cms.cells import Given
from cptcli.cms.coverage_articles import Coverage, Place, in_force
from cptcli.cms.coverage_records import GroupText, StoredDocument, StoredGroup, is_about
from cptcli.cms.importing import import_files
from cptcli.cms.tables import open_tables

DAY = date(2026, 9, 28)
PART_A, PART_B = frozenset(["institutional"]), frozenset(["professional"])
OLD = {"first": "2024-01-01", "article_end_date": "2024-12-31"}


@pytest.fixture(scope="module")
def shipped():
    with open_tables(shipped_alone=True) as tables:
        yield tables


@pytest.fixture(scope="module")
def imported(shipped, tmp_path_factory):
    """Imports downloads of these tables and returns what an answer reads."""

    def run(*downloads, every=False):
        folder = tmp_path_factory.mktemp("store")
        files = [mcd.download(folder / f"{place}.zip", mcd.files(tables)) for place, tables in enumerate(downloads)]
        given = Given(None, None, False, shipped, None if every else lambda: frozenset(["97110", "97035", "98941"]))
        done = import_files(files, given, folder / "cms.sqlite", TODAY, False, lambda what, size: None)
        assert [file.problem for file in done.files] == [None] * len(files)
        return Coverage(open_tables(folder / "cms.sqlite"))

    return run


@pytest.fixture(scope="module")
def coverage(imported):
    return imported(mcd.articles(), mcd.lcds(), every=True)


@pytest.fixture(scope="module")
def ask(book):
    """Asks for the articles on a code in a state."""

    def run(coverage, code, state, *diagnoses, day=DAY, **place):
        at = Place(states=frozenset([state] if state else []), **place)
        return articles_for(coverage, book.edition.article_subjects, code, day, at, diagnoses)

    return run


def _ids(found):
    return [each.id for each in found.articles], [each.id for each in found.others]


def _all(found):
    return [each.id for each in (*found.articles, *found.others)]


def _stands(found):
    return [(each.standing, each.says) for article in found.articles for each in article.diagnoses]


def _with_article(*codes, day=None, **cells):
    """CMS's articles and one more of NGS, number 59000."""
    tables = mcd.articles()
    mcd.article(tables, 59000, mcd.PT, {1: " ".join(codes) or "97110"}, mcd.NGS_B, **cells)
    return tables


# --------------------------------------------------------------------------------------------- which articles


def test_article_of_the_state_s_contractor_answers_with_its_lcd(coverage, ask):
    (article,) = ask(coverage, "97110", "CT").articles
    assert (article.id, article.version, article.bearing, article.in_force) == ("A56566", 46, "rules", "yes")
    assert [(each.id, each.in_force) for each in article.documents] == [("L33631", "yes")]
    assert article.group_says.startswith("This list represents common physical")


def test_part_a_article_is_no_answer_for_a_professional_claim(coverage, ask):
    assert _ids(ask(coverage, "97110", "SC", claims=PART_A)) == (["A53065"], [])
    assert _ids(ask(coverage, "97110", "SC", claims=PART_B)) == ([], ["A57021"])


def test_home_health_article_is_no_answer_for_an_outpatient_claim(coverage, ask):
    assert "A53058" not in _all(ask(coverage, "97110", "SC"))
    assert _ids(ask(coverage, "97110", "SC", claims=frozenset(["home_health"])))[0] == ["A53058"]


def test_article_on_disc_replacement_that_names_97110_is_no_answer(coverage, ask):
    found = ask(coverage, "97110", "SC", "M54.2", claims=PART_B)
    assert found.articles == ()
    (other,) = found.others
    assert (other.bearing, other.diagnoses, other.lists) == ("names", (), ())
    assert other.why == "its subject is Cervical Disc Replacement"


def test_group_of_related_codes_is_no_answer_under_any_title(imported, ask):
    tables = _with_article("97110", says={1: "Other CPT codes related to this LCD"}, covered={1: ("", "M54.50")})
    (other,) = [each for each in ask(imported(tables), "97110", "CT").others if each.id == "A59000"]
    assert other.bearing == "names"


def test_code_in_a_group_of_non_covered_codes_is_denied_and_no_list_is_for_it(coverage, ask):
    (article,) = ask(coverage, "98943", "IA", "M99.03", claims=PART_B).articles
    assert (article.bearing, article.why, article.lists, article.diagnoses) == ("denies", "Non-covered", (), ())


def test_status_n_of_one_code_denies_that_code_alone(coverage, ask):
    bearing = {code: ask(coverage, code, "CT").articles[0].bearing for code in ("97037", "G0295", "97110")}
    assert bearing == {"97037": "denies", "G0295": "denies", "97110": "rules"}


def test_contractor_for_claims_from_everywhere_does_not_answer_for_another_s_state(coverage, ask):
    assert "A56273" in _ids(ask(coverage, "98941", "SC", claims=PART_A))[0]
    named = ask(coverage, "98941", "SC", claims=PART_A, names=("Palmetto",))
    assert _ids(named) == ([], [])


def test_contractor_with_a_new_name_is_matched_by_state_and_the_page_says_so(coverage, ask):
    found = ask(coverage, "97110", "CT", names=("National Government Services",), label="NGS")
    assert _ids(found)[0] == ["A56566"]
    assert "No contractor called NGS in CMS's file: matched by state alone." in found.notes
    found = ask(coverage, "95992", "CT", "R42", names=("National Government Services",), label="NGS")
    assert _stands(found) == [("not_listed", "A56566 (Wellpoint Federal): R42 is not on its list for 95992.")]


@pytest.mark.parametrize(("state", "parts"), [
    ("NY", ("NY", "NY (Queens)", "NY (downstate)", "NY (upstate)")), ("CT", ("CT",)),
])  # fmt: skip
def test_parts_of_a_divided_state_are_kept(coverage, ask, state, parts):
    assert ask(coverage, "97110", state).articles[0].states == parts


def test_ended_jurisdiction_answers_for_nobody(coverage, ask):
    assert ask(coverage, "98941", "FL").articles == ()


def test_code_that_the_import_left_out_is_not_known_rather_than_without_articles(imported, ask):
    found = ask(imported(mcd.articles()), "92507", "CT")
    assert (found.known, found.imported) == (False, True)
    assert any("kept no articles on 92507" in each for each in found.notes)
    assert ask(imported(mcd.articles()), "97110", "CT").known is True


def test_without_the_import_nothing_is_said(tmp_path, ask):
    with open_tables(tmp_path / "none.sqlite") as tables:
        found = ask(Coverage(tables), "97110", "CT", "M54.50")
    assert (found.imported, found.known, found.articles, found.others) == (False, False, (), ())


# --------------------------------------------------------------------------------------------------- diagnoses


def test_list_named_for_one_code_says_nothing_of_another_in_the_same_group(coverage, ask):
    assert _stands(ask(coverage, "97110", "CT", "H81.11", "M54.50")) == [
        ("no_list", "A56566 (Wellpoint Federal): no list for 97110."),
        ("no_list", "A56566 (Wellpoint Federal): no list for 97110."),
    ]


def test_list_named_for_the_code_supports_what_is_on_it_and_nothing_else(coverage, ask):
    found = ask(coverage, "95992", "CT", "H81.11", "R42", names=("Wellpoint Federal",), label="NGS")
    assert _stands(found) == [
        ("listed", "A56566 (NGS): H81.11 is on its list for 95992."),
        ("not_listed", "A56566 (NGS): R42 is not on its list for 95992."),
    ]
    assert found.articles[0].diagnoses[0].scope == "Coverage for CPT code 95992 is limited to the following diagnoses:"


def test_off_a_list_of_diagnoses_that_do_not_support_is_not_on_a_list_that_does(coverage, ask):
    assert _stands(ask(coverage, "97035", "CT", "J40", "M54.50", names=("Wellpoint Federal",), label="NGS")) == [
        ("against", "A56566 (NGS): J40 is on its list of diagnoses that do not support 97035."),
        ("not_against",
         "A56566 (NGS): no list of diagnoses that support 97035; M54.50 is not on its list of those that do not."),
    ]  # fmt: skip


def test_seventh_character_and_every_digit_count(coverage, ask):
    found = ask(coverage, "97035", "CT", "T81.89XS", "T81.89XA")
    assert [standing for standing, _ in _stands(found)] == ["against", "not_against"]


def test_category_is_not_on_a_list_of_its_codes(coverage, ask):
    ((standing, says),) = _stands(ask(coverage, "95992", "CT", "H81.1"))
    assert standing == "not_known"
    assert "give the full code (the list has H81.11, H81.12, H81.13)" in says


def test_xx000_and_a_paragraph_without_limitations_are_no_list(coverage, ask):
    assert _stands(ask(coverage, "97602", "PA", "L89.150", "XX000")) == [
        ("no_limit", "A53001 (Novitas Solutions, Inc.): no diagnosis limit for 97602.")
    ] * 2  # fmt: skip


def test_na_paragraph_without_codes_is_no_list(coverage, ask):
    assert _stands(ask(coverage, "98941", "CT", "M99.03", claims=PART_B)) == [
        ("no_list", "A57889 (Wellpoint Federal): no list for 98941.")
    ]


def test_second_diagnosis_alone_and_first_diagnosis_alone_need_more(coverage, ask):
    assert [standing for standing, _ in _stands(ask(coverage, "98941", "IA", "M99.03", "M54.50", claims=PART_B))] == [
        "needs_more", "needs_more"
    ]  # fmt: skip


def test_diagnosis_with_an_asterisk_needs_more_and_says_what(coverage, ask):
    assert _stands(ask(coverage, "92507", "CT", "R13.10", "F80.0", names=("Wellpoint Federal",), label="NGS")) == [
        (
            "needs_more",
            "A52866 (NGS): R13.10 is on its list, and more is needed: R13.10 needs a swallowing study on file.",
        ),
        ("listed", "A52866 (NGS): F80.0 is on its list."),
    ]  # fmt: skip


def test_claim_line_gets_one_sentence_for_each_article_and_diagnosis(coverage, ask):
    named = {"names": ("Wellpoint Federal",), "label": "NGS"}
    assert sentences_of(ask(coverage, "95992", "CT", "H81.11", "H81.11", **named)) == (
        "A56566 (NGS): H81.11 is on its list for 95992.",
    )
    assert sentences_of(ask(coverage, "98943", "IA", "M99.03", claims=PART_B)) == (
        "A56273 (WPS Insurance Corporation) does not cover 98943: Non-covered.",
    )
    assert sentences_of(ask(coverage, "97110", "SC", "M54.2", claims=PART_B)) == ()


def test_being_listed_is_never_coverage(coverage, ask):
    """No field of the answer is a verdict."""
    (article,) = ask(coverage, "95992", "CT", "H81.11").articles
    assert not {"verdict", "covered", "coverage"} & {*article.__struct_fields__}
    assert not {"verdict", "covered", "coverage"} & {*article.diagnoses[0].__struct_fields__}


# ------------------------------------------------------------------------------------------ paragraphs of lists


def _codes(number, entries, paragraph=""):
    return StoredGroup("A1", 1, "codes", number, f" {entries} ", GroupText(paragraph=paragraph))


def _list(paragraph, entries="M54.50", number=1, kind="covered", no_limit=False):
    text = GroupText(paragraph=paragraph, no_limit=no_limit)
    return StoredGroup("A1", 1, kind, number, f" {entries} " if entries else "", text)


ONE = _codes(1, "97110 97035 97140 96125 98940 98941 98942")


@pytest.mark.parametrize(("paragraph", "code", "scope"), [
    ("The following support medical necessity for 97035.", "97035", "this_code"),
    ("The following support medical necessity for 97035.", "97110", "other_codes"),
    ("The following support medical necessity for 98940-98942:", "98941", "this_code"),
    ("The following support medical necessity for 98940 through 98942:", "98941", "this_code"),
    ("The following support medical necessity for 98940 and 98942:", "98941", "other_codes"),
    ("Codes 96125, 97110 and 97140 will not have diagnosis code limitations.", "97110", "no_limit"),
    ("Codes 96125, 97110 and 97140 will not have diagnosis code limitations.", "97035", "unclear"),
    ("97110 will not have diagnosis code limitations unless the plan says so.", "97110", "unclear"),
    ("The following support all codes except 97035.", "97035", "unclear"),
    ("The following support all codes except 97035.", "97110", "unclear"),
    ("The following support 97035 only with group 2.", "97035", "unclear"),
    ("Coverage for 97035 is limited to the following. For 97110 see the LCD.", "97110", "unclear"),
    ("The following support 95992.", "97110", "unclear"),  # not a code of the article
    ("The codes of Group 2 are supported by the following.", "97110", "unclear"),
    ("The following diagnoses do not support medical necessity.", "97110", "unclear"),  # in the table of those that do
    ("There is no visit limit.", "97110", "article"),
    ("", "97110", "article"),
    ("The lists below have only diagnoses for which the named procedures are covered. If none is on the claim, it is "
     "denied. Coverage for CPT code 97035 is limited to the following diagnoses:", "97110", "other_codes"),
    ("The lists below have only diagnoses for which the named procedures are covered. If none is on the claim, it is "
     "denied. Coverage for CPT code 97035 is limited to the following diagnoses:", "97035", "this_code"),
    ("Report 97110 with GP. The following diagnoses support medical necessity:", "97035", "unclear"),
    ("97110 is covered with GP. The following diagnoses support medical necessity:", "97035", "unclear"),
    ("The following support 97035. All other codes need one of them too.", "97110", "unclear"),
    ("97035 is limited to the following diagnoses, and 97110 has no diagnosis limit.", "97035", "unclear"),
    ("97035 is limited to the following diagnoses; 97110 has no diagnosis limit.", "97035", "this_code"),
    ("97035 is limited to the following diagnoses; 97110 has no diagnosis limit.", "97110", "no_limit"),
    ("All codes need one of these except: 97110, which is listed for reference.", "97110", "unclear"),
    ("97035 is covered only for the following diagnoses.", "97035", "this_code"),
    ("These are for electrical stimulation only.", "97110", "unclear"),
    ("Diagnoses that are not listed are not covered.", "97110", "article"),
    ("See ICD-10-CM code M99.03, LCD L37387 and article A56566.", "97110", "article"),
])  # fmt: skip
def test_paragraph_decides_for_which_codes_a_list_is(paragraph, code, scope):
    (listed,) = lists_for([ONE, _list(paragraph)], code)
    assert listed.scope == scope


def test_groups_of_equal_number_do_not_belong_together():
    groups = [_codes(1, "97110"), _codes(2, "97035"), _list("", number=1), _list("", "M25.5", number=2)]
    assert [each.scope for each in lists_for(groups, "97110")] == ["unclear", "unclear"]
    found = standing_of("A1", "NGS", "97110", "M54.50", lists_for(groups, "97110"))
    assert found.standing == "not_known"
    assert "list 1" in found.says


def test_two_lists_without_codes_in_their_paragraphs_are_never_a_yes():
    lists = lists_for([ONE, _list("Speech"), _list("Swallowing", "R13.11", number=2)], "97110")
    assert {standing_of("A1", "NGS", "97110", dx, lists).standing for dx in ("M54.50", "R13.11", "Z99.8")} == {
        "not_known"
    }


def test_unclear_list_against_outweighs_a_plain_list_for():
    groups = [ONE, _list("The following support 97035."), _list("See Group 3.", kind="noncovered")]
    assert standing_of("A1", "NGS", "97035", "M54.50", lists_for(groups, "97035")).standing == "not_known"


def test_list_against_outweighs_a_list_for():
    groups = [ONE, _list("The following support 97035."), _list("These do not support 97035.", kind="noncovered")]
    assert standing_of("A1", "NGS", "97035", "M54.50", lists_for(groups, "97035")).standing == "against"


def test_table_of_diagnoses_against_whose_paragraph_says_support_is_not_read():
    (listed,) = lists_for([ONE, _list("The following support 97035.", kind="noncovered")], "97035")
    assert listed.scope == "unclear"


def test_list_with_codes_and_a_sentence_without_limits_is_not_read():
    (listed,) = lists_for([ONE, _list("No diagnosis code limitations are set at this time.")], "97110")
    assert listed.scope == "unclear"


@pytest.mark.parametrize("paragraph", [
    "Report a code from group 2 and a code from group 3.", "A primary diagnosis and a second one must be reported.",
    "(Secondary Diagnosis)", "The primary diagnosis is the subluxation.", "Both codes are reported together.",
])  # fmt: skip
def test_role_words_are_a_condition(paragraph):
    assert list_scope.condition(_list(paragraph)) or paragraph.startswith("A primary")


@pytest.mark.parametrize(("paragraph", "denied"), [
    ("Non-covered", True), ("The following codes will be denied as not medically necessary", True),
    ("Codes not listed are not covered.", False), ("97037 is status N.", False), ("97110 is status N.", True),
    ("Not covered when done by a machine.", False), ("", False),
    ("These do not support reasonable and necessary criteria", True),
    ("Keep the record. Payment made in error may be denied later. Bill with GP.", False),
])  # fmt: skip
def test_paragraph_of_a_code_group_denies_only_what_it_plainly_denies(paragraph, denied):
    assert (list_scope.denial(_codes(1, "97110", paragraph), "97110") is not None) is denied


@pytest.mark.parametrize(("title", "about"), [
    ("Billing and Coding: Outpatient Physical and Occupational Therapy Services", True),
    ("Chiropractic Services \u2013 Medical Policy Article", True), ("Billing and Coding: Chiropractor Services", True),
    ("Billing and Coding: Wound Care & Debridement \u2013 Provided by a Therapist", True),
    ("Lymphedema Decongestive Treatment", True), ("Billing and Coding: Outpatient Therapy Biofeedback Training", True),
    ("Billing and Coding: Medical Necessity of Therapy Services", True),
    ("Billing and Coding: Speech Language Pathology (SLP) Services: Communication Disorders", True),
    ("Billing and Coding: Cervical Disc Replacement", False), ("Billing and Coding: Peripheral Nerve Blocks", False),
    ("Billing and Coding: Nerve Blockade for Treatment of Chronic Pain and Neuropathy", False),
    ("Billing and Coding: Continuous Peripheral Nerve Blocks (CPNB)", False), ("Hyperbaric Oxygen Therapy", False),
    ("Intensity Modulated Radiation Therapy", False), ("", False),
])  # fmt: skip
def test_title_says_whether_an_article_is_about_this_field(book, title, about):
    assert is_about(title, book.edition.article_subjects) is about


_PARAGRAPHS = ("", "The following support 97035.", "Coverage of 97110 is limited to the following:", "(Secondary)",
               "97110 has no diagnosis limitations.", "See Group 2.", "All codes except 97035.", "N")  # fmt: skip
_LISTS = st.tuples(st.sampled_from(["covered", "noncovered"]), st.sampled_from(_PARAGRAPHS),
                   st.lists(st.sampled_from(["M54.50", "M54.2", "J40"]), unique=True))  # fmt: skip


@given(st.lists(_LISTS, max_size=4), st.sampled_from(["97110", "97035", "97140"]))
def test_listed_means_on_a_list_for_it_on_none_against_it_and_with_no_doubt(lists, code):
    groups = [ONE, *(_list(text, " ".join(codes), number, kind) for number, (kind, text, codes) in enumerate(lists))]
    found = standing_of("A1", "NGS", code, "M54.50", lists_for(groups, code))
    on = {kind for kind, _, codes in lists if "M54.50" in codes}
    if found.standing in ("listed", "needs_more"):
        assert "covered" in on
        plain = [(kind, codes) for kind, text, codes in lists if code in text and "no diagnosis limit" not in text]
        assert not any(kind == "noncovered" and "M54.50" in codes for kind, codes in plain)
    if found.standing in ("no_limit", "no_list"):
        assert not any(codes and code in text and "limited to" in text for _, text, codes in lists)
    if found.standing == "not_listed":
        assert not any(kind == "covered" and "M54.50" in codes and text in ("", f"The following support {code}.")
                       for kind, text, codes in lists)  # fmt: skip


# --------------------------------------------------------------------------------------------------------- days


def _document(**cells):
    held = {"id": "A1", "version": 1, "kind": "article", "title": "T", "status": "A", "effective": date(2025, 1, 1),
            "ends": None, "retired": None}  # fmt: skip
    return StoredDocument(**{**held, **cells})


@pytest.mark.parametrize(("cells", "day", "state"), [
    ({}, date(2025, 1, 1), "yes"), ({}, date(2024, 12, 31), "no"), ({"effective": None}, DAY, "not_known"),
    ({"ends": DAY}, DAY, "yes"), ({"ends": DAY}, date(2026, 9, 29), "no"),
    ({"retired": date(2027, 1, 1)}, DAY, "yes"), ({"retired": DAY}, DAY, "not_known"),
    ({"retired": date(2026, 9, 27)}, DAY, "no"), ({"status": "R"}, DAY, "no"),
    ({"status": "R", "retired": date(2027, 1, 1)}, DAY, "yes"), ({"status": "P"}, DAY, "no"),
    ({"status": "X"}, DAY, "not_known"), ({"status": ""}, DAY, "not_known"),
])  # fmt: skip
def test_document_is_in_force_from_its_first_day_to_its_last(cells, day, state):
    assert in_force(_document(**cells), day)[0] == state


def test_article_retired_in_the_future_answers_until_then(imported, ask):
    tables = _with_article()
    tables["article_future_retire"].append({"article_id": 59000, "retire_dt": "2026-12-31 00:00:00"})
    held = imported(tables)
    assert "A59000" in _ids(ask(held, "97110", "CT"))[0]
    assert "A59000" in _ids(ask(held, "97110", "CT", day=date(2026, 12, 31)))[1]
    assert "A59000" not in _all(ask(held, "97110", "CT", day=date(2027, 1, 1)))


def test_day_before_the_present_version_is_not_known_and_never_the_present_list(imported, ask):
    held = imported(_with_article(first="2026-07-01", covered={1: ("", "M54.50")}))
    found = ask(held, "97110", "CT", "M54.50", day=date(2026, 3, 2))
    (other,) = [each for each in found.others if each.id == "A59000"]
    assert (other.in_force, other.diagnoses) == ("not_known", ())
    assert other.why_not == "no version before 2026-07-01 is on file"


def test_file_of_all_versions_answers_for_the_day_with_the_list_of_that_day(imported, ask):
    tables = _with_article(version=2, covered={1: ("", "M54.50")})
    mcd.article(tables, 59000, mcd.PT, {1: "97110"}, mcd.NGS_B, version=1, covered={1: ("", "M54.2")}, **OLD)
    held = imported(tables)
    for day, listed in ((date(2024, 6, 1), "M54.2"), (DAY, "M54.50")):
        found = ask(held, "97110", "CT", "M54.2", "M54.50", day=day)
        (article,) = [each for each in found.articles if each.id == "A59000"]
        assert [each.diagnosis for each in article.diagnoses if each.standing == "listed"] == [listed]


def test_version_that_is_missing_between_two_is_not_bridged(imported, ask):
    tables = _with_article(version=3, first="2026-07-01")
    mcd.article(tables, 59000, mcd.PT, {1: "97110"}, mcd.NGS_B, version=1, first="2024-01-01")
    held = imported(tables)
    assert "A59000" in _ids(ask(held, "97110", "CT", day=date(2026, 3, 2)))[1]


def test_proposed_version_does_not_answer(imported, ask):
    tables = _with_article(version=1)
    mcd.article(tables, 59000, mcd.PT, {1: "97110"}, mcd.NGS_B, version=2, status="P", first="2026-01-01")
    (article,) = [each for each in ask(imported(tables), "97110", "CT").articles if each.id == "A59000"]
    assert article.version == 1


def test_of_two_editions_the_one_for_the_day_answers(imported, ask):
    older, newer = _with_article(covered={1: ("", "M54.2")}), mcd.articles()
    older["update_period"].pop()  # leaves 2026-09-21
    held = imported(older, newer)
    assert "A59000" in _ids(ask(held, "97110", "CT", day=date(2026, 9, 20)))[0]
    found = ask(held, "97110", "CT", day=DAY)
    assert ("A59000" in _ids(found)[0], found.edition) == (False, "2026-09-28")
    assert "A59000" in _ids(found)[1]  # gone from the newer file: not known


def test_day_after_the_newest_edition_says_how_old_it_is(coverage, ask):
    found = ask(coverage, "97110", "CT", day=TODAY)
    assert found.notes == ("Articles as of 2026-09-28; CMS publishes them every week.",)


# ------------------------------------------------------------------------------------- CMS's own rows, if on hand

SAMPLES = TESTS.parent.parent / "shared" / "coverage" / "samples" / "mcd-articles-2026-09-28.jsonl"
_OF = {"Wellpoint Federal": mcd.NGS_B, "Palmetto GBA": mcd.PALMETTO_B, "Novitas Solutions, Inc.": mcd.NOVITAS_B,
       "Noridian Healthcare Solutions, LLC": mcd.NORIDIAN_B,
       "Wisconsin Physicians Service Insurance Corporation": mcd.WPS_B}  # fmt: skip


@pytest.fixture(scope="module")
def sampled(imported):
    """Sixteen articles of CMS's edition of 2026-09-28, with contractors and days that are made up."""
    if not SAMPLES.exists():
        pytest.skip("CMS's rows are not on hand")
    tables = mcd.empty(*mcd.ARTICLE_TABLES)
    mcd.places(tables)
    for line in SAMPLES.read_text().splitlines():
        read = json.loads(line)
        marked = {*read["asterisked"]}
        lists: dict[str, dict[int, tuple[str, str]]] = {"covered": {}, "noncovered": {}}
        for side, of_side in lists.items():
            for number in {*read[side], *read["paragraphs"][side]}:
                codes = (f"{code}*" if code in marked else code for code in read[side].get(number, ()))
                of_side[int(number)] = (read["paragraphs"][side].get(number, ""), " ".join(codes))
        mcd.article(
            tables, int(read["id"]), read["title"],
            {int(number): " ".join(codes) for number, codes in read["codes"].items()},
            _OF.get(read["contractor"], mcd.NGS_B), version=int(read["version"]),
            says={int(number): text for number, text in read["paragraphs"]["codes"].items()},
            covered=lists["covered"], against=lists["noncovered"],
        )  # fmt: skip
    return imported(tables, every=True)


@pytest.mark.parametrize(("code", "state", "article", "diagnosis", "standing"), [
    ("97110", "CT", "A56566", "M54.50", "no_list"), ("97035", "CT", "A56566", "J40", "against"),
    ("97035", "CT", "A56566", "M54.50", "not_against"), ("95992", "CT", "A56566", "H81.12", "listed"),
    ("95992", "CT", "A56566", "R42", "not_listed"), ("97035", "CT", "A57067", "I89.0", "against"),
    ("97110", "CT", "A57067", "I89.0", "no_list"), ("98975", "CT", "A57067", "I89.0", "no_list"),
    ("97110", "SC", "A53065", "M54.50", "not_listed"), ("98941", "SC", "A56616", "M99.03", "listed"),
    ("98941", "SC", "A56616", "M54.50", "not_listed"), ("98941", "IA", "A56273", "M99.03", "needs_more"),
    ("98941", "IA", "A56273", "M54.50", "needs_more"), ("98941", "CT", "A57889", "M99.03", "no_list"),
    ("92507", "CT", "A52866", "F80.0", "listed"), ("92507", "CT", "A52866", "R13.10", "needs_more"),
    ("97597", "PA", "A53001", "L89.150", "no_limit"), ("97161", "CA", "A53304", "M54.50", "no_list"),
])  # fmt: skip
def test_cms_s_own_lists_are_read_as_people_read_them(sampled, ask, code, state, article, diagnosis, standing):
    (found,) = [each for each in ask(sampled, code, state, diagnosis).articles if each.id == article]
    assert [each.standing for each in found.diagnoses] == [standing]


def test_cms_s_own_articles_that_are_no_answer(sampled, ask):
    found = ask(sampled, "97110", "SC")
    assert [each.id for each in found.others] == ["A57021"]
    (denied,) = ask(sampled, "98943", "IA").articles
    assert (denied.id, denied.bearing) == ("A56273", "denies")
