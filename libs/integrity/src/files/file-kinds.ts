import type { LayerEntry } from '@tidewaiter/oci';

const library = /\.so(\.[0-9][0-9.]{0,40})?$/;
const code = /\.(py|pl|pm|rb|js|mjs|cjs|php|sh|bash|ps1|jar|war|ear|class|dll|node|wasm|lua)$/;
/** Directories in which only packages install programs, unlike `usr/local` and `opt`. */
export const programDirectory = /^(usr\/)?s?bin\/[^/]{1,255}$/;
/** Login modules and loaders: an attacker who changes one controls every login or every process. */
const trusted =
  /(^|\/)(security\/pam_[^/]{1,80}\.so|libpam\.so\.[0-9.]{1,20}|ld-(linux|musl)[^/]{1,40}\.so[.0-9]{0,8}|libc\.so\.6|sshd|sudo|su|login)$/;

/**
 * Programs that run any command of their caller: setuid would give every user the owner's rights.
 * No distribution sets it.
 */
export const neverSetuid =
  /^(usr\/)?s?bin\/((ba|da|z|k|c|tc|fi)?sh|busybox|env|find|awk|gawk|mawk|perl[0-9.]{0,8}|python[0-9.]{0,8}|ruby[0-9.]{0,8}|node|php[0-9.]{0,8}|vim?|vim\.[a-z]{1,10}|nano|less|more|cp|mv|dd|tee|tar|cat|chmod|chown|ed|sed|install|nmap|gdb|strace|socat|nc|curl|wget|xargs|timeout|systemctl|docker)$/;

/** Permission bits that the evaluations test. */
export const bits = { setuid: 0o4000, setgid: 0o2000, execute: 0o111, othersWrite: 0o002 };

export function isLibrary(path: string): boolean {
  return library.test(path);
}

/** Whether the path alone, without the mode, identifies a program or library. */
export function isProgramPath(path: string): boolean {
  return programDirectory.test(path) || library.test(path);
}

/** Whether the name identifies code that another program runs: a script, an archive of classes. */
export function isCodeName(path: string): boolean {
  return code.test(path);
}

/** Whether the file is run, loaded or interpreted. */
export function isCode({ path, mode }: Pick<LayerEntry, 'path' | 'mode'>): boolean {
  return (mode & bits.execute) !== 0 || library.test(path) || code.test(path);
}

/** Whether the file controls access rights: setuid programs, login modules, the loader. */
export function isTrusted({ path, mode }: Pick<LayerEntry, 'path' | 'mode'>): boolean {
  return isSetuid(mode) || trusted.test(path);
}

/** Whether running a file of this mode grants its owner's or group's rights. */
export function isSetuid(mode: number): boolean {
  return (mode & (bits.setuid | bits.setgid)) !== 0 && (mode & bits.execute) !== 0;
}

/** Usual notation of a mode: `4777`. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
