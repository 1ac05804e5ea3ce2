import type { Exception } from './exception.js';
import { readIgnoreFile } from './ignore-file.js';
import { readTrivyIgnore, readTrivyIgnoreYaml } from './trivyignore.js';

const trivySection = /^(vulnerabilities|misconfigurations|secrets|licenses):/m;

/**
 * Reads an ignore file of any kind, told by its name and, of YAML, by what it begins with.
 * @throws InvalidInput `IGNORE_FILE_INVALID` naming the line and key of everything that is wrong
 */
export function readIgnores(text: string, name: string): Exception[] {
  if (!/\.ya?ml$/i.test(name)) return readTrivyIgnore(text, name);
  const isTrivys = name.includes('trivyignore') || trivySection.test(text);
  return isTrivys ? readTrivyIgnoreYaml(text, name) : readIgnoreFile(text, name);
}
