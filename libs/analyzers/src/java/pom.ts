import { linesOf } from '../package-database.js';

/** What Maven calls an artifact by. */
export interface Coordinates {
  group: string;
  artifact: string;
  version: string;
}

const id = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,255}$/;
const version = /^[A-Za-z0-9_][A-Za-z0-9_.+~-]{0,127}$/;

/** Whether Maven lets this be a group or an artifact; `${project.groupId}` is none. */
export function isMavenId(value: string | undefined): value is string {
  return value !== undefined && id.test(value);
}

/** Whether this can be the version of an artifact: there is a digit in all of them. */
export function isMavenVersion(value: string | undefined): value is string {
  return value !== undefined && version.test(value) && /\d/.test(value);
}

function coordinates(group?: string, artifact?: string, version?: string): Coordinates | undefined {
  if (!isMavenId(group) || !isMavenId(artifact) || !isMavenVersion(version)) return undefined;
  return { group, artifact, version };
}

/** What Maven writes into every archive as `META-INF/maven/<group>/<artifact>/pom.properties`. */
export function readPomProperties(text: string): Coordinates | undefined {
  const properties = new Map<string, string>();
  for (const line of linesOf(text)) {
    const [, key, value] = /^\s{0,8}(groupId|artifactId|version)\s{0,8}[=:](.{0,512})$/.exec(line.trimEnd()) ?? [];
    if (key !== undefined && value !== undefined) properties.set(key, value.trim());
  }
  return coordinates(properties.get('groupId'), properties.get('artifactId'), properties.get('version'));
}

/** Elements of `<project>` that count; group and version may come from the parent. */
const wantedPaths = new Set(
  ['groupId', 'artifactId', 'version', 'parent/groupId', 'parent/version'].map((path) => `project/${path}`),
);
const maxDepth = 64;

/**
 * The coordinates that a `pom.xml` gives its project. Only tags and text are looked at: no entity is expanded, no
 * property resolved, and a value with either in it is none.
 * @see https://maven.apache.org/pom.html#Maven_Coordinates
 */
export function readPomXml(xml: string): Coordinates | undefined {
  const values = new Map<string, string>();
  const open: string[] = [];
  for (const { tag, text } of tagsOf(xml)) {
    if (tag.startsWith('/')) {
      const path = open.join('/');
      if (wantedPaths.has(path) && !values.has(path)) values.set(path, text.trim());
      open.pop();
    } else if (!tag.endsWith('/')) {
      open.push(tag.split(/\s/, 1)[0] ?? '');
      if (open.length > maxDepth) return undefined;
    }
  }
  const inherited = (name: string) => values.get(`project/${name}`) ?? values.get(`project/parent/${name}`);
  return coordinates(inherited('groupId'), values.get('project/artifactId'), inherited('version'));
}

/** How a stretch of markup begins and ends; tags last, as everything else begins like one. */
const markup = [
  { start: '<!--', end: '-->' },
  { start: '<![CDATA[', end: ']]>' },
  { start: '<!', end: '>' },
  { start: '<?', end: '>' },
  { start: '<', end: '>' },
] as const;

/** The tags of a document, each with the text before it; comments, sections, declarations and instructions are skipped. */
function* tagsOf(xml: string): Generator<{ tag: string; text: string }> {
  for (let at = 0; ;) {
    const start = xml.indexOf('<', at);
    if (start === -1) return;
    const kind = markup.find((one) => xml.startsWith(one.start, start))!;
    const end = xml.indexOf(kind.end, start + kind.start.length);
    if (end === -1) return;
    if (kind.start === '<') yield { tag: xml.slice(start + 1, end), text: xml.slice(at, start) };
    at = end + kind.end.length;
  }
}
