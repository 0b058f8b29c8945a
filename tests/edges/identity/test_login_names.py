"""Login names: which there can be, and which are the same."""

import pytest

from edges.identity.errors import InvalidLogin
from edges.identity.login_names import check_login, fold_login, login_key
from tests.edges.identity.conftest import wide


@pytest.mark.parametrize("login", ["mei", "Mei.Lin_88", "a@b.example", "a-b", "x" * 32, "007", " mei "])
def test_takes_three_to_thirty_two_plain_characters(login: str) -> None:
    assert check_login(login) == login.strip()


@pytest.mark.parametrize(
    "login",
    [
        "",
        "ab",
        "x" * 33,
        "mei lin",
        "mei/lin",
        "мей",
        "mei\0",
        "ﬀ",
        "İpek",
        "straße",
        "\ud800xx",
        "a" * 9999,
    ],
)
def test_refuses_anything_else(login: str) -> None:
    with pytest.raises(InvalidLogin):
        check_login(login)


def test_capitals_and_widths_make_no_other_name() -> None:
    assert fold_login("MEI") == fold_login("mei") == fold_login(f" {wide('MEI')} ") == login_key("Mei")
    assert login_key("m i") == login_key("mei\0") == ""
    assert check_login(wide("MEI")) == "MEI"
