// Speaks with the page's server. Its address has the token, so every address here is relative.

import { toast } from "./dom.js";

/** Ask the server to do something; tell the person if it was not done. */
export async function ask(name, given = {}) {
  return answerOf(fetch(name, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(given),
  }));
}

/** Share a recording or any other file. */
export async function share(file, { channel, thread = "", name, text = "", ms = "" }) {
  const query = new URLSearchParams({ channel, thread, name, text, ms });
  return answerOf(fetch(`share?${query}`, {
    method: "POST",
    headers: { "Content-Type": file.type || "application/octet-stream" },
    body: file,
  }));
}

async function answerOf(request) {
  try {
    const answer = await (await request).json();
    if (!answer.ok) toast(answer.error, "bad");
    return answer;
  } catch {
    toast("The demo has ended, or it cannot be reached.", "bad");
    return { ok: false };
  }
}

/** Return one line of the wire with its bytes. */
export const bytesOf = async (number) => (await fetch(`wire/${number}`)).json();

/** Hear of every change. */
export function hear({ state, wire, ended }) {
  const source = new EventSource("events");
  let misses = 0;
  source.addEventListener("state", (event) => { misses = 0; state(JSON.parse(event.data)); });
  source.addEventListener("wire", (event) => wire(JSON.parse(event.data)));
  source.addEventListener("ended", () => { source.close(); ended(); });
  source.addEventListener("error", () => {
    misses += 1;
    if (source.readyState === EventSource.CLOSED || misses > 3) { source.close(); ended(); }
  });
}
