"""The papers' reported numbers: complete, valid, and equal to what is printed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from nsbench.benchmark.errors import UserError
from nsbench.benchmark.report.reported import COLUMNS, FOLDER, load_reported, parse_setting, read_reported

COUNTS = {
    ("tsman", "Table 1"): 24,
    ("tsman", "Table 2"): 5,
    ("tsman", "Table 3"): 48,
    ("tsman", "Table 4"): 24,
    ("tsman", "text"): 1,
    ("pint", "Table 1"): 42,
    ("pint", "Table 2"): 14,
    ("pint", "text"): 2,
    ("massl", "Table 1"): 27,
    ("massl", "Table 2"): 27,
    ("massl", "Table 3"): 15,
    ("massl", "text"): 2,
    ("atso", "Table 1"): 36,
    ("atso", "Table 2"): 20,
    ("atso", "Table 3"): 30,
    ("atso", "Table 4"): 19,
    ("atso", "Table 5"): 80,
    ("atso", "Table 6"): 120,
    ("atso", "text"): 10,
    ("cople", "Table I"): 33,
    ("cople", "Table II"): 27,
    ("cople", "Table III"): 18,
    ("cople", "Table IV"): 12,
    ("cople", "text"): 3,
}

# paper, table, method, metric, setting that must be among the row's, mean, std
PRINTED = [
    ("tsman", "1", "HD", "overall score", "xi=80%", 0.810, None),
    ("tsman", "1", "DD", "overall score", "xi=50%; model=B", 0.33, None),
    ("tsman", "2", "Baseline", "overall score", "attention=none", -1.167, None),
    ("tsman", "2", "TSMAN", "overall score", "attention=f4+f3+f2", -0.576, None),
    ("tsman", "3", "TSMAN", "overall score", "xi=90%", -0.024, None),
    ("tsman", "3", "V17", "HDD", "structure=myocardium", 5.09, None),
    ("tsman", "3", "M16", "ADB", "structure=blood pool", 2.550, None),
    ("tsman", "4", "MME", "Dice", "label=3", 0.328, None),
    ("tsman", "4", "TSMAN", "mean Dice", "xi=90%", 0.792, None),
    ("tsman", "text", "TSMAN", "overall score gain", "", 0.1, None),
    ("pint", "1", "V-net", "Dice", "ratio=25%", 86.34, 0.59),
    ("pint", "1", "PINT", "ASD", "ratio=75%", 4.56, 0.18),
    ("pint", "1", "Tri-network", "Dice", "ratio=50%", 84.79, 0.44),
    ("pint", "2", "No noise", "ASD", "noise=none", 1.38, 0.03),
    ("pint", "2", "Reweighting", "Dice", "noise=real", 69.31, 0.43),
    ("pint", "text", "V-net", "Dice", "ratio=0%", 91.14, None),
    ("massl", "1", "MASSL(alter)", "Dice", "labeled=50; unlabeled=70", 0.7710, None),
    ("massl", "2", "Pretrain(CNN)", "Dice", "labeled=10; unlabeled=20", 0.6615, None),
    ("massl", "3", "MASSL(alter)", "discriminative power", "level=5", 0.535, 0.03),
    ("massl", "text", "Li et al. 2018", "Dice", "", 0.80, None),
    ("atso", "1", "ATSO", "DSC", "generation=G3; set=test", 81.69, None),
    ("atso", "2", "UMCT (3v+)", "DSC", "labeled=20%", 81.18, None),
    ("atso", "3", "ATSO", "DSC", "generation=G4; set=reference", 71.02, None),
    ("atso", "4", "ClassMix", "mIoU", "labeled=100", 54.1, None),
    ("atso", "5", "ATSO", "IoU", "class=truck", 68.28, None),
    ("atso", "5", "STSO", "IoU", "class=bicycle", 72.92, None),
    ("atso", "6", "ATSO_5->19", "IoU", "class=train", 15.64, None),
    ("atso", "6", "transfer", "mIoU", "", 24.70, None),
    ("atso", "text", "STSO", "similarity to M0 (DSC)", "against=M0", 83.47, None),
    ("cople", "I", "NR-Dice", "HD95", "", 20.11, 25.37),
    ("cople", "1", "GCE", "RVE", "", 20.87, 10.85),
    ("cople", "II", "ScSE U-Net", "Dice", "", 78.04, 12.48),
    ("cople", "III", "MT+AdaT+AdaS", "Dice", "loss=NR-Dice", 80.72, 9.96),
    ("cople", "IV", "Label update", "RVE", "", 19.85, 22.67),
    ("cople", "text", "noisy annotations", "Dice", "", 0.88, 0.06),
]


def _place(row: dict[str, object]) -> tuple[str, str]:
    return str(row["paper"]), str(row["table"]).split(" (")[0]


def test_counts_per_table() -> None:
    assert Counter(map(_place, load_reported())) == COUNTS


def test_readme_states_the_same_counts() -> None:
    lines = (FOLDER.parent / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith(("| tsman", "| pint", "| massl", "| atso", "| cople"))] == [
        f"| {paper} | {table} | {count} |" for (paper, table), count in COUNTS.items()
    ]


@pytest.mark.parametrize(("paper", "table", "method", "metric", "setting", "mean", "std"), PRINTED)
def test_values_as_printed(
    paper: str, table: str, method: str, metric: str, setting: str, mean: float, std: float | None
) -> None:
    found = [
        row
        for row in load_reported(paper, table)
        if (row["method"], row["metric"]) == (method, metric)
        and parse_setting(setting).items() <= parse_setting(row["setting"]).items()
    ]
    assert [(row["mean"], row["std"]) for row in found] == [(mean, std)]


def test_digits_are_kept_as_printed() -> None:
    text = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.csv")}
    assert ",0.7760," in text["tsman"]
    assert ",72.76,1.00,runs,3," in text["pint"]
    assert ",0.80," in text["massl"]


def test_rows_have_the_columns_in_order_and_are_unique() -> None:
    rows = load_reported()
    assert {tuple(row) for row in rows} == {COLUMNS}
    keys = Counter(tuple(row[key] for key in COLUMNS[:6]) for row in rows)
    assert max(keys.values()) == 1


def test_bounded_metrics_are_in_range() -> None:
    for row in load_reported():
        if row["metric"] in {"Dice", "mean Dice", "DSC", "IoU", "mIoU"}:
            assert 0 < row["mean"] <= (100 if row["unit"] == "%" else 1), row


def test_printed_means_agree_with_their_classes_or_are_flagged() -> None:
    for table in ("Table 5", "Table 6"):
        rows = load_reported("atso", table)
        for whole in (row for row in rows if row["metric"] == "mIoU"):
            parts = [row["mean"] for row in rows if row["method"] == whole["method"] and row["metric"] == "IoU"]
            assert len(parts) == 19
            off = abs(sum(parts) / 19 - whole["mean"]) > 0.0051
            assert off == ("mean of the 19 printed classes is" in whole["note"]), whole


@pytest.mark.parametrize(
    ("paper", "table", "method", "metric", "flag"),
    [
        ("atso", "3", "ATSO", "DSC", "the text says 71.67"),
        ("cople", "II", "ESPNetv2", "Dice", "misspelt as ESPNNetv2"),
        ("cople", "II", "Attention U-Net", "HD95", "though the text says lower"),
        ("cople", "III", "MT+AdaT", "Dice", "check marks garbled"),
        ("cople", "IV", "Data re-weighting", "Dice", "* significantly better"),
        ("tsman", "1", "DD", "overall score", "0.168"),
        ("massl", "1", "MASSL(lambda=0.9)", "Dice", "lambda lost"),
    ],
)
def test_slips_and_marks_are_noted(paper: str, table: str, method: str, metric: str, flag: str) -> None:
    rows = [row for row in load_reported(paper, table) if (row["method"], row["metric"]) == (method, metric)]
    assert any(flag in row["note"] for row in rows)


@pytest.mark.parametrize("table", ["1", "Table 1", "table 1", "I", "Table I", " i "])
def test_table_can_be_named_in_many_ways(table: str) -> None:
    assert len(load_reported("pint", table)) == 42
    assert len(load_reported("cople", table)) == 33


def test_text_means_all_running_text() -> None:
    assert {row["table"] for row in load_reported("atso", "text")} == {
        "text (Sec. 3.2)",
        "text (Sec. 4.1)",
        "text (Sec. 4.2)",
        "text (Sec. 5.1)",
        "text (Sec. 5.2)",
    }


@pytest.mark.parametrize(
    ("paper", "table", "hint"), [("pnt", None, "pint"), ("../cople", None, "cople"), ("pint", "3", "Table 2")]
)
def test_unknown_names_are_refused_with_a_hint(paper: str, table: str | None, hint: str) -> None:
    with pytest.raises(UserError, match=hint):
        load_reported(paper, table)


GOOD = "pint,Table 1,LA,ratio=25%,PINT,Dice,%,90.49,0.39,runs,3,"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (GOOD.replace("90.49", "about 90"), r"pint\.csv:3: mean: .*'about 90'"),
        (GOOD.replace("90.49", "nan"), "mean"),
        (GOOD.replace("90.49", ""), "mean"),
        (GOOD.replace("runs", "seeds"), "spread"),
        (GOOD.replace("runs", ""), "std and spread"),
        (GOOD.replace("0.39", ""), "std and spread"),
        (GOOD.replace("0.39,runs", ","), "there is no std"),
        (GOOD.replace("ratio=25%", "ratio 25%"), "key=value"),
        (GOOD.replace("ratio=25%", "ratio=25%; ratio=50%"), "twice"),
        (GOOD.replace("Table 1", "Tab. 1"), "table"),
        (GOOD.replace("%,90", "percent,90"), "unit"),
        (GOOD.replace(",3,", ",0,"), "n: "),
        (GOOD.replace("pint,", "pnt,"), "the file's name"),
        (GOOD + ",more", "surplus"),
        (GOOD.replace("PINT", "PNT").replace(",3,", ""), "Input"),
        (GOOD, "repeats line 2"),
    ],
)
def test_broken_files_name_line_and_field(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "pint.csv"
    path.write_text("\n".join([",".join(COLUMNS), GOOD, row, ""]), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        read_reported(path)


def test_wrong_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "pint.csv"
    path.write_text("paper,table\npint,Table 1\n", encoding="utf-8")
    with pytest.raises(UserError, match="columns are"):
        read_reported(path)


def test_missing_files_are_an_error_and_not_an_empty_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nsbench.benchmark.report.reported.FOLDER", tmp_path)
    with pytest.raises(UserError, match="reinstall"):
        load_reported()
