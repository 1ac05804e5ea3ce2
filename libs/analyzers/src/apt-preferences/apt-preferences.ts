import type { AptPin } from '@tidewaiter/advisories';
import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { deb822Stanzas } from '../deb822.js';
import { readText } from '../document.js';

/** Files of the folder have the extension `pref` or none; apt ignores others. */
const configuration = /^etc\/apt\/(?:preferences|preferences\.d\/[\w-]{1,200}(?:\.pref)?)$/;

const maxBytes = 1024 * 1024;
const maxPins = 100;

/**
 * Pins of apt that prefer or exclude releases. Those of versions and of servers are about no
 * release. @see https://manpages.debian.org/apt_preferences.5
 */
export const aptPreferences: Analyzer = {
  name: 'apt-preferences',
  version: 1,
  maxBytes,
  wants: (path) => configuration.test(path),
  analyze: ({ content }) => {
    const pins: AptPin[] = [];
    for (const fields of deb822Stanzas(readText(content, maxBytes).replaceAll('\r', ''), continued)) {
      const pin = readPin(fields);
      if (pin) pins.push(pin);
      if (pins.length > maxPins) throw new MalformedFile(`more than ${maxPins} pins`);
    }
    return pins.length === 0 ? {} : { pins };
  },
};

const continued: ReadonlySet<string> = new Set(['package']);

function readPin(fields: ReadonlyMap<string, string>): AptPin | undefined {
  const [, text] = /^release\s{1,99}(\S.{0,999})$/.exec(fields.get('pin') ?? '') ?? [];
  const priority = /^[-+]?\d{1,5}$/.exec(fields.get('pin-priority') ?? '')?.[0];
  const packages = (fields.get('package') ?? '').split(/[\s,]+/).filter(isPattern);
  // apt refuses a priority of zero.
  if (text === undefined || priority === undefined || Number(priority) === 0 || packages.length === 0) return undefined;
  const release = text.split(',').map(withoutSpaces);
  return { packages: packages.slice(0, maxPatterns), release: release.filter(Boolean), priority: Number(priority) };
}

/** `a = sid` as `a=sid`. */
function withoutSpaces(condition: string): string {
  return condition
    .split('=')
    .map((each) => each.trim())
    .join('=');
}

const maxPatterns = 100;

/** Names and globs; regular expressions and sets of characters are not evaluated. */
function isPattern(text: string): boolean {
  return /^[\w.+*?:-]{1,200}$/.test(text);
}
