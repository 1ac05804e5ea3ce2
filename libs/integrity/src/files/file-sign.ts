import type { Confidence } from '@tidewaiter/domain';

/**
 * Weak indicator in the content of one file, evaluated only together with others in
 * `evaluateIntegrity`. Plain JSON, stored with the layer.
 */
export interface FileSign {
  path: string;
  sign: string;
  confidence: Confidence;
  /** Names, hosts and counts for the report; never a line of the file, which may hold a secret. */
  evidence: Record<string, unknown>;
}

/** File whose content is inspected. */
export interface InspectedFile {
  path: string;
  content: Buffer;
  /** Permission bits with setuid, setgid and sticky. */
  mode: number;
}

/** Inspector of files for one family of signs. */
export interface Inspector {
  /** Must be cheap: called for every file of every layer, as `wantsInspection` is. */
  wants: (path: string, head: Uint8Array) => boolean;
  inspect: (file: InspectedFile) => FileSign[];
}

/** Bytes of text that are inspected; hand-written scripts and settings are never longer. */
export const maxTextBytes = 1 << 20;

/** The start of a file as text, a character for each byte. */
export function textOf(content: Buffer): string {
  return content.toString('latin1', 0, maxTextBytes);
}

/** Whether a file starts with `#!`, which names its interpreter. */
export function isScript(head: Uint8Array): boolean {
  return head[0] === 0x23 && head[1] === 0x21;
}
