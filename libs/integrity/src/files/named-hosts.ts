import { isScript } from './file-sign.js';
import { isStarted } from './script-signs.js';
import { statementsOf, wordsOf } from './shell-commands.js';

/** Hosts in one file. */
export interface NamedHosts {
  path: string;
  /** Lower case, sorted; without ports, paths and passwords. */
  hosts: string[];
}

/** Limit on the size of a searched file: larger ones are generated and name too many hosts. */
const maxFileBytes = 256 * 1024;
const maxHosts = 100;

const codeOrSettings =
  /\.(?:sh|bash|zsh|py|pl|rb|php|js|mjs|cjs|ts|lua|ps1|json|ya?ml|toml|ini|conf|cfg|cnf|env|properties|xml|list|sources|repo|service|timer)$/;
const settingsDirectory = /^(?:usr\/local\/)?etc\//;
/** Manuals, licenses, types and package metadata, which name hosts that are never connected to. */
const description =
  /^(?:usr\/share\/(?:doc|man|info|locale|licenses|common-licenses|mime|xml|perl5?)\/|var\/lib\/(?:dpkg|apt)\/|(?:usr\/)?lib\/apk\/)|\/node_modules\/(?:[^/]{1,214}\/){1,2}(?:package|bower|component)\.json$|\.(?:min\.js|d\.[cm]?ts)$/;

/**
 * Whether a file is code or settings, by its path and first bytes: text that may contain hosts to
 * connect to.
 */
export function mayNameHosts(path: string, head: Uint8Array): boolean {
  if (head.length === 0 || description.test(path) || head.includes(0)) return false;
  return codeOrSettings.test(path) || isScript(head) || settingsDirectory.test(path) || isStarted(path);
}

/** Hosts in one file; none for a large file. */
export function hostsInFile({ path, content }: { path: string; content: Buffer }): string[] {
  if (content.length > maxFileBytes) return [];
  const isShell = isScript(content) || path.endsWith('.sh') || isStarted(path);
  if (!isShell && !content.includes('://')) return [];
  const text = content.toString('latin1');
  const comment = slashed.test(path) ? slashComment : hashComment;
  return limited([...hostsInLines(text, comment), ...(isShell ? hostsInCommands(text) : [])]);
}

/** Hosts in one build step. */
export function hostsInStep(createdBy: string): string[] {
  return limited([...hostsInLines(createdBy, null), ...hostsInCommands(createdBy)]);
}

function limited(hosts: readonly string[]): string[] {
  return [...new Set(hosts)].toSorted().slice(0, maxHosts);
}

const slashed = /\.(?:js|mjs|cjs|ts|php)$/;
/**
 * Whole comment lines only, in which no code can be hidden: `/**\/ fetch(…)` and `;fetch(…)` are
 * run.
 */
const slashComment = /^\s*(?:\/\/|\*\s(?!.*\*\/))/;
const hashComment = /^\s*#(?!!)/;
const url = /\b[a-z][a-z0-9+.-]{1,15}:\/\/(?:[^\s/@'"`<>]{1,256}@)?(\[[0-9a-f:.]{2,45}\]|[a-z0-9][a-z0-9.-]{0,252})/gi;
const socket = /\/dev\/(?:tcp|udp)\/([a-z0-9][a-z0-9.-]{0,252})\//gi;

/** Hosts in URLs and in the shell's `/dev/tcp` and `/dev/udp` paths. */
function* hostsInLines(text: string, comment: RegExp | null): Generator<string> {
  for (const line of text.split('\n')) {
    const isWorthALook = line.includes('://') || line.includes('/dev/');
    if (!isWorthALook || comment?.test(line)) continue;
    for (const pattern of [url, socket]) {
      for (const [, name = ''] of line.matchAll(pattern)) {
        const host = hostOf(name);
        if (host !== undefined) yield host;
      }
    }
  }
}

const mayConnect = /\b(?:curl|wget2?|nc|ncat|netcat|socat|ssh|scp|sftp|rsync|telnet|aria2c|dig|nslookup|ping)\b/;
const argument =
  /^(?:[a-z0-9_.-]{1,64}@)?((?:[a-z0-9-]{1,63}\.){1,8}[a-z0-9-]{1,63})(:\d{1,5})?(\/[^\s]{0,2048}|:[^\s]{0,2048})?$/i;
/** Endings of file names: `install.sh` is a file, although `.sh` is a top-level domain. */
const fileName =
  /\.(?:sh|bash|py|pl|rb|js|ts|md|txt|log|json|ya?ml|toml|conf|cfg|ini|xml|html?|tar|t?gz|t?xz|bz2|zst|zip|jar|deb|rpm|apk|so|bin|pub|pem|crt|key|asc|sig|list|gpg|d)$/i;

/**
 * Hosts in arguments of network commands without a scheme: `curl get.example.com/x`, `nc 192.0.2.1
 * 4444`.
 */
function* hostsInCommands(text: string): Generator<string> {
  if (!mayConnect.test(text)) return;
  for (const statement of statementsOf(text)) {
    if (!mayConnect.test(statement)) continue;
    for (const word of wordsOf(statement)) {
      const [, name, port, rest] = argument.exec(word) ?? [];
      if (name === undefined || (fileName.test(name) && port === undefined && rest === undefined)) continue;
      const host = hostOf(name);
      if (host !== undefined) yield host;
    }
  }
}

/**
 * Names reserved for examples and for the machine itself. @see
 * https://www.rfc-editor.org/rfc/rfc2606
 */
const reserved = /(?:^|\.)(?:example|test|invalid|localhost|localdomain)$|(?:^|\.)example\.(?:com|net|org)$/;
/** Hosts of XML and JSON vocabularies, whose names are URLs that programs do not open. */
const vocabularies = new Set(
  (
    'w3.org www.w3.org xmlns.com purl.org schema.org json-schema.org relaxng.org docbook.org xmlns.jcp.org java.sun.com ' +
    'schemas.xmlsoap.org schemas.microsoft.com schemas.openxmlformats.org schemas.android.com ns.adobe.com www.opengis.net'
  ).split(' '),
);
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Normalized host name or address; undefined if it is no host, or this machine. */
function hostOf(name: string): string | undefined {
  const host = name.toLowerCase().replace(/[.-]{1,8}$/, '');
  if (host.startsWith('[')) return /^\[(?:::1?|.{0,3})\]$/.test(host) ? undefined : host.slice(1, -1);
  if (/^[0-9.]+$/.test(host)) return isAddress(host) ? host : undefined;
  const labels = host.split('.');
  const isName = labels.length > 1 && labels.every((each) => label.test(each)) && /^[a-z]/.test(labels.at(-1)!);
  return isName && !reserved.test(host) && !vocabularies.has(host) ? host : undefined;
}

function isAddress(text: string): boolean {
  const bytes = text.split('.').map(Number);
  return bytes.length === 4 && bytes.every((byte) => byte <= 255) && bytes[0] !== 127 && text !== '0.0.0.0';
}
