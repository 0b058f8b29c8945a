"""The project's own files: locked dependencies, declared packages, the import rules."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("contracts", "ledger", "projections", "edges", "migrations")


def requirements(name: str) -> dict[str, str]:
    """Package name to everything that stands about it."""
    text = (ROOT / "requirements" / name).read_text().replace("\\\n", " ")
    entries = [line for line in text.splitlines() if re.match(r"[a-z0-9]", line)]
    return {re.split(r"[\[=]", entry)[0]: entry for entry in entries}


@pytest.mark.parametrize("name", ["runtime.txt", "dev.txt"])
def test_every_locked_package_has_a_version_and_hashes(name: str) -> None:
    locked = requirements(name)
    assert len(locked) > 30
    assert all("==" in entry and "--hash=sha256:" in entry for entry in locked.values())


@pytest.mark.parametrize("name", ["runtime.txt", "dev.txt"])
def test_the_lock_names_no_place_to_download_from(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_the_lock_has_every_declared_dependency() -> None:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    runtime, dev = requirements("runtime.txt"), requirements("dev.txt")
    for text in content["dependencies"]:
        assert re.split(r"[\[<>=]", text)[0] in runtime
    for text in content["optional-dependencies"]["dev"]:
        assert re.split(r"[\[<>=]", text)[0] in dev


def test_both_locks_agree_on_every_version() -> None:
    runtime, dev = requirements("runtime.txt"), requirements("dev.txt")
    assert {name: dev[name].split()[0] for name in runtime} == {
        name: text.split()[0] for name, text in runtime.items()
    }


def test_every_package_folder_is_a_package() -> None:
    for package in PACKAGES:
        folders = {path.parent for path in (ROOT / package).rglob("*.py")}
        assert all((folder / "__init__.py").exists() for folder in folders), package


def test_every_test_folder_is_a_package_so_that_none_shadows_ours() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
