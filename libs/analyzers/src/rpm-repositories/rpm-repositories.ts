import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer, FileFacts, RpmRepositories } from '../analyzer.js';
import { objectOf, readJson, readText } from '../document.js';
import { isToken } from '../package-database.js';
import { readToml } from '../toml.js';
import { readHistory } from './dnf-history.js';

/** Directory of a package, with its checksum: `9a…-kernel-5.15.43-20.amzn2-x86_64`. */
const yumdb = /^var\/lib\/yum\/yumdb\/[^/]\/[0-9a-f]{40,64}-([^/]{3,500})-([^/-]{1,64})\/from_repo$/;
const history = 'var/lib/dnf/history.sqlite';
const nevras = 'usr/lib/sysimage/libdnf5/nevras.toml';
const manifest = /^(?:root\/buildinfo\/content_manifests|usr\/share\/buildinfo)\/[^/]{1,200}\.json$/;
/** Labels of an image beside its content sets, which may name the product as a CPE. */
const labels = /^(?:root\/buildinfo|usr\/share\/buildinfo)\/labels\.json$/;
const configuration = /^etc\/yum\.repos\.d\/[^/]{1,200}\.repo$/;
const modules = /^etc\/dnf\/modules\.d\/[^/]{1,200}\.module$/;

const maxRepositories = 200;
/** Subscriptions list thousands, nearly all of them disabled. */
const maxSections = 10_000;
const maxHistoryBytes = 256 * 1024 * 1024;

/**
 * Repositories of RPM packages: where package managers installed each from, those of the build
 * system of Red Hat, those that are enabled, and enabled modules.
 */
export const rpmRepositories: Analyzer = {
  name: 'rpm-repositories',
  version: 2,
  maxBytes: maxHistoryBytes,
  wants: (path) =>
    path === history ||
    path === nevras ||
    [manifest, labels, configuration, modules, yumdb].some((pattern) => pattern.test(path)),
  analyze: ({ path, content }) => {
    if (path === history) return facts({ origins: readHistory(content) });
    if (path === nevras) return facts({ origins: readNevras(content) });
    if (labels.test(path)) return facts({ repositories: readLabels(content) });
    if (configuration.test(path)) return facts({ repositories: readEnabled(readText(content, 1024 * 1024)) });
    if (manifest.test(path)) return facts({ repositories: readContentSets(content) });
    if (modules.test(path)) return facts({ modules: readModules(readText(content, 64 * 1024)) });
    const [, name, arch] = yumdb.exec(path) ?? [];
    const repository = readText(content, 1024).trim();
    return facts({ origins: isToken(repository) ? [[`${name}.${arch}`, repository]] : [] });
  },
};

/** Facts of a file that names something. */
function facts(found: RpmRepositories): FileFacts {
  return Object.values(found).some((list) => list.length > 0) ? { rpm: found } : {};
}

/** Installed packages of dnf 5, with the repository of each. */
function readNevras(content: Buffer): [string, string][] {
  const listed = Object.entries(objectOf(readToml(content)['nevras']));
  return listed.flatMap(([nevra, entry]) => {
    const repository = objectOf(entry)['from_repo'];
    return typeof repository === 'string' && isToken(repository) ? [[withoutEpoch(nevra), repository]] : [];
  });
}

/** `openssl-3.2.2-7.fc41.x86_64` of `openssl-1:3.2.2-7.fc41.x86_64`. */
function withoutEpoch(nevra: string): string {
  return nevra.replace(/-\d{1,10}:(?=[^:]{1,500}$)/, '-');
}

/** Repositories of a build. Files of other contents in the folder are none. */
function readContentSets(content: Buffer): string[] {
  const sets = objectOf(readJson(content))['content_sets'];
  if (!Array.isArray(sets)) return [];
  if (sets.length > maxRepositories) throw new MalformedFile(`more than ${maxRepositories} content sets`);
  return sets.filter((each): each is string => typeof each === 'string' && /^[\w.-]{1,200}$/.test(each));
}

/** CPE in the labels of an image: `cpe:/a:redhat:rhel_eus:9.4::appstream`. */
function readLabels(content: Buffer): string[] {
  return cpeOfLabels(objectOf(readJson(content)));
}

/** The same of the labels in the configuration of an image, which images built on it inherit. */
export function cpeOfLabels({ cpe }: Readonly<Record<string, unknown>>): string[] {
  return typeof cpe === 'string' && /^cpe:\/[aoh]:redhat:[\w.:~-]{1,200}$/.test(cpe) ? [cpe] : [];
}

/** Repositories of Red Hat, by the ids of its subscriptions and of its free images. */
const redHatId = /^(?:rhel-|ubi-|codeready-builder-|[\w.-]{1,100}-for-rhel-)[\w.-]{1,150}$/;

/** Enabled repositories of Red Hat in a configuration of yum or dnf. */
function readEnabled(text: string): string[] {
  const sections = text.split(/^(?=\[)/m).slice(0, maxSections);
  const enabled = sections.flatMap((section) => {
    const [, id] = /^\[([\w.-]{1,200})\]/.exec(section) ?? [];
    // Without the key a repository is enabled.
    const isDisabled = /^enabled\s{0,9}=\s{0,9}(?:0|no|false|off)\s{0,9}$/im.test(section);
    return id !== undefined && !isDisabled && redHatId.test(id) ? [id] : [];
  });
  if (enabled.length > maxRepositories) throw new MalformedFile(`more than ${maxRepositories} enabled repositories`);
  return enabled;
}

/** State of modules, as `[nginx]` with `stream=1.18` and `state=enabled`. */
function readModules(text: string): string[] {
  const enabled: string[] = [];
  for (const section of text.split(/^(?=\[)/m).slice(0, maxRepositories)) {
    const [, name] = /^\[([\w.+-]{1,100})\]/.exec(section) ?? [];
    const [, stream] = /^stream\s{0,9}=\s{0,9}([\w.+-]{1,100})\s{0,9}$/m.exec(section) ?? [];
    const isEnabled = /^state\s{0,9}=\s{0,9}(?:enabled|installed)\s{0,9}$/m.test(section);
    if (name !== undefined && stream !== undefined && isEnabled) enabled.push(`${name}:${stream}`);
  }
  return enabled;
}
