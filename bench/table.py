"""The table that `make bench` prints, and the targets in it."""

from __future__ import annotations

from typing import Any

P50_RATIO_MAX = 2.0
RATE_RATIO_MIN = 0.5
SYNCS_MAX = 4
LOOP_P99_MAX_MS = 20.0
START_UP_MAX_S = 1.0
AUDIT_RATIO_MIN = 0.7
MEMORY_MAX_MB = 150.0
GROWTH_MAX_MB = 10.0

Target = tuple[str, str, str, bool | None]
"""What, the limit, what was found, and whether it is met; None where it was not measured."""


def verdicts(found: dict[str, Any]) -> list[Target]:
    """Every target with what was found."""
    base, ours = found["floor"], found["hotline"]
    p50, rate = ours["p50_ms"] / base["p50_ms"], ours["per_s"] / base["per_s"]
    syncs, loop = ours["syncs_in_a_row"], ours["answers"]["loop_p99_ms"]
    targets: list[Target] = [
        ("one message, p50 / floor", f"<= {P50_RATIO_MAX:.2f}", f"{p50:.2f}", p50 <= P50_RATIO_MAX),
        ("messages a second / floor", f">= {RATE_RATIO_MIN:.2f}", f"{rate:.2f}", rate >= RATE_RATIO_MIN),
        (
            "disk syncs in a row",
            f"<= {SYNCS_MAX}",
            "not traced" if syncs is None else str(syncs["median"]),
            None if syncs is None else syncs["median"] <= SYNCS_MAX,
        ),
        ("event loop answers, p99", f"<= {LOOP_P99_MAX_MS:.0f} ms", f"{loop:.1f} ms", loop <= LOOP_P99_MAX_MS),
    ]
    large = found.get("large")
    if large is None:
        return targets
    audit, memory = large["audit"], large["memory"]
    ratio = audit["per_s"] / audit["raw_per_s"]
    peak = max(one["peak_mb"] for one in memory.values())
    growth = max(one["loaded_again_mb"] - one["loaded_mb"] for one in memory.values())
    count = large["history"]["entries"]
    return [
        *targets,
        (
            f"start-up, {count} entries",
            f"< {START_UP_MAX_S:.0f} s",
            f"{large['start_up_s']:.2f} s",
            large["start_up_s"] < START_UP_MAX_S,
        ),
        (
            "audit / raw verification",
            f">= {AUDIT_RATIO_MIN:.2f}",
            f"{ratio:.2f}",
            ratio >= AUDIT_RATIO_MIN and audit["verdict"] == "verified",
        ),
        ("node memory, most", f"< {MEMORY_MAX_MB:.0f} MB", f"{peak:.0f} MB", peak < MEMORY_MAX_MB),
        ("node memory, growth", f"< {GROWTH_MAX_MB:.0f} MB", f"{growth:.1f} MB", growth < GROWTH_MAX_MB),
    ]


def lines(found: dict[str, Any], targets: list[Target]) -> list[str]:
    """The table."""
    return [*_limits(found), "", *_speed(found), "", *_wide(found), *_large(found), *_targets(targets)]


def _limits(found: dict[str, Any]) -> list[str]:
    limits = found["limits"]
    rows = [f"{'raw limits':34} {'p50 us':>10} {'p99 us':>10}"]
    rows += [f"  {name:32} {row['p50_us']:10.1f} {row['p99_us']:10.1f}" for name, row in limits["operations"].items()]
    rate = limits["hybrid_verifications_per_s"]
    return [*rows, f"  hybrid verification, {limits['cores']} cores {rate:17.0f}/s"]


def _speed(found: dict[str, Any]) -> list[str]:
    base, ours = found["floor"], found["hotline"]
    header = ("one message until held", "p50 ms", "p99 ms", "x floor", "pipelined/s", "of floor")
    rows = ["{:34} {:>10} {:>10} {:>8} {:>12} {:>9}".format(*header)]
    named = (("floor, Ed25519 only", found["floor_ed25519_only"]), ("floor, hybrid", base), ("Hotline, hybrid", ours))
    for name, row in named:
        p50, rate = row["p50_ms"] / base["p50_ms"], row["per_s"] / base["per_s"]
        rows.append(
            f"  {name:32} {row['p50_ms']:10.2f} {row['p99_ms']:10.2f} {p50:8.2f} {row['per_s']:12.0f} {rate:9.2f}"
        )
    if "why_not" in found["floor_ed25519_only"]:
        rows.append(f"  Ed25519 only: {found['floor_ed25519_only']['why_not']}")
    cpu = ours["cpu_ms_a_message"]
    rows.append(f"  processor time a pipelined message: {', '.join(f'{name} {ms} ms' for name, ms in cpu.items())}")
    answers = ours["answers"]
    rows.append(
        f"  with 1,000 in flight the event loop answers within {answers['loop_p50_ms']} ms (p50), "
        f"{answers['loop_p99_ms']} ms (p99); status takes {answers['status_p50_ms']} and {answers['status_p99_ms']} ms"
    )
    return rows


def _large(found: dict[str, Any]) -> list[str]:
    growth = found.get("growth")
    if not growth:
        return []
    header = ("a history of", "append ms", "start s", "proof ms", "judged/s", "audit/s", "memory MB", "disk MB")
    rows = ["{:>14} {:>10} {:>9} {:>10} {:>10} {:>9} {:>11} {:>9}".format(*header)]
    for one in growth:
        most = max(side["peak_mb"] for side in one["memory"].values())
        rows.append(
            f"{one['history']['entries']:14} {one['append_ms']:10.1f} {one['start_up_s']:9.2f} {one['proof_ms']:10.2f} "
            f"{one['judged']['per_s']:10.0f} {one['audit']['per_s']:9.0f} {most:11.0f} {one['disk_mb']:9.0f}"
        )
    large = growth[-1]
    rows.append(f"  the last audit: {large['audit']['verdict']}; raw verification {large['audit']['raw_per_s']:.0f}/s")
    for party, memory in large["memory"].items():
        steps = ", ".join(f"{name.removesuffix('_mb').replace('_', ' ')} {mb:.0f}" for name, mb in memory.items())
        rows.append(f"  memory of {party}, MB: {steps}")
    return [*rows, ""]


def _wide(found: dict[str, Any]) -> list[str]:
    wide = found.get("wide")
    if wide is None:
        return []
    rows = ["{:>14} {:>10} {:>9} {:>10} {:>11}".format("channels", "p50 ms", "p99 ms", "together/s", "memory MB")]
    rows += [
        f"{row['channels']:14} {row['p50_ms']:10.1f} {row['p99_ms']:9.1f} {row['per_s']:10.0f} {row['memory_mb']:11.0f}"
        for row in wide["rows"]
    ]
    beating = wide["beating"]
    rows.append(
        f"  {beating['channels']} channels that only beat, every {beating['every_ms']} ms: "
        f"{beating['core_percent']} % of a core, {beating['memory_mb']:.0f} MB"
    )
    return [*rows, ""]


def _targets(targets: list[Target]) -> list[str]:
    rows = [f"{'target':34} {'limit':>12} {'found':>12}"]
    words = {True: "met", False: "MISSED", None: "not measured"}
    rows += [f"  {name:32} {limit:>12} {value:>12}  {words[met]}" for name, limit, value, met in targets]
    return rows
