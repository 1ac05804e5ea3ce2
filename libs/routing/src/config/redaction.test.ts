import { inspect } from 'node:util';

import { channelReaders } from '@tidewaiter/receivers';

import { Section } from './section.js';
import type { YamlValue } from './yaml-document.js';

// The readers are the schema. They are run on entries with one key that holds a canary, for each
// key that they ask for: first those of an entry, then those of the maps in it.

const canary = 'Zm9yLXlvdXItZXllcy1vbmx5';
const anyName = 'X-Any';

/** Map that records the keys that a reader asks for. */
class AskedMap extends Map<string, YamlValue> {
  readonly asked = new Set<string>();

  override get(key: string): YamlValue | undefined {
    this.asked.add(key);
    return super.get(key);
  }

  /** Readers of maps with names of the user's choice ask for all of them. */
  override keys(): MapIterator<string> {
    if (this.size === 0) this.asked.add(anyName);
    return super.keys();
  }
}

interface Step {
  key: string;
  /** Whether the map around the next key is an item of a list. */
  isList: boolean;
}

const nameOf = (path: readonly Step[]) => path.map(({ key, isList }) => (isList ? `${key}[0]` : key)).join('.');

/** Paths of the keys whose text is shown; keys that refuse the canary hold no secret either. */
function shownKeys(read: (entry: Section) => unknown): string[] {
  const shown = new Set<string>();
  const asked = new Map<string, Step[]>([['', []]]);
  const ask = (path: Step[], root: AskedMap): string => {
    const problems: string[] = [];
    const reading = { problems, warnings: [], secretLists: [], readFile: () => canary, environment: {} };
    const entry = new Section(root, '', reading);
    read(entry);
    const hasProblem = problems.some((problem) => problem.startsWith(nameOf(path)));
    return hasProblem ? '' : inspect(entry.redacted(), { depth: 20 });
  };
  for (const path of asked.values()) {
    if (path.length > 6) throw new Error(`keys without end: ${nameOf(path)}`);
    for (const text of [canary, `https://a.example/${canary}?token=${canary}`])
      for (const value of [text, [text], new Map([[anyName, text]])])
        if (path.length > 0 && ask(path, planted(path, value)).includes(canary)) shown.add(nameOf(path));
    for (const isList of path.length > 0 ? [false, true] : [false]) {
      const inside = new AskedMap();
      const outer = path.map((step, index) => (index === path.length - 1 ? { ...step, isList } : step));
      ask(path, path.length > 0 ? planted(outer, isList ? [inside] : inside) : inside);
      for (const key of inside.asked) {
        const next = [...outer, { key, isList: false }];
        asked.set(nameOf(next), next);
      }
    }
  }
  return [...shown].toSorted();
}

function planted(path: readonly Step[], value: YamlValue): AskedMap {
  return path.toReversed().reduce<{ value: YamlValue; root: AskedMap }>(
    (inner, { key, isList }, index) => {
      const root = new AskedMap([[key, index > 0 && isList ? [inner.value] : inner.value]]);
      return { value: root, root };
    },
    { value, root: new AskedMap() },
  ).root;
}

// Keys whose text is shown. A new key that is not read as a secret must be added here: decide
// whether all viewers may see it.
const shownOf: Record<string, string> = {
  global: 'smtp_auth_identity smtp_auth_username smtp_hello wechat_api_corp_id',
  slack: 'channel icon_emoji username',
  email: 'auth_identity auth_username headers hello',
  webhook: '',
  pagerduty: 'class client component details group source',
  opsgenie: 'details entity note responders[0].id responders[0].username source tags',
  msteamsv2: '',
  discord: 'username',
  telegram: '',
  sns: 'attributes subject',
  jira: 'description fields fields.X-Any issue_type labels labels.values priority project reopen_transition resolve_transition summary summary.template wont_fix_resolution',
  incidentio: '',
  mattermost: 'channel icon_emoji username',
  pushover: 'device sound',
  rocketchat: 'channel emoji',
  victorops: 'custom_fields monitoring_tool routing_key',
  wechat: 'agent_id corp_id to_party to_tag to_user',
  webex: 'room_id',
  alertmanager: '',
  syslog: 'app_name hostname',
  splunk_hec: 'index source sourcetype',
  elasticsearch: '',
  dependency_track: 'project_tags',
  defectdojo: 'engagement product product_type',
};

/** Keys of a connection, which several kinds have. */
const shownOfConnection = new Set([
  'http_config.authorization.type',
  'http_config.oauth2.client_id',
  'http_config.oauth2.scopes',
  'http_config.oauth2.tls_config.server_name',
  'http_config.tls_config.server_name',
  'smtp_tls_config.server_name',
  'tls_config.server_name',
]);

/** Keys that name files, whose text is not in the routing. */
const namesFile = /_file$|\.files$/;

const none = { problems: [], warnings: [], secretLists: [], readFile: () => '', environment: {} };
const readers: [kind: string, read: (entry: Section) => unknown][] = [
  ['global', (global) => [...channelReaders(global)]],
  ...[...channelReaders(new Section(new Map(), 'global', none))].map(
    ([kind, reader]): [string, (entry: Section) => unknown] => [kind, (entry) => reader.read(entry)],
  ),
];

describe('the redacted text', () => {
  it.each(readers)('shows no other keys of %s than these', (kind, read) => {
    const shown = shownKeys(read).filter((key) => !namesFile.test(key) && !shownOfConnection.has(key));
    expect(shown.join(' ')).toBe(shownOf[kind]);
  });
});
