"""The offline engine: words and speakers without a network, in a process of its own.

The story of one recording, module by module:

1. `waveform` reads the WAV in blocks, so that hours need no more memory than minutes.
2. `features` measures how loud every 10 ms are.
3. `segmentation` finds the phrases: loud enough AND a voice, cut at pauses of 120 ms.
4. `speakers` tells the voices apart: `encoder` gives pieces of the phrases vectors (`mel` is what it hears, `weights`
   what it was trained to), `clustering` groups them, then every moment is given to the likeliest voice (`labels`).
   `channels` does it where two people have a channel each.
5. Where a model of Whisper is here, `voice_activity` gives a second opinion on the phrases, `chunks` packs them, and
   `whisper` writes down what is said, with the time of every word. Elsewhere `recognition` does with pocketsphinx.
6. `turns` gives each word to the voice that speaks at its time and makes readable turns of them.
7. `worker` is the process: a request in, a result file out.

Nothing is learned, downloaded or kept. Words are misheard, and voices that are alike are taken for one.
"""
