// The player of a recording: play, seek, its length, and its waveform where the browser can decode it.

import { el, icon, svg } from "./dom.js";

const BARS = 44, LARGEST = 30_000_000;

export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** Draw a file of a message: a player for sound and video, else a link to it. */
export function fileCard(file) {
  const address = `files/${file.id}`, size = `${Math.max(1, Math.round(file.size / 1000)).toLocaleString("en")} kB`;
  if (file.mimetype.startsWith("video/")) {
    return el("figure", { class: "file video", data: { part: "file", file: file.id } },
      el("figcaption", {}, file.title, el("small", {}, size)),
      el("video", { controls: true, preload: "metadata", src: address, "aria-label": file.title }));
  }
  if (file.mimetype.startsWith("audio/")) return audio(file, address, size);
  return el("a", { class: "file plain", href: address, download: file.name, data: { part: "file", file: file.id } },
    icon("file"), el("span", {}, el("strong", {}, file.title), el("small", {}, size)));
}

function audio(file, address, size) {
  const sound = new Audio(address);
  sound.preload = "metadata";
  let length = file.ms ? file.ms / 1000 : 0;
  const time = el("span", { class: "time" }, length ? clock(length) : "");
  const bars = svg("svg", { class: "bars", viewBox: `0 0 ${BARS * 4} 32`, preserveAspectRatio: "none", "aria-hidden": "true" });
  for (let at = 0; at < BARS; at += 1) bars.append(svg("rect", { x: at * 4, y: 15, width: 2.4, height: 2, rx: 1.2 }));
  const seek = el("input", {
    type: "range", min: 0, max: 1000, value: 0, "aria-label": `Position in ${file.title}`,
    oninput: () => { if (length) sound.currentTime = (seek.value / 1000) * length; },
  });
  const toggle = el("button", {
    type: "button", class: "play", "aria-label": `Play ${file.title}`, data: { part: "play" },
    onclick: () => (sound.paused ? sound.play() : sound.pause()),
  }, icon("play"));
  const show = () => {
    const share = length ? sound.currentTime / length : 0;
    [...bars.children].forEach((bar, at) => bar.classList.toggle("played", at / BARS < share));
    seek.value = share * 1000;
    seek.setAttribute("aria-valuetext", `${clock(sound.currentTime)} of ${clock(length)}`);
    time.textContent = clock(sound.paused && !sound.currentTime ? length : sound.currentTime);
  };
  const turned = () => {
    toggle.replaceChildren(icon(sound.paused ? "play" : "pause"));
    toggle.setAttribute("aria-label", `${sound.paused ? "Play" : "Pause"} ${file.title}`);
  };
  sound.addEventListener("timeupdate", show);
  for (const name of ["play", "pause", "ended"]) sound.addEventListener(name, turned);
  sound.addEventListener("loadedmetadata", () => {
    if (Number.isFinite(sound.duration)) { length = sound.duration; show(); } // WebM of a browser has no length
  });
  if (file.size < LARGEST) {
    waveform(address).then(({ peaks, seconds }) => {
      length ||= seconds;
      peaks.forEach((peak, at) => {
        bars.children[at].setAttribute("y", 16 - peak * 15);
        bars.children[at].setAttribute("height", Math.max(2, peak * 30));
      });
      show();
    }, () => {});
  }
  return el("figure", { class: "file audio", data: { part: "file", file: file.id } },
    el("figcaption", {}, file.title, el("small", {}, size)),
    el("div", { class: "player" }, toggle, el("span", { class: "track" }, bars, seek), time));
}

/** The loudness of a recording in `BARS` steps, from 0 to 1, and its length in seconds. */
async function waveform(address) {
  const sound = await (await fetch(address)).arrayBuffer();
  const decoded = await new OfflineAudioContext(1, 1, 16000).decodeAudioData(sound);
  const samples = decoded.getChannelData(0), step = Math.max(1, Math.floor(samples.length / BARS)), peaks = [];
  for (let at = 0; at < BARS; at += 1) {
    let sum = 0;
    for (let i = at * step; i < (at + 1) * step; i += 8) sum += samples[i] ** 2;
    peaks.push(Math.sqrt(sum / (step / 8)));
  }
  const most = Math.max(...peaks, 0.001);
  return { peaks: peaks.map((peak) => Math.sqrt(peak / most)), seconds: decoded.duration };
}
