"""Decode any shared recording to plain WAV with PyAV: the part of `media_worker` that handles untrusted bytes.

It runs only in a separate process with limits (see `isolation`). By module, in the order of the work:

1. `containers` opens the file and selects its tracks of sound. `ogg` finds where joined Ogg files begin.
2. `track` decodes one track, at the places that its `timeline` gives it: what was not captured becomes silence.
3. `conversion` mixes the tracks (`transcription.mixing` says how) into a `wav_file`, and judges whether it is whole.

Nothing that the file says about itself is trusted: its name is ignored, and its length is counted in decoded samples.
"""
