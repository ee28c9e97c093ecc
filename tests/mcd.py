"""Downloads of the Medicare Coverage Database, made for tests: CMS's tables and columns, and the traps known in them.

Numbers, groups and paragraphs are those of CMS's edition of 2026-09-28 where they are known; dates, contractor keys and
texts are made up.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

HEADERS: dict[str, str] = {
    "article": "article_id,article_version,article_type,title,article_pub_date,article_eff_date,article_end_date,"
    "description,other_comments,sad_url,status,last_updated,history_exp,key_article,icd9_covered_para,"
    "icd9_noncovered_para,revenue_para,thirty_percent,article_rev_end_date,source_article_id,date_retired,keywords,"
    "icd10_doc,add_icd10_info,cms_cov_policy,display_id,reference_article",
    "article_x_hcpc_code": "article_id,article_version,hcpc_code_id,hcpc_code_version,hcpc_code_group,range,"
    "last_updated,long_description,short_description",
    "article_x_hcpc_code_group": "article_id,article_version,hcpc_code_group,paragraph,last_updated",
    "article_x_icd10_covered": "article_id,article_version,icd10_code_id,icd10_code_version,icd10_covered_group,range,"
    "last_updated,sort_order,description,asterisk",
    "article_x_icd10_covered_group": "article_id,article_version,icd10_covered_group,paragraph,last_updated,"
    "icd10_covered_ast",
    "article_x_icd10_noncovered": "article_id,article_version,icd10_code_id,icd10_code_version,"
    "icd10_noncovered_group,range,last_updated,sort_order,description",
    "article_x_icd10_noncovered_group": "article_id,article_version,icd10_noncovered_group,paragraph,last_updated",
    "article_x_contractor": "article_id,article_version,article_type,contractor_id,contractor_type_id,"
    "contractor_version,last_updated",
    "article_related_documents": "article_id,article_version,related_num,r_article_id,r_article_version,r_lcd_id,"
    "r_lcd_version,r_contractor_id,last_updated",
    "article_related_ncd_documents": "article_id,article_version,related_num,r_ncd_id,r_ncd_version,last_updated",
    "article_future_retire": "article_id,retire_dt",
    "contractor": "contractor_id,contractor_type_id,contractor_version,contractor_bus_name,contractor_number,"
    "dmerc_rgn,address1,address2,address3,city,state_id,zipcode,phone,fax,status,last_updated,url,email,ignore,"
    "status_flag,cmd_name,cmd_title,contractor_subtype_id",
    "contractor_jurisdiction": "contractor_id,contractor_type_id,contractor_version,state_id,last_updated,"
    "active_date,term_date",
    "contractor_type_lookup": "contractor_type_id,description",
    "state_lookup": "state_id,state_abbrev,description",
    "update_period": "period_id,begin_date,end_date",
    "lcd": "lcd_id,lcd_version,title,determination_number,orig_det_eff_date,ent_det_end_date,rev_eff_date,rev_end_date,"
    "indication,diagnoses_support,icd9_dont_support_para,icd9_dont_support_ast,diagnoses_dont_support,"
    "coding_guidelines,doc_reqs,appendices,util_guide,source_info,status,last_updated,display_id,associated_info,"
    "date_retired",
    "lcd_x_contractor": "lcd_id,lcd_version,contractor_id,contractor_type_id,contractor_version,last_updated",
    "lcd_related_documents": "lcd_id,lcd_version,related_num,r_article_id,r_article_version,r_lcd_id,r_lcd_version,"
    "r_contractor_id,last_updated",
    "lcd_related_ncd_documents": "lcd_id,lcd_version,related_num,r_ncd_id,r_ncd_version,last_updated",
    "ncd_trkg": "NCD_id,NCD_vrsn_num,natl_cvrg_type,cvrg_lvl_cd,NCD_mnl_sect,NCD_mnl_sect_title,NCD_efctv_dt,"
    "NCD_impltn_dt,NCD_trmntn_dt,itm_srvc_desc,indctn_lmtn,xref_txt,othr_txt,NCD_ama,last_updt_tmstmp",
}
Row = dict[str, object]
Tables = dict[str, list[Row]]
NGS_A, NGS_B, PALMETTO_A, PALMETTO_B, WPS_A, WPS_B, NATIONAL_A, HHH, DME = (
    (number, kind, 1) for number, kind in (
        (10, 8), (10, 9), (20, 8), (20, 9), (30, 8), (30, 9), (31, 8), (40, 10), (50, 11))
)  # fmt: skip
NORIDIAN_B, NOVITAS_B = (60, 9, 2), (70, 9, 1)
_CONTRACTORS = {
    NGS_A: ("Wellpoint Federal", "13201", "NY UN QN DN CT"), NGS_B: ("Wellpoint Federal", "13202", "NY UN QN DN CT"),
    PALMETTO_A: ("Palmetto GBA", "11201", "SC NC"), PALMETTO_B: ("Palmetto GBA", "11202", "SC NC"),
    WPS_A: ("WPS Insurance Corporation", "05101", "IA EM WM"),
    WPS_B: ("WPS Insurance Corporation", "05102", "IA EM WM"),
    NATIONAL_A: ("WPS Insurance Corporation", "05901", "SC NY IA CT NC"),
    HHH: ("Palmetto GBA", "11004", "SC NC"), DME: ("CGS Administrators, LLC", "18003", "SC"),
    NORIDIAN_B: ("Noridian Healthcare Solutions, LLC", "01112", "NF SF CNMI"),
    NOVITAS_B: ("Novitas Solutions, Inc.", "12502", "PA"),
}  # fmt: skip
_TYPES = {8: "MAC - Part A", 9: "MAC - Part B", 10: "HHH MAC", 11: "DME MAC", 2: "Carrier"}
STATES = ("NY", "UN", "QN", "DN", "CT", "SC", "NC", "IA", "EM", "WM", "NF", "SF", "CNMI", "PA", "FL")
_DAY = " 00:00:00"


def article(
    tables: Tables,
    number: int,
    title: str,
    codes: Mapping[int, str],
    *contractors: tuple[int, int, int],
    version: int = 1,
    says: Mapping[int, str] | None = None,
    covered: Mapping[int, tuple[str, str]] | None = None,
    against: Mapping[int, tuple[str, str]] | None = None,
    note: str = "",
    lcd: int = 0,
    ncd: int = 0,
    first: str = "2025-01-01" + _DAY,
    **cells: object,
) -> None:
    """Add an article: its groups of codes, their paragraphs, its lists as (paragraph, diagnoses), its contractors."""
    key: Row = {"article_id": number, "article_version": version}
    tables["article"].append(
        {
            **key,
            "article_type": 6,
            "title": title,
            "article_eff_date": first,
            "status": "A",
            "display_id": number,
            **cells,
        }
    )
    for group, listed in codes.items():
        for code in listed.split():
            row: Row = {**key, "hcpc_code_id": code, "hcpc_code_version": 1, "hcpc_code_group": group, "range": "N"}
            tables["article_x_hcpc_code"].append(
                {**row, "long_description": "SECRET WORDS OF THE AMA", "short_description": "SECRET WORDS"}
            )
    for group, text in (says or {}).items():
        tables["article_x_hcpc_code_group"].append({**key, "hcpc_code_group": group, "paragraph": f"<p>{text}</p>"})
    for side, lists in (("covered", covered), ("noncovered", against)):
        for group, (text, listed) in (lists or {}).items():
            name = f"icd10_{side}_group"
            if text:
                row = {**key, name: group, "paragraph": f"<p>{text}</p>"}
                tables[f"article_x_{name}"].append({**row, "icd10_covered_ast": note} if side == "covered" else row)
            for place, code in enumerate(listed.split(), 1):
                row = {**key, "icd10_code_id": code.rstrip("*"), name: group, "range": "N", "sort_order": place}
                mark: Row = {"asterisk": "Y" if code.endswith("*") else "N"} if side == "covered" else {}
                tables[f"article_x_icd10_{side}"].append({**row, "description": "words", **mark})
    for triple in contractors:
        tables["article_x_contractor"].append({**key, **_triple(triple), "article_type": 6})
    if lcd:
        linked: Row = {**key, "related_num": 1, "r_article_id": 0, "r_lcd_id": lcd, "r_lcd_version": 1}
        tables["article_related_documents"].append(linked)
    tables["article_related_ncd_documents"].append({**key, "related_num": 1, "r_ncd_id": ncd, "r_ncd_version": 1})


def _triple(contractor: tuple[int, int, int]) -> Row:
    return dict(zip(("contractor_id", "contractor_type_id", "contractor_version"), contractor, strict=True))


def places(tables: Tables) -> None:
    """Add the contractors, their states, and the editions."""
    for triple, (name, number, states) in _CONTRACTORS.items():
        tables["contractor"].append({**_triple(triple), "contractor_bus_name": name, "contractor_number": number})
        for state in states.split():
            tables["contractor_jurisdiction"].append({**_triple(triple), "state_id": STATES.index(state) + 1})
    ended: Row = {**_triple(PALMETTO_B), "state_id": STATES.index("FL") + 1, "term_date": "2020-02-29 00:00:00"}
    tables["contractor_jurisdiction"].append(ended)
    tables["contractor_type_lookup"] += [{"contractor_type_id": k, "description": v} for k, v in _TYPES.items()]
    tables["state_lookup"] += [{"state_id": k, "state_abbrev": v} for k, v in enumerate(STATES, 1)]
    tables["update_period"] += [
        {"period_id": 1, "begin_date": "2026-09-15 00:00:00", "end_date": "2026-09-21 00:00:00"},
        {"period_id": 2, "begin_date": "2026-09-22 00:00:00", "end_date": "2026-09-28 00:00:00"},
    ]


def empty(*names: str) -> Tables:
    """CMS's tables without rows."""
    return {name: [] for name in names}


_SHARED = ("contractor", "contractor_jurisdiction", "contractor_type_lookup", "state_lookup", "update_period")
ARTICLE_TABLES = (*(name for name in HEADERS if name.startswith("article")), *_SHARED)
LCD_TABLES = (*(name for name in HEADERS if name.startswith("lcd")), *_SHARED)
PT = "Billing and Coding: Outpatient Physical and Occupational Therapy Services"


def articles() -> Tables:
    """The articles of the edition of 2026-09-28 that hold the traps, with the codes that matter."""
    tables = empty(*ARTICLE_TABLES)
    places(tables)
    article(
        tables, 56566, PT, {1: "95992 97035 97110 97140 97037 G0295"}, NGS_A, NGS_B, version=46, lcd=33631, ncd=0,
        says={1: "This list represents common physical and occupational therapy services and is not all-inclusive. "
                 "HCPCS code G0295 is status N (non-covered) under Medicare. CPT code 97037 is status N (non-covered) "
                 "under Medicare."},
        covered={1: ("Coverage for CPT code 95992 is limited to the following diagnoses:", "H81.11 H81.12 H81.13")},
        against={1: ("The following ICD-10-CM Codes do not support the medical necessity for the CPT/HCPCS code 97035.",
                     "E84.0 J40 T81.89XS")},
        description='<h2>Therapy</h2><p>Bill "H<sub>2</sub>O" &amp;amp; care &lt; 30 minutes.</p><p>&nbsp;</p>'
                    + "<p>Long.</p>" * 20_000,
    )  # fmt: skip
    article(tables, 53065, "Billing and Coding: Outpatient Physical Therapy", {1: "97110 97035"}, PALMETTO_A,
            version=80, lcd=34428, covered={1: ("", "M54.2 M54.51 M54.59 H81.11")})  # fmt: skip
    article(
        tables, 56616, "Billing and Coding: Chiropractic Services", {1: "98940 98941 98942"}, PALMETTO_B, version=11,
        covered={1: ("The use of an ICD-10-CM code listed below does not assure coverage of a service.",
                     "M99.01 M99.02 M99.03")},
    )  # fmt: skip
    article(tables, 57889, "Chiropractic Services \u2013 Medical Policy Article", {1: "98940 98941 98942"}, NGS_B,
            says={1: "N/A"}, covered={1: ("N/A", "")})  # fmt: skip
    article(
        tables, 56273, "Billing and Coding: Chiropractic Services", {1: "98940 98941 98942", 2: "98943"}, WPS_A, WPS_B,
        NATIONAL_A, says={1: "N/A", 2: "Non-covered"}, against={1: ("N/A", "")},
        covered={1: ("", "M99.00 M99.03"), 2: ("SHORT-TERM TREATMENT (Secondary Diagnosis)", "M54.50 M54.2")},
    )  # fmt: skip
    article(
        tables, 52866, "Billing and Coding: Speech-Language Pathology", {1: "92507 92526"}, NGS_A, NGS_B,
        note="<p>R13.10 needs a swallowing study on file.</p>",
        covered={1: ("The correct use of an ICD-10-CM code does not assure coverage of a service. ICD-10-CM code "
                     "Z01.818 should be reported for a pre-laryngectomy examination.", "F80.0 R13.10*")},
    )  # fmt: skip
    article(tables, 53001, "Billing and Coding: Wound Care", {1: "97597 97598 97602"}, NOVITAS_B,
            covered={1: ("No procedure code to diagnosis code limitations are being established at this time.",
                         "XX000")}, against={1: ("", "XX000")})  # fmt: skip
    article(
        tables, 57021, "Billing and Coding: Cervical Disc Replacement", {1: "22856", 3: "97110 97140"}, PALMETTO_B,
        says={2: "CPT &reg; codes that DO NOT support reasonable and necessary criteria",
              3: "Other CPT &reg; codes related to this LCD"},
        covered={1: ("", "M50.01 M54.2")}, against={1: ("", "Z98.1")},
    )  # fmt: skip
    article(tables, 53296, "Billing and Coding: Wound Care &amp; Debridement \u2013 Provided by a Therapist",
            {1: "97597 97602"}, NORIDIAN_B)  # fmt: skip
    article(tables, 53058, "Billing and Coding: Home Health Physical Therapy", {1: "97110"}, HHH,
            covered={1: ("", "M54.50")})  # fmt: skip
    article(tables, 51000, "Billing and Coding: Bone Marrow Drugs", {1: "J9999"}, PALMETTO_B)
    return tables


def lcds() -> Tables:
    """Three LCDs: one in force, one to be retired, one of another field."""
    tables = empty(*LCD_TABLES)
    places(tables)
    for number, title, cells in (
        (33631, "Outpatient Physical and Occupational Therapy Services", {"rev_eff_date": "2020-01-01 00:00:00"}),
        (34428, "Outpatient Physical Therapy", {"orig_det_eff_date": "10/01/2015", "date_retired": "2026-12-31"}),
        (33000, "Bone Marrow Drugs", {"rev_eff_date": "2020-01-01 00:00:00"}),
    ):
        key: Row = {"lcd_id": number, "lcd_version": 51}
        tables["lcd"].append({**key, "title": title, "status": "A", "indication": "<p>Skilled care.</p>", **cells})
        tables["lcd_x_contractor"].append({**key, **_triple(NGS_B)})
    return tables


def ncds() -> Tables:
    """Two NCDs."""
    tables = empty("ncd_trkg")
    for number, section, title in ((51, "270.6", "Infrared Therapy Devices"), (13, "160.12", "NMES")):
        row: Row = {"NCD_id": number, "NCD_vrsn_num": 1, "NCD_mnl_sect": section, "NCD_mnl_sect_title": title}
        tables["ncd_trkg"].append(
            {
                **row,
                "NCD_efctv_dt": "10/24/2006",
                "indctn_lmtn": "<p>Text.</p>",
                "last_updt_tmstmp": "2026-06-01 08:00:00",
            }
        )
    return tables


# --------------------------------------------------------------------------------------------------------- files


def as_csv(name: str, rows: Iterable[Row], header: str | None = None, encoding: str = "utf-8") -> bytes:
    """A table as CMS writes it."""
    columns = (header or HEADERS[name]).split(",")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return text.getvalue().encode(encoding)


def files(tables: Tables) -> dict[str, bytes]:
    """The files of a download, with one that has no header."""
    made = {f"{name}.csv": as_csv(name, rows) for name, rows in tables.items()}
    return {**made, "lcd_x_requestor_letters.csv": b'7,"a letter",no header\r\n'}


def inner_zip(contents: Mapping[str, bytes]) -> bytes:
    """The zip inside CMS's zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return packed.getvalue()


def download(path: Path, contents: Mapping[str, bytes]) -> Path:
    """A download as CMS publishes it: a zip in a zip, with a database and a text beside it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{path.stem}_csv.zip", inner_zip(contents))
        archive.writestr(f"{path.stem}.mdb", b"\0\1\0\0Standard Jet DB\0")
        archive.writestr("readme_first.txt", b"Read me first.\r\n")
    return path
