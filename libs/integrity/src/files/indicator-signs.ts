import type { Confidence } from '@tidewaiter/domain';

import { isElf, readElfHeader, type ElfPart } from './elf-header.js';
import { type FileSign, type Inspector, isScript, maxTextBytes } from './file-sign.js';
import { minerIndicators, minerNames, toolIndicators, toolNames, type Indicator } from './indicators.js';
import { isProgram } from './packed-signs.js';
import { baseName } from './shell-commands.js';

/** Limit on the bytes of read-only data that are searched in one program. */
const maxSearchedBytes = 32 << 20;

interface Family {
  sign: string;
  names: RegExp;
  indicators: readonly Indicator[];
  /** Cheap prefilter: programs are searched further only if they contain one of these words. */
  anchors: readonly string[];
}

const families: readonly Family[] = [
  {
    sign: 'miner',
    names: minerNames,
    indicators: minerIndicators,
    anchors: ['stratum+', 'mining.su', 'donate-level', 'xmrig'],
  },
  {
    sign: 'attack-tool',
    names: toolNames,
    indicators: toolIndicators,
    anchors: ['chisel', 'pspy', 'masscan', 'peirates', 'cdk-team', 'ligolo', 'sliver', 'process_to_filter', 'stdapi_'],
  },
];

const settingsName = /(?:^|\/)(?:config|pools?|xmrig|miner)\.(?:json|txt|conf)$/;

/** Names and contents of miners and attack tools. */
export const indicatorSigns: Inspector = {
  wants: (path, head) =>
    isElf(head) ? isProgram(path, head) : isScript(head) || isSettings(path, head) || isNamed(baseName(path)),
  inspect: ({ path, content }) => {
    const parts = partsOf(content);
    return families.flatMap((family) => signOf(family, path, content, parts));
  },
};

/** Whether a file may hold settings of a miner: JSON with words that rarely start other JSON. */
function isSettings(path: string, head: Uint8Array): boolean {
  if (settingsName.test(path)) return true;
  if (head[0] !== 0x7b) return false;
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  return (
    text.includes('stratum+') ||
    text.includes('"pools"') ||
    text.includes('"randomx"') ||
    text.includes('"donate-level"')
  );
}

function isNamed(name: string): boolean {
  return families.some(({ names }) => names.test(name));
}

function signOf(family: Family, path: string, content: Buffer, parts: readonly Buffer[]): FileSign[] {
  const { sign, names, indicators, anchors } = family;
  const found = new Map<string, number>();
  if (names.test(baseName(path))) found.set('name', 1);
  for (const part of parts) {
    if (isElf(content) && !anchors.some((anchor) => part.includes(anchor))) continue;
    const text = part.toString('latin1');
    for (const { name, weight, pattern } of indicators) if (pattern.test(text)) found.set(name, weight);
  }
  const score = [...found.values()].reduce((sum, weight) => sum + weight, 0);
  // A name alone is an indicator for a program, not for other files.
  if (score === 0 || (score === 1 && !isElf(content) && !isScript(content))) return [];
  return [{ path, sign, confidence: confidenceOf(score), evidence: { indicators: [...found.keys()], score } }];
}

/** One weak indicator may be chance; one strong or several weak ones rarely are. */
export function confidenceOf(score: number): Confidence {
  if (score >= 5) return 'certain';
  return score >= 3 ? 'likely' : 'possible';
}

/** Parts to search: the constants of a program, the beginning of any other file. */
function partsOf(content: Buffer): Buffer[] {
  if (!isElf(content)) return [content.subarray(0, maxTextBytes)];
  const parts: Buffer[] = [];
  let left = maxSearchedBytes;
  for (const { offset, sizeBytes } of constantsOf(content)) {
    const part = content.subarray(offset, offset + Math.min(sizeBytes, left));
    left -= part.length;
    parts.push(part);
  }
  return parts;
}

function constantsOf(content: Buffer): ElfPart[] {
  const elf = readElfHeader(content);
  if (!elf) return [];
  const constants = elf.sections.filter(({ isExecutable, isWritable }) => !isExecutable && !isWritable);
  return constants.length > 0 ? constants : elf.segments;
}
