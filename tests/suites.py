"""The list of tests that only `make test-all` runs, and not `make test`.

They check one promise in many variants, or with dozens of real processes. For each promise in the README, at least one
journey stays in `make test` (tests/house/test_suites.py). A single test that takes minutes is marked `long` at its
definition, and cost limits are marked `guard`.
"""

from __future__ import annotations

from collections.abc import Mapping

THOROUGH: Mapping[str, frozenset[str]] = {
    # The kill matrix: a real process dies at every passing of every checkpoint.
    "journeys/test_killed_everywhere.py": frozenset(),
    "journeys/test_killed_many.py": frozenset(),
    "journeys/test_killed_folding.py": frozenset(),
    # A real process dies at each checkpoint around the note that a transcript is the first.
    "journeys/test_first_transcript.py": frozenset(
        {
            "test_killed_at_any_moment_it_is_said_once",
            "test_it_names_the_service_of_the_conversation_also_after_another_one_did_it_again",
            "test_a_long_transcript_in_files_says_it_too",
            "test_one_whose_reply_cannot_be_posted_does_not_count",
            "test_under_a_new_id_of_the_channel_it_is_not_said_again",
        }
    ),
    "journeys/test_killed.py": frozenset(
        {
            "test_killed_before_anything_was_sent_it_starts_over",
            "test_killed_while_the_reply_is_unanswered_it_is_not_posted_twice_where_threads_may_be_read",
        }
    ),
    # A real browser, and a bot in a process of its own behind each page.
    "browser/test_demo_page.py": frozenset(),
    "browser/test_pictures.py": frozenset(),
    "browser/test_surfaces.py": frozenset(),
    # Worlds in which everything goes wrong by chance.
    "simulation/test_promises.py": frozenset({"test_a_slack_that_finds_no_replies_although_it_may_is_noticed"}),
    "simulation/test_slow_slack.py": frozenset({"test_where_every_call_takes_nearly_as_long_as_it_may"}),
    # Megabytes of lies, in every way that they can come.
    "journeys/test_large_answers.py": frozenset(
        {"test_an_honest_webhook_behind_one_that_is_too_large_counts", "test_botlhale_answers_too_much"}
    ),
    # Every fault at every call.
    "journeys/test_provider_faults.py": frozenset(
        {
            "test_a_form_that_expired_is_asked_for_again",
            "test_a_transcription_that_failed_is_told_in_the_thread_and_not_tried_again",
            "test_a_recording_in_which_nobody_speaks_is_told_in_the_thread",
            "test_a_provider_that_goes_away_for_a_while_delays_and_doubles_nothing",
            "test_a_provider_that_is_away_for_two_days_ends_with_a_sentence",
            "test_a_restart_in_the_middle_delays_and_doubles_nothing",
            "test_a_recording_that_botlhale_lost_is_sent_once_more",
        }
    ),
    "journeys/test_slack_faults.py": frozenset(
        {
            "test_a_reply_whose_answer_was_lost_is_found_again_where_the_thread_may_be_read",
            "test_a_conversation_that_is_closed_before_it_is_looked_at_is_left_alone",
            "test_a_thread_that_was_locked_ends_the_job_with_a_reaction",
            "test_a_recording_deleted_while_it_is_transcribed_comes_to_an_end_and_leaves_nothing",
            "test_a_redirect_to_another_host_is_not_followed_and_no_token_leaks",
            "test_a_file_that_is_too_large_is_refused_in_the_thread",
            "test_a_restart_while_slack_is_away_delays_the_reply_and_doubles_nothing",
        }
    ),
    "journeys/test_gowajee.py": frozenset(
        {
            "test_without_any_webhook_the_status_call_brings_the_transcript",
            "test_a_failed_transcription_is_told_in_the_thread_once",
            "test_even_with_the_token_a_stranger_decides_nothing",
            "test_a_forged_webhook_decides_nothing_for_as_long_as_the_status_says_that_the_work_goes_on",
            "test_a_recording_never_gets_the_words_of_another_one_that_was_sent_again",
            "test_a_large_recording_is_fetched_from_our_address_and_then_gone_from_it",
            "test_a_webhook_that_was_lost_while_we_were_away_is_made_up_for",
            "test_where_there_is_no_status_call_the_webhook_brings_the_transcript_however_late",
        }
    ),
    "journeys/test_botlhale_readings.py": frozenset(
        {
            "test_another_recordings_result_is_asked_for_again_and_never_published",
            "test_b20_a_result_that_comes_after_its_word_is_waited_for",
            "test_a_page_of_somebody_in_between_is_no_end",
        }
    ),
    # Outages of an hour, a full disk, a storm.
    "journeys/test_outages.py": frozenset(
        {
            "test_a_provider_that_says_when_it_will_be_back_is_not_asked_before",
            "test_a_slack_that_goes_away_later_is_missed_by_readyz",
        }
    ),
    "journeys/test_no_storm.py": frozenset(),
    "journeys/test_clocks.py": frozenset(),
    "journeys/test_degraded.py": frozenset(
        {
            "test_a_disk_that_fills_up_during_the_conversion_is_not_the_recording_s_fault",
            "test_a_recording_for_which_the_spool_has_no_room_waits_until_it_has",
            "test_a_restored_backup_goes_on_where_it_was_made",
            "test_a_bug_that_one_recording_meets_leaves_the_others_alone_and_is_told_in_the_end",
        }
    ),
    "journeys/test_demo_page.py": frozenset(
        {"test_a_voice_note_of_the_browser_is_answered_in_its_thread_and_the_wire_shows_how"}
    ),
    "journeys/test_socket_mode.py": frozenset(
        {
            "test_an_event_is_taken_at_once_while_one_of_the_connections_is_away",
            "test_a_storage_that_refuses_leaves_the_event_to_be_delivered_again",
        }
    ),
    "journeys/test_catching_up.py": frozenset(
        {"test_what_was_missed_is_answered_oldest_first_and_once", "test_a_restart_is_no_gap"}
    ),
    "journeys/test_backlog.py": frozenset({"test_a_storm_of_webhooks_delays_nobody_and_leaves_nothing_behind"}),
    # Real processes on a real database server.
    "journeys/test_several_machines.py": frozenset(
        {
            "test_two_whole_machines_share_the_sockets_and_answer_each_recording_once",
            "test_one_role_alone_on_a_sqlite_file_is_refused",
        }
    ),
    "journeys/test_server_restarts.py": frozenset(),
    "journeys/test_secure_connections.py": frozenset(
        {
            "test_every_way_in_which_a_handshake_goes_wrong_here_is_told",
            "test_after_five_minutes_the_thread_is_told_that_the_provider_cannot_be_trusted_and_the_transcript_follows",
        }
    ),
    "journeys/test_workspaces_apart.py": frozenset(),
    "journeys/test_rolling_update.py": frozenset(),
    "storage/test_release_before.py": frozenset(),
    "storage/test_ending.py": frozenset(),
    "bot/test_ending.py": frozenset(),
    "storage/test_broken_connections.py": frozenset(),
    "storage/test_concurrency.py": frozenset(),
    # The corpus of broken files, and the engine on every sample.
    "journeys/test_corpus.py": frozenset(),
    "transcription/test_hostile_audio.py": frozenset(),
    "transcription/engine/test_samples.py": frozenset(),
    "transcription/embedded/test_whisper.py": frozenset(
        {
            "test_a_person_is_written_down_with_capitals_and_full_stops",
            "test_a_language_that_the_model_lacks_is_refused_with_what_has_it",
            "test_what_the_model_itself_doubts_is_told_and_not_published",
        }
    ),
    "transcription/embedded/test_embedded.py": frozenset(
        {
            "test_a_recording_becomes_a_transcript_that_says_what_to_expect_of_it",
            "test_a_silent_recording_has_no_turns",
            "test_another_language_is_refused_and_never_guessed",
            "test_a_finished_result_outlives_a_restart",
            "test_closing_kills_the_engine_and_leaves_nothing_half_done",
        }
    ),
    "sandbox/test_voices.py": frozenset(),
    # Whole processes whose every line is read.
    "security/test_secrets_in_logs.py": frozenset(
        {"test_a_breakdown_is_told_by_its_class_and_its_places_only", "test_settings_that_are_shown_show_no_secret"}
    ),
    # Generated cases by the hundred.
    "fuzz/test_provider_bodies.py": frozenset(),
    "fuzz/test_slack_requests.py": frozenset(),
    "fuzz/test_webhook_route.py": frozenset(),
    "fuzz/test_what_is_shown.py": frozenset(),
}
"""Of files that mostly go: what of each stays in `make test`. A test that is new there goes until it is named here."""


LEFT_OUT: Mapping[str, frozenset[str]] = {
    "bot/cli/test_database_commands.py": frozenset({"test_so_is_one_that_keeps_no_transactions"}),
    "bot/cli/test_demo.py": frozenset(
        {
            "test_once_is_without_a_page_at_a_terminal_too",
            "test_without_a_terminal_own_files_are_shared_in_place_of_the_samples",
            "test_without_a_terminal_the_samples_are_shared_and_it_ends",
        }
    ),
    "bot/cli/test_command_line.py": frozenset(
        {
            "test_a_token_with_a_stray_character_is_refused_and_no_breakdown",
            "test_every_wrong_value_is_named_at_once_by_every_command",
            "test_transcribe_of_a_text_file_is_a_sentence_and_exit_code_1",
            "test_transcribe_writes_every_form_with_the_engine_that_needs_no_account",
            "test_wrong_values_and_missing_ones_are_told_together",
        }
    ),
    "security/test_slow_connections.py": frozenset(
        {"test_at_every_route_slow_connections_end_by_themselves_while_others_are_served"}
    ),
    "journeys/test_folding.py": frozenset(
        {
            "test_a_message_with_files_is_folded_too",
            "test_files_that_slack_does_not_take_with_buttons_say_nothing_about_folding",
            "test_refused_while_names_are_shown_in_files_it_is_edited_unfolded",
            "test_refused_with_files_it_comes_unfolded_with_its_files",
        }
    ),
    "journeys/test_exporting.py": frozenset(
        {
            "test_a_button_on_another_message_opens_no_form",
            "test_a_call_whose_answer_is_lost_is_waited_for_and_not_repeated",
            "test_a_file_that_slack_loses_is_sent_once_more",
            "test_a_form_that_is_sent_twice_counts_once",
            "test_a_trigger_that_was_used_or_expired_opens_no_form",
            "test_an_edited_form_exports_nothing",
            "test_hostile_words_and_names_stay_words",
            "test_one_voice_that_was_shared_with_the_bot_alone_can_be_exported_too",
            "test_slack_that_is_away_for_a_moment_delays_a_file_and_doubles_none",
            "test_what_is_exported_is_never_taken_for_a_recording",
            "test_what_slack_never_shows_or_refuses_is_told_to_whoever_asked",
            "test_whoever_may_not_have_it_any_more_when_the_form_is_sent_is_told",
        }
    ),
    "journeys/test_job_actions.py": frozenset(
        {
            "test_a_form_from_before_begins_nothing_twice",
            "test_a_form_of_somebody_else_or_that_was_changed_begins_nothing",
            "test_a_language_that_the_transcriber_does_not_offer_is_said_under_its_field",
            "test_a_payload_that_was_changed_does_nothing",
            "test_a_reply_that_cannot_be_changed_is_replaced_and_goes_with_the_rest",
            "test_a_reply_that_was_deleted_meanwhile_is_posted_anew",
            "test_an_old_file_that_cannot_be_deleted_does_not_undo_the_change",
            "test_names_given_while_it_is_done_again_are_refused_with_a_word",
            "test_names_of_speakers_are_taken_away_with_the_old_voices",
            "test_nothing_heard_is_nothing_better",
            "test_the_stored_transcript_is_the_new_one",
            "test_what_failed_can_be_done_in_another_way",
        }
    ),
    "journeys/test_forgetting.py": frozenset(
        {
            "test_a_file_that_is_deleted_while_slack_is_away_is_forgotten_later",
            "test_a_person_who_takes_a_consent_back_is_not_the_whole_workspace",
            "test_a_reply_that_slack_will_not_delete_stays_and_the_words_here_do_not",
            "test_a_token_that_was_only_changed_forgets_nothing",
            "test_a_workspace_that_removed_the_app_is_forgotten_a_day_later",
            "test_an_event_that_comes_twice_and_one_of_strangers_change_nothing",
            "test_another_recording_of_the_same_message_keeps_its_reaction",
            "test_files_that_slack_never_showed_go_as_well",
            "test_the_files_go_even_if_the_message_may_not_be_deleted",
            "test_what_is_deleted_while_slack_takes_no_message_is_never_posted",
            "test_words_go_at_once_even_if_slack_will_not_have_us_any_more",
        }
    ),
    "journeys/test_main_job.py": frozenset(
        {
            "test_an_event_that_is_far_from_its_message_is_answered_once_no_nearer_one_turns_up",
            "test_one_signal_is_enough_whatever_the_others_say",
        }
    ),
    "journeys/test_on_request.py": frozenset(
        {
            "test_a_payload_that_was_changed_opens_nothing_of_others",
            "test_a_reaction_that_comes_while_slack_is_away_is_told_again",
            "test_asking_many_times_is_answered_once",
        }
    ),
    "journeys/test_naming.py": frozenset(
        {
            "test_a_button_only_works_on_the_message_that_it_is_on",
            "test_a_form_of_another_workspace_changes_nothing",
            "test_a_reply_that_was_deleted_is_not_posted_again",
            "test_a_trigger_that_expired_is_told_and_changes_nothing",
            "test_an_undo_that_is_pressed_twice_undoes_once",
            "test_slack_that_is_away_for_a_moment_delays_the_change",
            "test_two_voices_with_one_name_are_one_speaker_and_the_others_keep_their_numbers",
            "test_where_slack_takes_no_buttons_with_files_the_files_come_without",
        }
    ),
    "journeys/test_limits.py": frozenset(
        {
            "test_a_conversation_has_its_own_limit",
            "test_the_workspace_has_one_too",
            "test_what_failed_at_the_provider_does_not_count",
        }
    ),
    "journeys/test_home.py": frozenset(
        {
            "test_a_page_that_slack_does_not_take_is_shown_when_it_is_opened_again",
            "test_an_odd_event_shows_nothing_of_anybody",
            "test_what_an_event_says_of_the_page_is_not_believed",
            "test_while_slack_wants_no_pages_recordings_are_answered_all_the_same",
        }
    ),
    "journeys/test_bad_input.py": frozenset(
        {
            "test_a_codec_that_hangs_and_crashes_costs_its_own_job_and_no_other",
            "test_a_decoder_that_is_told_to_stop_is_no_fault_of_the_recording",
            "test_a_page_is_a_page_whatever_it_calls_itself",
            "test_the_files_of_a_long_transcript_have_a_name_that_every_computer_takes",
        }
    ),
    "journeys/test_options.py": frozenset(
        {
            "test_channels_tell_speakers_apart_where_there_are_two",
            "test_voices_go_with_what_is_sent_inline_and_the_reply_says_where_they_do_not",
        }
    ),
    "journeys/test_progress.py": frozenset(
        {
            "test_one_that_is_cancelled_while_it_is_posted_leaves_nothing",
            "test_one_that_somebody_deleted_is_not_missed",
            "test_where_slack_takes_no_such_message_the_transcript_comes_all_the_same",
        }
    ),
    "storage/test_long_searches.py": frozenset({"test_one_that_does_not_end_is_ended_and_the_next_is_done"}),
    "journeys/test_search.py": frozenset(
        {
            "test_while_others_search_whoever_has_to_wait_is_told_and_everything_else_is_answered",
            "test_transcripts_of_an_earlier_release_can_be_found_after_a_start",
            "test_what_is_deleted_is_not_found",
            "test_where_slack_does_not_say_who_is_where_nothing_is_told",
            "test_whoever_is_in_very_many_conversations_is_told_that_not_all_were_searched",
        }
    ),
    "journeys/test_many_workspaces.py": frozenset(
        {
            "test_a_refused_exchange_waits_for_a_new_installation_and_then_all_is_well",
            "test_an_app_that_is_installed_again_in_time_has_lost_nothing",
            "test_an_exchange_whose_answer_is_lost_leaves_the_old_token_at_work",
            "test_an_uninstalled_app_forgets_its_token_at_once_and_everything_a_day_later",
            "test_people_of_an_organisation_name_speakers_where_slack_does_not_tell_whose_team_a_form_is_of",
            "test_what_goes_wrong_is_told_and_the_next_try_works",
        }
    ),
    "journeys/test_command.py": frozenset(
        {"test_a_long_list_with_long_titles_keeps_to_the_limits", "test_a_title_that_cannot_be_seen_is_called_untitled"}
    ),
    "journeys/test_deleting.py": frozenset({"test_a_long_one_goes_with_its_files"}),
    "bot/rendering/test_reply.py": frozenset({"test_every_reply_fits_is_harmless_and_loses_no_word"}),
}
"""Of files that mostly stay: what `make test` leaves out."""


def is_thorough(file: str, test: str) -> bool:
    """Whether `make test` leaves this test (its name without parameters) of this file to `make test-all`."""
    return (file in THOROUGH and test not in THOROUGH[file]) or test in LEFT_OUT.get(file, ())
