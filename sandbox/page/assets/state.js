// What the page knows: the workspace as the server last told it, and where the person is in it.

export const page = {
  state: null,
  channel: null,
  thread: null,
  tab: "messages",
  seen: {},
  answered: {},
};

export const people = {
  name(id) {
    const name = page.state?.users[id];
    if (!name) return id;
    return id === page.state.bot_user ? page.state.app : name.charAt(0).toUpperCase() + name.slice(1);
  },
  channel: (id) => page.state?.channels.find((channel) => channel.id === id)?.name || id,
};

/** The name of a conversation, as Slack shows it. */
export function titleOf(channel) {
  if (channel.kind === "im") return page.state.app;
  return channel.name;
}

export const current = () => page.state.channels.find((channel) => channel.id === page.channel);
export const messagesOf = (channel) => page.state.messages[channel] || [];
