"""The configuration and the alerts to start from fit the containers, and each alert has its situation."""

import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.deploy.composition import ROOT, composition, demo_variables
from tests.system.runbook.document import sections

FOLDER = ROOT / "deploy" / "prometheus"


def _loaded(name: str) -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(FOLDER / name)
    return content


RULES: list[dict[str, Any]] = [rule for group in _loaded("alerts.yml")["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule["alert"]) for rule in RULES])
def test_an_alert_says_what_is_the_matter_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]
    assert rule["expr"].count("(") == rule["expr"].count(")")
    document, _hash, anchor = rule["annotations"]["runbook"].partition("#")
    assert document == "docs/operations.md"
    assert anchor in {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in sections()}


def test_every_alert_has_a_name_of_its_own() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names)) >= 10


def test_the_configuration_finds_the_containers_and_the_alerts_know_its_jobs() -> None:
    configuration = _loaded("prometheus.yml")
    services = composition(demo_variables()).services
    jobs = {}
    for scraped in configuration["scrape_configs"]:
        (place,) = scraped["dns_sd_configs"]
        (name,) = place["names"]
        assert str(place["port"]) == services[name].environment["JCAN_METRICS_PORT"]
        assert "metrics" in services[name].networks
        jobs[scraped["job_name"]] = name
    assert set(jobs.values()) == {"web", "worker"}
    assert set(re.findall(r"jcan-\w+", " ".join(rule["expr"] for rule in RULES))) == set(jobs)
    assert configuration["rule_files"] == ["alerts.yml"]
    assert (FOLDER / "alerts.yml").is_file()
