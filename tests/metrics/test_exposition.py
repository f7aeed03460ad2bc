from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from remora_hub.metrics import catalogue
from remora_hub.metrics.catalogue import Metric, Samples
from remora_hub.metrics.exposition import prometheus_text
from remora_hub.metrics.histogram import Distribution


def parsed(samples: Samples) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(prometheus_text(samples))
        for sample in family.samples
    }


def test_each_kind_is_written_as_prometheus_reads_it() -> None:
    found = parsed(
        {
            catalogue.QUEUE_DEPTH: 3,
            catalogue.RESCANS: {"periodic": 2, "queue full": 1},
            catalogue.COMMIT_SECONDS: Distribution((0.1, 1.0), (2, 1, 1), 7.5),
        }
    )
    assert found == {
        ("remora_hub_queue_depth", ()): 3,
        ("remora_hub_rescans_total", ("periodic",)): 2,
        ("remora_hub_rescans_total", ("queue full",)): 1,
        ("remora_hub_commit_seconds_bucket", ("0.1",)): 2,
        ("remora_hub_commit_seconds_bucket", ("1.0",)): 3,
        ("remora_hub_commit_seconds_bucket", ("+Inf",)): 4,
        ("remora_hub_commit_seconds_count", ()): 4,
        ("remora_hub_commit_seconds_sum", ()): 7.5,
    }


def test_a_histogram_has_one_distribution_for_each_value_of_its_label() -> None:
    found = parsed({catalogue.REQUEST_SECONDS: {"hub/node": Distribution((1.0,), (1, 0), 0.5)}})
    assert found["remora_hub_request_seconds_bucket", ("1.0", "hub/node")] == 1


def test_a_hostile_label_stays_in_its_line() -> None:
    label = 'a"\n# evil\\ \udcff'
    assert parsed({catalogue.RESCANS: {label: 1}}) == {
        ("remora_hub_rescans_total", ('a"\n# evil\\ \\udcff',)): 1
    }


def test_names_are_unique_and_labelled_ones_say_by_what() -> None:
    names = [metric.name for metric in catalogue.ALL]
    assert len(names) == len(set(names)) > 30
    assert all(metric.help.endswith(".") for metric in catalogue.ALL)
    assert isinstance(catalogue.ALL[0], Metric)


def test_nothing_of_a_process_that_was_not_asked_for_metrics_imports_prometheus_client() -> None:
    program = (
        "import sys; import remora_hub.daemon.hub, remora_hub.daemon.measurements\n"
        "unwanted = {'prometheus_client', 'starlette', 'uvicorn', 'structlog', 'rich'} & set(sys.modules)\n"
        "sys.exit(' '.join(unwanted) or 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_readme_names_every_metric() -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text()
    section = text.partition("\n## Metrics\n")[2].partition("\n## ")[0]
    assert {metric.name for metric in catalogue.ALL} <= set(re.findall(r"`([a-z_]+)`", section))
