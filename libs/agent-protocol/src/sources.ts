import type { RuntimeSource } from '@tidewaiter/domain';

/** Kinds of sensors whose events an agent forwards: its own watch, and what runs in its cluster. */
export const agentSources = [
  'kubernetes-watch',
  'kubernetes-audit',
  'falco',
  'tetragon',
] as const satisfies readonly RuntimeSource[];

export type AgentSource = (typeof agentSources)[number];

export function isAgentSource(word: string): word is AgentSource {
  return agentSources.some((source) => source === word);
}
