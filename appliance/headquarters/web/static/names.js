// SPDX-License-Identifier: GPL-2.0-only
// Agents as they are shown.

/** By name and id; of a slot, `1001/chat.2`, with its channel. */
export function agentName(agent, names) {
  if (!agent) return "–";
  const [id, slot] = agent.split("/");
  const name = names[id] ? `${names[id]} (${id})` : id;
  return slot ? `${name} ${slot.replace(".", " ")}` : name;
}
