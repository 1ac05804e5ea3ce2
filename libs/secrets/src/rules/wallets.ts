import { captured, read } from '../secret-rule.js';
import type { SecretRule } from '../secret-rule.js';
import { isRecoveryPhrase, readKeyPair, readKeystore, readPhraseFile, readWallet } from '../wallets.js';
import { fake, spelt } from './fake.js';

// A valid phrase that owns nothing: that of the SHA-256 of "a".
const phrase = spelt('skin rose dwarf neither rookie tornado ', 'twelve economy receive speed warfare opinion');
const keyPair = [
  ...Buffer.from('ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'hex'),
  ...Buffer.from('eae1c8793b5597c4b3f490e76ac31172c439690f8ee14142bb851a61f9a49f0e', 'hex'),
];
const invalid = phrase.split(' ').toReversed().join(' ');

/** Keys of wallets: who reads them owns the money. */
export const walletRules: readonly SecretRule[] = [
  captured({
    id: 'wallet-recovery-phrase',
    title: 'Recovery phrase of a wallet',
    severity: 'critical',
    rank: 3,
    minEntropy: 0,
    keywords: ['mnemonic', 'phrase', 'seed'],
    reach: 300,
    expression:
      /^[\w-]{0,20}["'`]?[ \t]{0,4}(?:=>|[:=(,]{1,2})[ \t]{0,4}["'`]?((?:[A-Za-z]{3,8} ){11,23}[A-Za-z]{3,8})(?:[^A-Za-z]|$)/,
    verify: (value) => (isRecoveryPhrase(value) ? 'certain' : undefined),
    matches: () => [`MNEMONIC="${phrase}"`, `seed_phrase: ${phrase}\n`, `mnemonic: '${phrase}',`],
    ignores: () => [
      `MNEMONIC="${invalid}"`,
      `mnemonic = "${'abandon '.repeat(11)}about"`,
      `mnemonic = "${'test '.repeat(11)}junk"`,
      'mnemonic: legal winner thank year wave sausage worth useful legal winner thank yellow',
      'seed: this is some text about what a recovery phrase may be like today',
    ],
  }),
  read({
    id: 'wallet-recovery-phrase-file',
    title: 'Recovery phrase of a wallet',
    severity: 'critical',
    rank: 3,
    minEntropy: 0,
    keywords: [],
    files: ['*.txt', '*.seed', '*.mnemonic', '*.phrase', '*.bak', '*.key', 'mnemonic', 'seed'],
    examplePath: 'root/words.txt',
    mayBegin: (bytes) => bytes.length <= 400,
    find: readPhraseFile,
    verify: (value) => (isRecoveryPhrase(value) ? 'certain' : undefined),
    matches: () => [`${phrase}\n`, phrase.replaceAll(' ', '\n')],
    ignores: () => [invalid, 'these are twelve words that mean nothing about money or keys at all'],
  }),
  read({
    id: 'solana-key-pair',
    title: 'Key pair of a Solana wallet',
    severity: 'critical',
    rank: 3,
    minEntropy: 0,
    keywords: [],
    files: ['*.json'],
    examplePath: 'root/.config/solana/id.json',
    mayBegin: (bytes) => bytes.length <= 600,
    find: readKeyPair,
    matches: () => [JSON.stringify(keyPair)],
    ignores: () => [JSON.stringify(Array.from({ length: 64 }, (_, index) => index)), '[1,2,3]', '{}'],
  }),
  read({
    id: 'ethereum-keystore',
    title: 'Encrypted wallet key (Ethereum keystore)',
    severity: 'medium',
    rank: 3,
    minEntropy: 0,
    keywords: ['"kdfparams"'],
    tries: 100,
    find: readKeystore,
    matches: () => [
      `{"crypto":{"cipher":"aes-128-ctr","ciphertext":"${fake(64, 'hex')}","kdf":"scrypt","kdfparams":{"n":262144},"mac":"${fake(64, 'hex')}"}}`,
    ],
    ignores: () => ['{"kdf":"scrypt","kdfparams":{"n":262144}}'],
  }),
  read({
    id: 'bitcoin-wallet',
    title: 'Bitcoin wallet',
    severity: 'critical',
    rank: 3,
    minEntropy: 0,
    keywords: [],
    files: ['wallet.dat', '*.wallet', 'wallets/*.dat'],
    examplePath: 'root/.bitcoin/wallet.dat',
    find: readWallet,
    matches: () => [`${'\0'.repeat(12)}\x62\x31\x05\0${'\0'.repeat(500)}\x04ckey\x21`],
    ignores: () => ['text', `${'\0'.repeat(12)}\x62\x31\x05\0${'\0'.repeat(500)}`],
  }),
];
