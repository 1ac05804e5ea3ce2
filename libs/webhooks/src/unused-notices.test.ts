import { InvalidInput } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import type { HookRequest } from './hook-request.js';
import { registryKind, registryKinds } from './registry-kinds.js';

type Members = Readonly<Record<string, unknown>>;
interface Notice {
  headers?: Record<string, string>;
  body: unknown;
}

/**
 * A notice of another type of each sender: the members that every notice of the sender has, and
 * those of the type. Senders add types, and some disable a webhook after a few refusals.
 */
const unused: Readonly<Record<string, (type: string, members: Members) => Notice>> = {
  distribution: (type, members) => ({ body: { events: [{ ...members, id: 'e', action: type }] } }),
  gitlab: (type, members) => ({ body: { events: [{ ...members, id: 'e', action: type }] } }),
  dockerhub: (type, members) => ({ body: { ...members, [type]: {}, repository: { repo_name: 'a/b' } } }),
  'aliyun-acr': (type, members) => ({ body: { ...members, [type]: {}, repository: { repo_full_name: 'a/b' } } }),
  harbor: (type, members) => ({ body: { occur_at: 1, operator: 'admin', ...members, type } }),
  quay: (_type, members) => ({ body: { ...members, namespace: 'shop', homepage: 'https://quay.example/shop' } }),
  ghcr: (type, members) => ({ headers: { 'x-github-event': type }, body: { ...members, sender: { login: 'a' } } }),
  gitea: (type, members) => ({ headers: { 'x-gitea-event': type }, body: { ...members, sender: { login: 'a' } } }),
  ecr: (type, members) => ({ body: { source: 'aws.ecr', 'detail-type': type, detail: members } }),
  gar: (type, members) => ({ body: { message: { messageId: 'm', data: base64({ ...members, action: type }) } } }),
  acr: (type, members) => ({ body: { ...members, id: 'i', action: type } }),
  jfrog: (type, members) => ({ body: { ...members, domain: type, event_type: type } }),
  nexus: (type, members) => ({ headers: { 'x-nexus-webhook-id': `rm:${type}` }, body: { ...members, nodeId: 'n' } }),
  zot: (type, members) => ({ headers: { 'ce-type': type }, body: members }),
  generic: (type, members) => ({ body: { ...members, type } }),
};

/** Documented notices that no kind uses, with their origin. */
const documented: readonly (readonly [kind: string, name: string, notice: Notice])[] = [
  // quay/quay, notifications/notificationevent.py
  [
    'quay',
    'quota_warning',
    { body: { namespace: 'shop', homepage: 'https://q/organization/shop', usage_percent: 80 } },
  ],
  ['quay', 'repo_mirror_sync_failed', { body: { repository: 'a/b', docker_url: 'q/a/b', message: 'x' } }],
  // sonatype/nexus-public, AuditWebhook and RepositoryWebhook
  ['nexus', 'audit', { body: { timestamp: 't', nodeId: 'n', initiator: 'admin', audit: { domain: 'security.user' } } }],
  ['nexus', 'repository', { body: { nodeId: 'n', action: 'CREATED', repository: { format: 'docker', name: 'r' } } }],
  // go-gitea/gitea, modules/structs/hook.go
  ['gitea', 'push', { headers: { 'x-gitea-event': 'push' }, body: { ref: 'refs/heads/main', commits: [] } }],
  ['gitea', 'fork', { headers: { 'x-forgejo-event': 'fork' }, body: { forkee: {}, repository: {}, sender: {} } }],
  // goharbor/harbor, a project's replication
  ['harbor', 'REPLICATION', { body: { type: 'REPLICATION', occur_at: 1, event_data: { replication: {} } } }],
  ['jfrog', 'user locked', { body: { domain: 'user', event_type: 'locked', data: {} } }],
];

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
const request = ({ headers = {}, body }: Notice): HookRequest => ({ headers, body: Buffer.from(JSON.stringify(body)) });

// A prefix that is no used type, action or domain of any sender.
const otherType = fc.stringMatching(/^[a-z][a-z._-]{0,20}$/).map((name) => `unused.${name}`);
const members = fc.dictionary(
  fc.stringMatching(/^[a-z_]{1,12}$/).filter((name) => !['tags', 'package', 'message', 'updated_tags'].includes(name)),
  fc.jsonValue({ maxDepth: 2 }),
  { maxKeys: 6 },
);

describe('unused notices', () => {
  it('have a sample for each kind', () => {
    expect(Object.keys(unused).toSorted()).toEqual(registryKinds.map(({ kind }) => kind).toSorted());
  });

  it.each(Object.entries(unused))('of %s are ignored, not refused', (kind, noticeOf) => {
    const { parse } = registryKind(kind)!;
    fc.assert(
      fc.property(otherType, members, (type, more) => {
        const { events, ignored } = parse(request(noticeOf(type, more)));
        expect(events).toEqual([]);
        expect(Object.values(ignored)).toEqual([1]);
        expect(ignored).not.toHaveProperty('malformed');
      }),
      { numRuns: 200 },
    );
  });

  it.each(documented)('of %s include %s', (kind, _, notice) => {
    expect(registryKind(kind)!.parse(request(notice))).toEqual({ events: [], ignored: { ignore: 1 } });
  });

  it.each(registryKinds.filter(({ kind }) => kind !== 'gar'))('are no bodies that $kind never sends', ({ parse }) => {
    for (const body of ['', 'not JSON', '7', 'null', '"text"', '[7]']) {
      expect(() => parse({ headers: {}, body: Buffer.from(body) })).toThrow(InvalidInput);
    }
  });
});
