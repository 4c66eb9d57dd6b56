"""What others ran into with rules for service level objectives, line by line, and the tests that keep ours from it.

A test is named by its file and its function; a file without a folder is one of this folder.
"""

from __future__ import annotations

OPENSLO = "tests/unit/rules/foreign/test_openslo.py"

LINES: dict[str, tuple[str, ...]] = {
    # What other generators make of one objective.
    "Over 30 days the factors are 14.4, 6, 3 and 1 over windows of 1h, 6h, 1d and 3d; sloth needs 15 recordings": (
        "test_factors.py::test_the_shape_is_the_workbooks_and_not_larger_than_others",
        "test_factors.py::test_a_total_outage_fires_all_windows",
    ),
    # Burn rates.
    "A factor is a share of the budget, times the period, by the long window": (
        "test_factors.py::test_factors_are_exact_for_any_period",
        "test_factors.py::test_each_period_fires_at_its_own_factor",
    ),
    "An alert takes factor · budget · long window / error ratio to fire": (
        "test_factors.py::test_the_detection_time_is_factor_budget_window_by_ratio",
        "tests/service/rules/test_proof.py::test_the_examples_are_proven",
    ),
    "With factor · (1 − objective) ≥ 1 it never fires": (
        "test_factors.py::test_an_alert_that_can_never_fire_is_refused_with_the_arithmetic",
        "test_factors.py::test_a_factor_just_below_can_fire",
    ),
    "An objective of 100 % leaves no budget": ("test_factors.py::test_an_objective_without_a_budget_is_refused",),
    "Factors are written exactly, without what binary fractions add": (
        "test_factors.py::test_no_number_carries_a_rounding_error",
    ),
    # What is not there.
    "Without an error yet there is no series of errors, and no SLI": (
        "test_events_that_are_not_there.py::test_no_error_series_yet_is_an_sli_of_zero_with_its_labels",
        "test_events_that_are_not_there.py::test_the_first_error_after_no_error_series_is_seen",
        "test_events_that_are_not_there.py::test_nothing_but_errors_from_the_start",
    ),
    "Without traffic there is NaN, which stays in long windows": (
        "test_events_that_are_not_there.py::test_zero_traffic_gives_no_number_into_long_windows",
        "test_events_that_are_not_there.py::test_a_number_that_is_none_in_the_source_does_not_fire",
    ),
    "x/0 is +Inf, which fires": (
        "test_events_that_are_not_there.py::test_errors_without_events_do_not_divide_by_zero",
    ),
    "A counter that is born above zero hides its first burst": (
        "test_events_that_are_not_there.py::test_a_counter_that_is_born_with_its_errors_hides_them",
        "test_events_that_are_not_there.py::test_a_counter_that_is_born_with_its_errors_is_caught_up_with",
    ),
    "A metric vanishes": (
        "test_events_that_are_not_there.py::test_a_metric_that_vanishes_ends_the_alert_and_undoes_nothing",
    ),
    "absent() must never undo": (
        "test_events_that_are_not_there.py::test_absence_never_undoes",
        "test_events_that_are_not_there.py::test_absence_is_told_to_people",
        "test_events_that_are_not_there.py::test_a_rule_about_absence_may_not_undo",
    ),
    # Averages and counts.
    "The mean of short ratios is not the ratio of a long time: counts are summed, then divided": (
        "test_uneven_traffic.py::test_the_budget_is_reckoned_from_counts",
        "test_uneven_traffic.py::test_a_long_window_is_reckoned_from_counts",
    ),
    "Counters start anew, pods come and go, a workload has many series": (
        "test_counters.py::test_counters_that_start_anew_change_no_ratio",
        "test_counters.py::test_a_restart_at_high_counts_is_no_burst_of_errors",
        "test_counters.py::test_replicas_are_summed",
        "test_counters.py::test_several_series_of_a_workload_are_summed",
        "test_counters.py::test_pods_that_are_replaced_all_the_time_are_one_workload",
    ),
    # Low traffic.
    "Where few events come, one failure would undo": (
        "test_low_traffic.py::test_one_failure_at_low_traffic_never_undoes",
        "test_low_traffic.py::test_the_fifth_failure_undoes",
        "test_low_traffic.py::test_the_least_number_is_met_exactly",
    ),
    "Where few events come, a dead service must alert all the same": (
        "test_low_traffic.py::test_a_dead_service_with_little_traffic_alerts_people_without_a_break",
        "test_low_traffic.py::test_a_service_that_serves_again_ends_the_alert",
        "test_low_traffic.py::test_a_service_that_serves_again_on_new_pods_ends_the_alert",
        "test_low_traffic.py::test_a_single_failure_does_not_go_on_for_days",
    ),
    # Labels.
    "A label that differs between the long and the short window keeps them from matching": (
        "test_labels.py::test_no_label_differs_between_long_and_short_window",
    ),
    "A label that changes while an alert fires ends it and raises another": (
        "test_labels.py::test_nothing_changes_in_a_firing_alert",
        "test_labels.py::test_no_label_of_an_alert_is_made_of_a_value",
    ),
    "Without aggregation by namespace and workload one is blamed for another": (
        "test_labels.py::test_each_of_many_workloads_is_judged_by_itself",
        "test_labels.py::test_series_of_another_workload_do_not_count",
    ),
    "A fixed label over one that tells series apart makes the whole rule fail": (
        "test_labels.py::test_a_fixed_label_over_one_that_differs_fails_no_rule",
        "test_labels.py::test_where_a_fixed_label_makes_two_series_one_the_rule_fails",
    ),
    "A scrape that does not honour labels moves the namespace aside": (
        "test_labels.py::test_the_exported_namespace_is_blamed_and_not_the_exporters",
        "test_labels.py::test_where_no_namespace_was_exported_nobody_is_blamed",
    ),
    "prometheus-operator enforces a namespace label": ("test_labels.py::test_an_enforced_namespace_changes_no_alert",),
    # Versions of Prometheus.
    'le="1" is "1.0" in Prometheus 3': (
        "test_versions.py::test_a_bucket_is_found_in_either_spelling",
        "test_versions.py::test_a_window_that_holds_both_spellings_counts_each_event_once",
        "test_versions.py::test_a_bound_that_is_no_bucket_undoes_nothing",
    ),
    "Ranges are open on the left in Prometheus 3, and hold a sample less": (
        "test_versions.py::test_windows_hold_enough_samples_with_open_and_closed_ends",
        "test_versions.py::test_a_window_of_one_sample_fires_nothing_instead_of_something_else",
        "test_versions.py::test_a_gauge_is_averaged_over_whatever_a_window_holds",
    ),
    "`.` matches a line break in Prometheus 3": (
        "test_versions.py::test_a_value_with_a_line_break_blames_nobody_else",
        "test_versions.py::test_a_pattern_means_what_this_prometheus_makes_of_it",
    ),
    "Native histograms": (
        "test_versions.py::test_a_native_histogram_is_judged_at_its_bound",
        "test_versions.py::test_a_native_histogram_without_events_is_no_number",
        "test_versions.py::test_a_native_histogram_that_starts_anew",
    ),
    "Nothing that Prometheus 2.42, Thanos or Mimir does not know": (
        "tests/service/rules/test_promtool.py::test_promtool_accepts_it",
        "tests/service/rules/test_compatibility.py::test_only_fields_that_the_floor_knows",
        "tests/service/rules/test_compatibility.py::test_a_query_offset_is_there_where_it_is_asked_for",
    ),
    # Files and objects.
    "Recordings and the alerts on them belong into one ordered group": (
        "test_groups.py::test_what_a_rule_reads_is_recorded_before_it_in_its_group",
        "test_groups.py::test_an_alert_fires_at_the_evaluation_at_which_its_condition_is_true",
        "test_groups.py::test_groups_of_one_file_have_names_of_their_own",
    ),
    "The operator's ConfigMaps hold 512 KiB": (
        "tests/unit/rules/test_placing.py::test_an_object_that_fits_into_no_configmap_becomes_several",
        "tests/unit/rules/test_placing.py::test_a_group_that_fits_into_no_configmap_is_refused",
    ),
    # OpenSLO.
    "OpenSLO's 1M is not 30 days, and calendar windows begin anew": (f"{OPENSLO}::test_refusals",),
    "OpenSLO's queries have no window of their own": (f"{OPENSLO}::test_inline", f"{OPENSLO}::test_refusals"),
    # The deployer's own rule.
    "The talk's rule fires on any single error, once per series, with the series' own labels": (
        "test_deployers_rule.py::test_the_talks_rule_fires_on_a_single_error",
        "test_deployers_rule.py::test_the_talks_rule_fires_once_per_series_with_its_own_labels",
    ),
    "It is linted and told, and not rewritten": (
        "test_deployers_rule.py::test_the_talks_rule_is_linted_with_what_follows",
        "test_deployers_rule.py::test_the_talks_rule_is_not_rewritten",
    ),
}
