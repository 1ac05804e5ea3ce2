import { InvalidInput, LimitExceeded, type Severity } from '@tidewaiter/domain';

import type { AffectedPackage } from '../../affected-package.js';
import { type AffectedConditions, coreRepository } from '../../conditions.js';
import type { OsvAdvisory } from '../../osv-record.js';
import { severityOf } from '../../severity.js';
import { aliasesOf, vulnerabilityIdOf } from '../../vulnerability-id.js';
import type { AdvisoryFormat, AdvisoryItem, FeedDocument } from '../format.js';
import { childOf, childrenOf, type XmlElement, xmlElements } from '../xml.js';

/** `ALAS-2011-1`, `ALAS2-2018-939`, `ALAS2KERNEL-5.15-2022-001`, `ALAS2023LIVEPATCH-2023-001`. */
const idPattern = /^ALAS\w{0,40}(?:[-.]\w{1,40}){1,8}$/;
/** An update of the kernel has some 40 packages on two architectures. */
const maxPackages = 20_000;

/**
 * Advisories of Amazon Linux: the `updateinfo.xml` of its repositories.
 * @see https://docs.aws.amazon.com/linux/al2023/ug/security-advisories.html
 */
export const amazonUpdateinfo: AdvisoryFormat = {
  name: 'amazon-updateinfo',
  ecosystem: 'Amazon Linux',
  recognizes: (head) => /<updates[\s>]/.test(head) && /<id>\s*ALAS/.test(head),
  owns: (id) => idPattern.test(id),
  read: readUpdates,
};

async function* readUpdates({ name, bytes }: FeedDocument): AsyncGenerator<AdvisoryItem> {
  for await (const update of xmlElements(bytes, new Set(['update']))) {
    const id = childOf(update, 'id')?.text ?? '';
    try {
      yield { name: id, advisory: advisoryOf(update, id), sizeBytes: update.length };
    } catch (error) {
      if (!(error instanceof InvalidInput || error instanceof LimitExceeded)) throw error;
      yield { name: id === '' ? name : id.slice(0, 100), error };
    }
  }
}

function advisoryOf(update: XmlElement, id: string): OsvAdvisory {
  if (!idPattern.test(id)) throw new InvalidInput('UPDATEINFO_INVALID', 'an update without an id of Amazon');
  const issued = timeOf(childOf(update, 'issued'));
  const modified = timeOf(childOf(update, 'updated')) ?? issued;
  if (modified === null) throw new InvalidInput('UPDATEINFO_INVALID', `${id} has no date`);
  const cves = childrenOf(childOf(update, 'references'), 'reference').flatMap(({ attributes }) =>
    attributes.get('type') === 'cve' ? [attributes.get('id') ?? ''] : [],
  );
  const severity: Severity = severityOf([], [childOf(update, 'severity')?.text], null) ?? 'unknown';
  const ids = { id, aliases: [], upstream: [...new Set(cves)] };
  return {
    id,
    vulnerabilityId: vulnerabilityIdOf(ids),
    aliases: aliasesOf(ids),
    modified,
    published: issued,
    withdrawn: null,
    title: titleOf(childOf(update, 'title')?.text ?? '', id),
    severity,
    cvss: null,
    affected: childrenOf(childOf(update, 'pkglist'), 'collection').flatMap((each) => entriesOf(each, id)),
    dropped: [],
  };
}

/** `important priority package update for kernel` of a title with product and id before it. */
function titleOf(title: string, id: string): string {
  const at = title.indexOf(`${id}: `);
  return (at === -1 ? title : title.slice(at + id.length + 2)).slice(0, 200).trim() || id;
}

/** `2022-06-06 17:58`, in some releases with seconds, in UTC. */
function timeOf(element: XmlElement | undefined): string | null {
  const [, day, time] =
    /^(\d{4}-\d{2}-\d{2})(?: (\d{2}:\d{2}(?::\d{2})?))?$/.exec(element?.attributes.get('date') ?? '') ?? [];
  const date = new Date(`${day}T${time ?? '00:00'}Z`);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** Product and repository that the name of a collection stands for. */
function placeOf(short: string, id: string): Pick<AffectedPackage, 'ecosystem' | 'release'> & { repository: string } {
  const isFirst = short === 'amazon-linux-ami' || (short === 'amazon-linux' && id.startsWith('ALAS-'));
  if (isFirst) return { ecosystem: 'Amazon Linux', release: '1', repository: coreRepository };
  const [, release, topic] = /^amazon-linux-(\d{1,4})(?:---([\w.+-]{1,100}))?$/.exec(short) ?? [];
  if (release === undefined)
    throw new InvalidInput('UPDATEINFO_INVALID', `unknown collection "${short.slice(0, 100)}"`);
  const isExtra = release === '2' && topic !== undefined && topic !== 'core';
  const repository = topic === undefined || topic === 'core' ? coreRepository : isExtra ? `extras/${topic}` : topic;
  return { ecosystem: 'Amazon Linux', release, repository };
}

/** One entry for each name and fixed version, for all architectures of it. */
function entriesOf(collection: XmlElement, id: string): AffectedPackage[] {
  const { ecosystem, release, repository } = placeOf(collection.attributes.get('short') ?? '', id);
  const packages = childrenOf(collection, 'package');
  if (packages.length > maxPackages)
    throw new LimitExceeded('maxPackages', `${id} lists more than ${maxPackages} packages`);
  const line = kernelLine(packages, repository);
  const entries = new Map<string, AffectedPackage & { conditions: AffectedConditions & { architectures: string[] } }>();
  for (const { attributes } of packages) {
    const [name, version, build, arch] = ['name', 'version', 'release', 'arch'].map((key) => attributes.get(key) ?? '');
    if (!name || !version || !build || !arch) throw new InvalidInput('UPDATEINFO_INVALID', `${id}: incomplete package`);
    const epoch = attributes.get('epoch') ?? '0';
    const fixed = `${/^[1-9]\d{0,8}$/.test(epoch) ? `${epoch}:` : ''}${version}-${build}`;
    const known = entries.get(`${name} ${fixed}`);
    if (known) known.conditions.architectures.push(arch);
    else {
      entries.set(`${name} ${fixed}`, {
        ...{ ecosystem, release, name, versions: [], severity: null, unfixed: 'not-fixed', isIncomplete: false },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
        conditions: {
          repository,
          architectures: [arch],
          ...(line?.builds.has(`${version}-${build}`) && { line: line.name }),
        },
      });
    }
  }
  return [...entries.values()];
}

/**
 * Line of the kernel that an update is about, where a release has several: its name is in those of
 * packages (`kernel6.12`) or in that of the repository (`extras/kernel-5.15`). Tools and headers
 * built with the kernel have the same name in all lines.
 */
function kernelLine(
  packages: readonly XmlElement[],
  repository: string,
): { name: string; builds: ReadonlySet<string> } | undefined {
  const named = packages.flatMap(({ attributes }) => {
    const [, own] = /^kernel(\d+\.\d+)(?:-|$)/.exec(attributes.get('name') ?? '') ?? [];
    return own === undefined ? [] : [own];
  });
  const name = named[0] ?? /^extras\/kernel-(\d+\.\d+)$/.exec(repository)?.[1];
  if (name === undefined) return undefined;
  const versions = packages.map(({ attributes }) => `${attributes.get('version')}-${attributes.get('release')}`);
  return { name, builds: new Set(versions.filter((version) => version.startsWith(`${name}.`))) };
}
