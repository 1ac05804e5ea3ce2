import { amazonUpdateinfo } from './amazon-updateinfo/amazon-updateinfo.js';
import type { AdvisoryFormat } from './format.js';
import { nvdOverrides } from './nvd-overrides/nvd-overrides.js';
import { nvd } from './nvd/nvd.js';
import { oracleOval } from './oracle-oval/oracle-oval.js';
import { redHatVex } from './redhat-vex/redhat-vex.js';
import { suseVex } from './suse-vex/suse-vex.js';

/** A new format is a folder and a line here. */
export const advisoryFormats: readonly AdvisoryFormat[] = [
  amazonUpdateinfo,
  nvd,
  nvdOverrides,
  oracleOval,
  redHatVex,
  suseVex,
];

/** Format of a file, by its first decompressed bytes. */
export function formatOfHead(head: Uint8Array): AdvisoryFormat | undefined {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('utf8');
  return advisoryFormats.find(({ recognizes }) => recognizes(text));
}

/** Whether a record comes from a format of its own, and not from an archive of OSV records. */
export function isOfFormat(id: string): boolean {
  return advisoryFormats.some(({ owns }) => owns(id));
}
