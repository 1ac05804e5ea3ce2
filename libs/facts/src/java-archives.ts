import type { ObservedProcess } from '@tidewaiter/domain';

import { absolutePath } from './paths.js';

/** Limit on archives: a class path has no bound of its own. */
const maxArchives = 256;
const maxCommandLineChars = 64 * 1024;

const archiveName = /\.(?:jar|war|ear)$/i;
const valueOptions = new Set(['-p', '--module-path', '--upgrade-module-path', '--add-modules', '-m', '--module']);
const classPathOptions = new Set(['-cp', '-classpath', '--class-path']);

/** Fields of an {@link ObservedProcess} that name archives. */
type Commands = Pick<ObservedProcess, 'commandLine' | 'parentCommandLine' | 'workingDirectory'>;

/** Whether a file is a Java archive, which may contain packages of its own. */
export function isJavaArchive(path: string): boolean {
  return archiveName.test(path);
}

/**
 * Archives of `java -jar` or a class path in the command line of a process or of its parent. A path
 * stays relative if the working directory is unknown, and `folder/*` stands for the archives of a
 * folder.
 * @see https://docs.oracle.com/en/java/javase/21/docs/specs/man/java.html
 */
export function javaArchivesOf({ commandLine, parentCommandLine, workingDirectory }: Commands): string[] {
  const named = [commandLine, parentCommandLine].flatMap((line) => (line === null ? [] : archivesIn(line)));
  const absolute = named.map((path) => absolutePath(path, workingDirectory) ?? path.replace(/^\.\//, ''));
  return [...new Set(absolute)].slice(0, maxArchives);
}

/** Whether a package at `location` (`/srv/shop.ear!/lib/x.jar`) is in the archive of a process. */
export function isInArchive(location: string, archive: string): boolean {
  const [file = ''] = location.split('!/', 1);
  if (!archive.endsWith('/*')) return file === archive || (!archive.startsWith('/') && file.endsWith(`/${archive}`));
  const folder = file.slice(0, Math.max(0, file.lastIndexOf('/')));
  return isJavaArchive(file) && isInArchive(folder, archive.slice(0, -2));
}

function archivesIn(commandLine: string): string[] {
  const words = commandLine
    .slice(0, maxCommandLineChars)
    .split(/\s+/)
    .map((word) => word.replace(/^["']|["']$/g, ''));
  if (!/(?:^|\/)java$/.test(words[0] ?? '')) return [];
  const archives: string[] = [];
  for (let index = 1; index < words.length; index += 1) {
    const word = words[index]!;
    if (word === '-jar') return [...archives, ...(words[index + 1] ? [words[index + 1]!] : [])];
    if (classPathOptions.has(word)) archives.push(...classPath(words[(index += 1)] ?? ''));
    else if (word.startsWith('--class-path=')) archives.push(...classPath(word.slice('--class-path='.length)));
    else if (valueOptions.has(word)) index += 1;
    // After the main class, the remaining arguments are the application's.
    else if (!word.startsWith('-')) break;
  }
  return archives;
}

function classPath(text: string): string[] {
  return text.split(':').filter((path) => isJavaArchive(path) || path.endsWith('/*'));
}
