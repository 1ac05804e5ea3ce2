import type { ObservationSubject } from './subject.js';

const inPackage = /^.*\/node_modules\/((?:@[^/@]{1,214}\/)?[^/@.][^/@]{0,213})(?:\/|$)/;

/**
 * Returns the `@scope/name` of the innermost package folder around the file, else around the
 * process's working directory.
 */
export function npmPackageOf({ path, observation: { process } }: ObservationSubject): string | undefined {
  for (const place of [path, process?.workingDirectory]) {
    const name = place && inPackage.exec(place.slice(0, 4096))?.[1];
    if (name) return name;
  }
  return undefined;
}
