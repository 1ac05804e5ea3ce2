import { linesOf } from '../package-database.js';

/** Maven coordinates of an artifact. */
export interface Coordinates {
  group: string;
  artifact: string;
  version: string;
}

const id = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,255}$/;
const version = /^[A-Za-z0-9_][A-Za-z0-9_.+~-]{0,127}$/;

/** Whether the value is a valid group or artifact id of Maven; `${project.groupId}` is not. */
export function isMavenId(value: string | undefined): value is string {
  return value !== undefined && id.test(value);
}

/** Whether the value can be the version of an artifact; every version has a digit. */
export function isMavenVersion(value: string | undefined): value is string {
  return value !== undefined && version.test(value) && /\d/.test(value);
}

function coordinates(group?: string, artifact?: string, version?: string): Coordinates | undefined {
  if (!isMavenId(group) || !isMavenId(artifact) || !isMavenVersion(version)) return undefined;
  return { group, artifact, version };
}

/**
 * Parses `META-INF/maven/<group>/<artifact>/pom.properties`, which Maven writes into every archive.
 */
export function readPomProperties(text: string): Coordinates | undefined {
  const properties = new Map<string, string>();
  for (const line of linesOf(text)) {
    const [, key, value] = /^\s{0,8}(groupId|artifactId|version)\s{0,8}[=:](.{0,512})$/.exec(line.trimEnd()) ?? [];
    if (key !== undefined && value !== undefined) properties.set(key, value.trim());
  }
  return coordinates(properties.get('groupId'), properties.get('artifactId'), properties.get('version'));
}

/** Elements of `<project>` that are read; group and version may come from the parent. */
const wantedPaths = new Set(
  ['groupId', 'artifactId', 'version', 'parent/groupId', 'parent/version'].map((path) => `project/${path}`),
);
const maxDepth = 64;

/**
 * Coordinates of the project in a `pom.xml`. Only tags and text are read: no entity is expanded and
 * no property resolved, and a value that contains either is rejected.
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

/** Start and end of each kind of markup; tags last, because every other kind starts like a tag. */
const markup = [
  { start: '<!--', end: '-->' },
  { start: '<![CDATA[', end: ']]>' },
  { start: '<!', end: '>' },
  { start: '<?', end: '>' },
  { start: '<', end: '>' },
] as const;

/**
 * Yields the tags of a document, each with the text before it; comments, sections, declarations and
 * instructions are skipped.
 */
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
