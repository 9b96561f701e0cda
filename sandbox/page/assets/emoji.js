// The few emoji that this workspace knows by name.

const KNOWN = {
  hourglass_flowing_sand: "⏳", white_check_mark: "✅", warning: "⚠️", memo: "📝", eyes: "👀", tada: "🎉",
  thumbsup: "👍", "+1": "👍", heart: "❤️", speech_balloon: "💬", x: "❌", no_entry: "⛔", mag: "🔍", gear: "⚙️",
  microphone: "🎤", studio_microphone: "🎙️", pencil2: "✏️", page_facing_up: "📄", arrows_counterclockwise: "🔄",
  wastebasket: "🗑️", question: "❓", information_source: "ℹ️", hourglass: "⌛", alarm_clock: "⏰", bell: "🔔",
  red_circle: "🔴", large_yellow_circle: "🟡", large_green_circle: "🟢", large_blue_circle: "🔵", pause_button: "⏸️",
  rotating_light: "🚨", house: "🏠", bust_in_silhouette: "👤", busts_in_silhouette: "👥", lock: "🔒", writing_hand: "✍️",
};

export const OFFERED = ["studio_microphone", "eyes", "thumbsup", "tada", "heart"];

/** The character of an emoji; one that is not known stays its name. */
export const emoji = (name) => KNOWN[name.split("::")[0]] ?? `:${name}:`;
