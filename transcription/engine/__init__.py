"""The offline engine: speech recognition and diarization without a network, in a separate process.

The stages for one recording, by module:

1. `waveform` reads the WAV in blocks, so that memory use does not grow with the length.
2. `features` measures the loudness of every 10 ms frame.
3. `segmentation` finds the phrases: loud enough AND voiced, cut at pauses of 120 ms.
4. Diarization: `speakers` coordinates it. `encoder` computes speaker vectors for pieces of the phrases (`mel` is its
   input, `weights` its trained parameters), `clustering` groups them, then every frame is assigned to the most likely
   voice (`labels`). `channels` replaces this if two people have one channel each.
5. With a Whisper model: `voice_activity` gives a second opinion on the phrases, `chunks` packs them, and `whisper`
   transcribes them with the time of each word. Without one, `recognition` transcribes with pocketsphinx.
6. `turns` assigns each word to the voice that speaks at that time and builds readable turns.
7. `worker` is the process: it reads a request and writes a result file.

The engine does not learn, download or store anything. Words can be misheard, and similar voices can be merged.
"""
