"""Computes the summary of a survey from its samples and compares: summary.py SAMPLES.csv SUMMARY.csv

Prints how many lines and figures were compared; ends with status 1 at the first that differs.
"""

import math
import sys

import pandas

KEY = ["pairing", "method", "direction", "cipher", "mac"]


def read(path):
    # An empty cell is absent, and nothing else is: `null` is where pipe puts the bytes.
    table = pandas.read_csv(
        path, float_precision="round_trip", keep_default_na=False, na_values=[""]
    )
    table["mac"] = table["mac"].fillna("")
    return table


def cost(samples, end):
    """CPU-seconds per GB after the start-up: a ratio of sums."""
    known = samples[(samples["bytes"] > 0) & samples[f"{end}_flow_cpu_s"].notna()]
    return known[f"{end}_flow_cpu_s"].sum() * 1e9 / known["bytes"].sum() if len(known) else math.nan


def core_percent(samples, end):
    known = samples[(samples["bytes"] > 0) & samples[f"{end}_cpu_s"].notna()]
    real_s = known[f"{end}_real_s"].fillna(known["real_s"])
    return 100 * known[f"{end}_cpu_s"].sum() / real_s.sum() if len(known) else math.nan


def helpers(samples):
    known = samples[(samples["bytes"] > 0) & samples["server_helpers_cpu_s"].notna()]
    return known["server_helpers_cpu_s"].sum() * 1e9 / known["bytes"].sum() if len(known) else math.nan


def figures(samples):
    measured = samples[samples["outcome"] == "measured"]
    client, server = cost(measured, "client"), cost(measured, "server")
    return {
        "measured": len(measured),
        "failed": len(samples) - len(measured),
        "setup_s": measured["setup_s"].median(),
        "median_rate_mb_per_s": measured["steady_mb_per_s"].median(),
        "client_cpu_s_per_gb": client,
        "server_cpu_s_per_gb": server,
        "mb_per_cpu_s": 1e3 / (client + server),
        "client_core_percent": core_percent(measured, "client"),
        "server_core_percent": core_percent(measured, "server"),
        "helpers_cpu_s_per_gb": helpers(measured),
    }


def is_same(own, told):
    if pandas.isna(own) or pandas.isna(told):
        return bool(pandas.isna(own) and pandas.isna(told))
    return math.isclose(own, told, rel_tol=1e-9, abs_tol=1e-12)


def compared_rate(samples):
    """By round: what is compared. Samples of a fixed time are compared whole."""
    samples = samples.set_index("round")
    whole = samples["bytes"] / samples["real_s"] / 1e6
    return whole.where(samples["asked_seconds"].notna(), samples["steady_mb_per_s"])


def check_rates(rounds, told):
    """The rate that is shown is the leader's, times the ratio to it: a cipher that left the rounds
    early had other conditions than the rest, so its own median may be far from it. The ratio's interval
    holds the median ratio of the rounds that both were in.
    """
    compared = 0
    leaders = {key[:3]: key for key, line in told.items() if line["speed_label"] == "lead"}
    for key, line in told.items():
        times, leader = line["speed_times_leader"], leaders.get(key[:3])
        if pandas.isna(times):
            continue
        rate = told[leader]["rate_mb_per_s"] * times
        if not is_same(rate, line["rate_mb_per_s"]):
            sys.exit(f"{key}: {line['rate_mb_per_s']} MB/s, the leader's times {times} is {rate}")
        ratio = (compared_rate(rounds[key]) / compared_rate(rounds[leader])).dropna().median()
        low, high = line["speed_times_leader_low"], line["speed_times_leader_high"]
        if not low <= ratio <= high:
            sys.exit(f"{key}: {ratio} times the leader, the summary says {low} to {high}")
        compared += 2
    return compared


def main(samples_path, summary_path):
    samples, summary = read(samples_path), read(summary_path)
    rounds = dict(list(samples[samples["phase"] == "round"].groupby(KEY)))
    told = {tuple(line[KEY]): line for _, line in summary.iterrows()}
    if set(rounds) != set(told):
        sys.exit(f"other lines: {set(rounds) ^ set(told)}")
    compared = 0
    for key, line in told.items():
        for name, own in figures(rounds[key]).items():
            if not is_same(own, line[name]):
                sys.exit(f"{key}: {name} is {line[name]} in the summary, {own} from the samples")
            compared += not pandas.isna(own)
    compared += check_rates(rounds, told)
    print(len(told), compared)


main(*sys.argv[1:])
