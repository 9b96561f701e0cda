"""How channels and tracks become what a transcriber gets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcription.mixing import Mix, Powers, TrackLevels, TrackMix, best_mix, channel_weights, default_mix, turns

AWAY = pytest.approx(0.1)


def speech(seconds: float, *, db: float = -20.0, seed: int = 0, silent: tuple[int, int] = (0, 0)) -> Powers:
    """Words and pauses: the levels rise and fall by 25 dB several times a second. `silent`: from and to, in blocks."""
    chance = np.random.default_rng(seed)
    words = chance.choice([0.0, -3.0, -6.0, -25.0], size=round(seconds * 10))
    powers: Powers = 10 ** ((db + words) / 10)
    powers[slice(*silent)] = 1e-9
    return powers


def steady(seconds: float, *, db: float = -20.0) -> Powers:
    chance = np.random.default_rng(5)
    return np.asarray(10 ** ((db + chance.uniform(-2, 2, round(seconds * 10))) / 10))


def mono(powers: Powers) -> TrackLevels:
    return TrackLevels(channels=(powers,))


def pair(left: Powers, right: Powers, mix: Powers) -> TrackLevels:
    return TrackLevels(channels=(left, right, mix))


@pytest.mark.parametrize(
    ("left", "right", "mix", "weights"),
    [
        (1.0, 1.0, 1.0, (0.5, 0.5)),  # the same on both sides
        (1.0, 1.0, 0.5, (0.5, 0.5)),  # two voices
        (1.0, 1.0, 0.0, (1.0, 0.0)),  # inverted
        (0.5, 1.0, 0.01, (0.0, 1.0)),  # nearly inverted: the louder one
        (0.0, 1.0, 0.25, (1.0, 1.0)),  # one side only keeps its level
        (0.0, 0.0, 0.0, (0.5, 0.5)),
    ],
)
def test_a_mix_that_cancels_is_not_used_and_one_side_keeps_its_level(
    left: float, right: float, mix: float, weights: tuple[float, float]
) -> None:
    assert channel_weights(left, right, mix) == pytest.approx(weights, rel=0.01)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_mix_is_never_more_than_four_times_a_channel(left: float, right: float, mix: float) -> None:
    assert all(0.0 <= weight <= 2.0 for weight in channel_weights(left, right, mix))


def test_ordinary_recordings_need_no_second_pass() -> None:
    said = speech(20)
    assert best_mix([mono(said)], stereo=False) == default_mix([1], stereo=False)
    assert best_mix([pair(said, said, said)], stereo=False) == default_mix([2], stereo=False)
    assert best_mix([pair(said, said, said)], stereo=True) == default_mix([2], stereo=True)


def test_where_two_channels_are_wanted_both_stay_even_if_they_cancel() -> None:
    said = speech(20)
    kept = best_mix([pair(said, said, np.zeros(200))], stereo=True)
    assert kept == Mix(channels=2, tracks=(TrackMix(weights=((1.0, 0.0), (0.0, 1.0))),))


def test_two_people_on_two_tracks_are_both_heard_all_the_time_at_one_loudness() -> None:
    """Also while both speak."""
    mixed = best_mix([mono(speech(20, db=-20)), mono(speech(20, db=-32, seed=1))], stereo=False)
    assert mixed.channels == 1
    [one], [other] = (track.weights[0] for track in mixed.tracks)
    assert one == 1.0
    assert other == pytest.approx(10 ** (12 / 20), rel=0.15)
    assert all(np.all(track.gains == 1) for track in mixed.tracks if track.gains is not None)


def test_a_silent_track_takes_nothing_away() -> None:
    said = speech(20)
    mixed = best_mix([mono(np.zeros(200)), mono(said)], stereo=False)
    assert [track.weights for track in mixed.tracks] == [((1.0,),), ((1.0,),)]
    assert not any(track.varies for track in mixed.tracks)


def test_the_same_voice_a_moment_later_is_lowered() -> None:
    said = speech(20)
    first, later = turns([said, np.roll(said, 0) * 0.5])
    assert np.all(first == 1)
    assert np.mean(later == AWAY) > 0.9


def test_music_is_lowered_while_somebody_speaks_and_heard_in_between() -> None:
    said = speech(40, silent=(150, 300))
    voice, music = turns([said, steady(40)])
    assert np.all(voice[:140] == 1)
    assert np.mean(music[10:140] == AWAY) > 0.95
    assert np.all(music[170:290] == 1)


def test_people_on_tracks_of_their_own_become_channels_where_two_are_wanted() -> None:
    one, other = speech(40, silent=(200, 400)), speech(40, seed=1, silent=(0, 200))
    mixed = best_mix([mono(one), mono(other)], stereo=True)
    assert mixed.channels == 2
    assert [[column > 0 for column in row] for track in mixed.tracks for row in track.weights] == [
        [True, False],
        [False, True],
    ]


def test_people_who_are_heard_on_both_tracks_do_not_become_channels() -> None:
    said = speech(40)
    assert best_mix([mono(said), mono(said * 0.5)], stereo=True).channels == 1


def test_what_one_speaks_beside_a_silent_track_keeps_its_two_channels() -> None:
    said = speech(20)
    mixed = best_mix([mono(np.zeros(200)), pair(said, said, said)], stereo=True)
    assert mixed.channels == 2
    assert mixed.tracks[1].is_plain


def test_nothing_at_all_is_mixed_as_it_is() -> None:
    nothing = np.zeros(0)
    assert best_mix([mono(nothing)], stereo=False) == default_mix([1], stereo=False)
    assert best_mix([mono(nothing), mono(nothing)], stereo=False).channels == 1


def test_gains_change_without_a_step() -> None:
    track = TrackMix(weights=((1.0,),), gains=np.array([1.0, 0.0], np.float32), varies=True)
    samples = np.full((3_200, 1), 10_000, np.int16)
    heard = track.applied(samples, at=0, rate=16_000)[:, 0]
    assert heard[0] == 10_000
    assert heard[-1] == 0
    assert np.abs(np.diff(heard.astype(int))).max() <= 10
