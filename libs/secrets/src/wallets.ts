import { createPrivateKey, createPublicKey, hash } from 'node:crypto';

import { mnemonicWords } from './mnemonic-words.js';
import { nothing } from './secret-rule.js';
import type { Candidate, KeywordPlace } from './secret-rule.js';

const numbers = new Map(mnemonicWords.map((word, number) => [word, number]));

/**
 * Whether words are a recovery phrase: its last bits are a checksum of the others. The phrases of
 * documentation and of development chains repeat a word or a byte, and guard nothing.
 * @see https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki
 */
export function isRecoveryPhrase(text: string): boolean {
  const words = text.toLowerCase().trim().split(/\s+/);
  if (words.length % 3 !== 0 || words.length < 12 || words.length > 24) return false;
  let bits = 0n;
  for (const word of words) {
    const number = numbers.get(word);
    if (number === undefined) return false;
    bits = bits * 2048n + BigInt(number);
  }
  const checksumBits = words.length / 3;
  const entropy = bytesOf(bits >> BigInt(checksumBits), (words.length / 3) * 4);
  const expected = Number(bits & ((1n << BigInt(checksumBits)) - 1n));
  const isRandom = new Set(words).size * 2 > words.length && new Set(entropy).size > entropy.length / 4;
  return isRandom && parseInt(hash('sha256', entropy).slice(0, 2), 16) >> (8 - checksumBits) === expected;
}

function bytesOf(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex');
}

const phraseAlone = /^\s{0,8}(?:[A-Za-z]{3,8}\s{1,4}){11,23}[A-Za-z]{3,8}\s{0,8}$/;
const longestPhrase = 400;

/** A file with nothing but a recovery phrase. */
export function readPhraseFile({ text }: KeywordPlace): readonly Candidate[] {
  return text.length <= longestPhrase && phraseAlone.test(text)
    ? [{ start: 0, end: text.length, value: text.trim().replace(/\s+/g, ' '), confidence: 'certain' }]
    : nothing;
}

const keyPairBytes = 64;
const longestKeyPair = 600;
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * A key pair of Solana: a JSON list of 64 bytes, of which the last 32 are the public key of the
 * others.
 * @see https://solana.com/docs/intro/installation, "File System Wallet"
 */
export function readKeyPair({ text }: KeywordPlace): readonly Candidate[] {
  if (text.length > longestKeyPair || !/^\s{0,8}\[[\d,\s]{120,500}\]\s{0,8}$/.test(text)) return nothing;
  const bytes = text.match(/\d{1,3}/g)?.map(Number) ?? [];
  if (bytes.length !== keyPairBytes || bytes.some((byte) => byte > 255)) return nothing;
  const pair = Buffer.from(bytes);
  if (!publicKeyOf(pair.subarray(0, 32)).equals(pair.subarray(32))) return nothing;
  return [
    {
      start: 0,
      end: text.length,
      value: pair.toString('latin1'),
      shown: 'key pair of 64 bytes',
      confidence: 'certain',
    },
  ];
}

function publicKeyOf(seed: Buffer): Buffer {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
}

const reachOfKeystore = 2_000;

/**
 * A wallet of Ethereum with its key encrypted by a password, which may be guessed.
 * @see https://ethereum.org/developers/docs/data-structures-and-encoding/web3-secret-storage
 */
export function readKeystore({ text, start, end }: KeywordPlace): readonly Candidate[] {
  const from = Math.max(0, start - reachOfKeystore);
  const around = text.slice(from, end + reachOfKeystore);
  const match = /"ciphertext"\s{0,4}:\s{0,4}"([0-9a-f]{64,200})"/d.exec(around);
  const span = match?.indices?.[1];
  if (span === undefined || !/"mac"\s{0,4}:\s{0,4}"[0-9a-f]{64}"/.test(around)) return nothing;
  return [{ start: from + span[0], end: from + span[1], shown: 'encrypted key of a wallet', confidence: 'certain' }];
}

/** Berkeley DB in either byte order, and SQLite. */
const databaseMagics = [
  { at: 12, bytes: '00053162' },
  { at: 12, bytes: '62310500' },
  { at: 0, bytes: '53514c69746520666f726d61742033' },
];
const walletRecords = /ckey|mkey|wkey|keymeta|defaultkey|walletdescriptor/;

/** A wallet of Bitcoin Core and its relatives. */
export function readWallet({ text }: KeywordPlace): readonly Candidate[] {
  const head = Buffer.from(text.slice(0, 32), 'latin1').toString('hex');
  const isDatabase = databaseMagics.some(({ at, bytes }) => head.startsWith(bytes, at * 2));
  return isDatabase && walletRecords.test(text)
    ? [{ start: 0, end: text.length, value: text, shown: 'wallet', confidence: 'certain' }]
    : nothing;
}
