// The few emoji that this workspace knows by name.

const KNOWN = {
  hourglass_flowing_sand: "⏳", hourglass: "⌛", white_check_mark: "✅", warning: "⚠️", memo: "📝", eyes: "👀", tada: "🎉",
  thumbsup: "👍", "+1": "👍", heart: "❤️", x: "❌", mag: "🔍", gear: "⚙️", studio_microphone: "🎙️", pencil2: "✏️",
  no_entry_sign: "🚫", black_right_pointing_double_triangle_with_vertical_bar: "⏭️", wastebasket: "🗑️",
  arrows_counterclockwise: "🔄", information_source: "ℹ️", lock: "🔒",
};

export const OFFERED = ["studio_microphone", "eyes", "thumbsup", "tada", "heart"];

/** The character of an emoji; one that is not known stays its name. */
export const emoji = (name) => KNOWN[name.split("::")[0]] ?? `:${name}:`;
