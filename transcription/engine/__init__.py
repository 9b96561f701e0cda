"""The offline engine: words and speakers without a network, in a process of its own.

The story of one recording, module by module:

1. `waveform` reads the WAV in blocks, so that hours need no more memory than minutes.
2. `features` turns every 10 ms into a loudness and a short spectral fingerprint (MFCC).
3. `segmentation` finds the phrases: loud enough AND a voice, cut at pauses of 120 ms.
4. `speakers` tells the voices apart (`gaussians` holds its arithmetic): phrases are merged while the Bayesian
   information criterion says that one Gaussian explains both, then every moment is given to the likeliest voice.
5. `recognition` lets pocketsphinx write down what each voice says, with the time of every word.
6. `turns` gives each word to the voice that speaks at its time and makes readable turns of them.
7. `worker` is the process: a request in, a result file out.

Nothing is learned, downloaded or kept: NumPy, pocketsphinx and the English model inside its wheel are all there is.
It is for trying the app out: of what real people say it gets more than half of the words wrong (57 % of 603; of the
synthetic samples about 7 %), and voices that are alike, or of telephone quality, are taken for one.
"""
