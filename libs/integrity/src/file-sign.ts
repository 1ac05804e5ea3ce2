import type { Confidence } from '@tidewaiter/domain';

/** Something odd about the content of one file, judged only with others in `judgeIntegrity`. Plain JSON, stored with the layer. */
export interface FileSign {
  path: string;
  sign: string;
  confidence: Confidence;
  /** For people: names, hosts and counts, never a line of the file, which may hold a secret. */
  evidence: Record<string, unknown>;
}

/** A file whose content is worth a look. */
export interface InspectedFile {
  path: string;
  content: Buffer;
  /** Permission bits with setuid, setgid and sticky. */
  mode: number;
}

/** Looks for one family of signs. */
export interface Inspector {
  /** As cheap as `wantsInspection`: called for every file of every layer. */
  wants: (path: string, head: Uint8Array) => boolean;
  inspect: (file: InspectedFile) => FileSign[];
}

/** What people and shells write is never longer. */
export const maxTextBytes = 1 << 20;

/** The start of a file as text, a character for each byte. */
export function textOf(content: Buffer): string {
  return content.toString('latin1', 0, maxTextBytes);
}

/** Whether a file that starts so names its interpreter: `#!`. */
export function isScript(head: Uint8Array): boolean {
  return head[0] === 0x23 && head[1] === 0x21;
}
