import { createHash } from 'node:crypto';

import { type FileSign, type Inspector, textOf } from './file-sign.js';

const maxNames = 50;
const keyFile = /(?:^|\/)\.ssh\/authorized_keys2?$|^etc\/ssh\/authorized_keys(?:\.d)?\//;
const sudoersFile = /^etc\/sudoers(?:\.d\/[^/]{1,255})?$/;
const key =
  /(?:^|\s)(ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d{3}|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)\s{1,16}([A-Za-z0-9+/]{32,8192}={0,2})/;

/**
 * Files that control logins and root access, and the list of libraries that every program loads.
 */
export const accountSigns: Inspector = {
  wants: (path) => readers.some(({ reads }) => reads(path)),
  inspect: ({ path, content }) => {
    const lines = textOf(content)
      .split(/\r?\n/)
      .filter((line) => line !== '' && !line.startsWith('#'));
    return readers.filter(({ reads }) => reads(path)).flatMap(({ read }) => read(path, lines));
  },
};

interface Reader {
  reads: (path: string) => boolean;
  read: (path: string, lines: readonly string[]) => FileSign[];
}

const readers: readonly Reader[] = [
  { reads: (path) => path === 'etc/passwd', read: rootAccounts },
  { reads: (path) => path === 'etc/passwd' || path === 'etc/shadow', read: openAccounts },
  { reads: (path) => path === 'etc/shadow', read: passwords },
  { reads: (path) => sudoersFile.test(path), read: sudoRules },
  { reads: (path) => path.startsWith('etc/pam.d/'), read: openLogins },
  { reads: (path) => path.endsWith('.ssh/authorized_keys') || keyFile.test(path), read: authorizedKeys },
  { reads: (path) => path === 'etc/ld.so.preload', read: preloads },
];

/** @see https://man7.org/linux/man-pages/man5/passwd.5.html */
function rootAccounts(path: string, lines: readonly string[]): FileSign[] {
  const names = lines
    .map((line) => line.split(':'))
    .flatMap(([name = '', , uid = '']) => (/^0+$/.test(uid) ? [name] : []));
  const others = names.filter((name, index) => name !== 'root' || names.indexOf(name) < index);
  return signIfAny(path, 'root-account', 'certain', { accounts: others.slice(0, maxNames) }, others.length);
}

/** Accounts with an empty password, which allow a login without one; `x`, `*` and `!` do not. */
function openAccounts(path: string, lines: readonly string[]): FileSign[] {
  const names = lines
    .map((line) => line.split(':'))
    .flatMap(([name = '', password, uid]) => (name !== '' && password === '' && uid !== undefined ? [name] : []));
  return signIfAny(path, 'open-account', 'certain', { accounts: names.slice(0, maxNames) }, names.length);
}

/** Accounts with a password hash, which an attacker who has the image can crack offline. */
function passwords(path: string, lines: readonly string[]): FileSign[] {
  const names = lines
    .map((line) => line.split(':'))
    .flatMap(([name = '', password = '']) => (/^\$[0-9a-z]{1,8}\$/.test(password) ? [name] : []));
  return signIfAny(path, 'password', 'certain', { accounts: names.slice(0, maxNames) }, names.length);
}

/**
 * `sufficient` rules with a module that always permits. @see
 * https://man7.org/linux/man-pages/man5/pam.d.5.html
 */
function openLogins(path: string, lines: readonly string[]): FileSign[] {
  const rules = lines.filter((line) => /^-?auth\s{1,40}sufficient\s{1,40}(?:\S{0,64}\/)?pam_permit\.so\b/.test(line));
  return signIfAny(path, 'open-login', 'certain', { rules: rules.length }, rules.length);
}

/** @see https://www.sudo.ws/docs/man/sudoers.man/ "Tag_Spec" */
function sudoRules(path: string, lines: readonly string[]): FileSign[] {
  const rules = lines.filter((line) => /\bNOPASSWD\s{0,8}:/.test(line) && !/^\s*#/.test(line));
  const who = [...new Set(rules.map((line) => line.trim().split(/\s/, 1)[0] ?? ''))];
  return signIfAny(path, 'sudo-without-password', 'certain', { who: who.slice(0, maxNames) }, who.length);
}

/** @see https://man.openbsd.org/sshd#AUTHORIZED_KEYS_FILE_FORMAT */
function authorizedKeys(path: string, lines: readonly string[]): FileSign[] {
  const keys = lines.flatMap((line) => {
    const [, type, base64] = key.exec(line.slice(0, 16_384)) ?? [];
    return type === undefined || base64 === undefined ? [] : [{ type, fingerprint: fingerprintOf(base64) }];
  });
  return signIfAny(
    path,
    'authorized-key',
    'certain',
    { keys: keys.slice(0, maxNames), count: keys.length },
    keys.length,
  );
}

/** Fingerprint in the format of ssh-keygen. */
function fingerprintOf(base64: string): string {
  const digest = createHash('sha256').update(Buffer.from(base64, 'base64')).digest('base64');
  return `SHA256:${digest.replace(/(?<!=)=+$/, '')}`;
}

/** @see https://man7.org/linux/man-pages/man8/ld.so.8.html "/etc/ld.so.preload" */
function preloads(path: string, lines: readonly string[]): FileSign[] {
  const libraries = lines.flatMap((line) => line.split('#', 1)[0]!.split(/[\s:]+/)).filter((library) => library !== '');
  return signIfAny(path, 'ld-preload', 'certain', { libraries: libraries.slice(0, maxNames) }, libraries.length);
}

function signIfAny(
  path: string,
  sign: string,
  confidence: FileSign['confidence'],
  evidence: FileSign['evidence'],
  count: number,
): FileSign[] {
  return count === 0 ? [] : [{ path, sign, confidence, evidence }];
}
