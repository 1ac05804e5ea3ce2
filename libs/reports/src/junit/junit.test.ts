import { emptyReport, hostileReport, sampleReport, unknownReport } from '../../samples/sample-report.js';
import type { Report } from '../report.js';
import { junit } from './junit.js';

const render = (report: Report) => junit.render(report, { width: 80, isColored: false, toolVersion: '0.1.0' });

interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

/** Parses XML strictly: every tag closed, no bare sign, only the predefined entities. */
function parse(xml: string): Element {
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const token = /<\?xml [^?]*\?>|<\/([a-z-]+)>|<([a-z-]+)((?: [a-z]+="[^"<]*")*)(\/?)>|([^<]+)/gy;
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex;
    const [whole, closing, opening, attributes = '', slash, text] = token.exec(xml) ?? [];
    if (whole === undefined) throw new Error(`no XML: ${xml.slice(at, at + 80)}`);
    if (closing !== undefined) expect(open.pop()!.name).toBe(closing);
    if (text !== undefined) open.at(-1)!.text += decode(text);
    if (opening === undefined) continue;
    const pairs = [...attributes.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, key, value]) => [key, decode(value!)]);
    const element: Element = { name: opening, attributes: Object.fromEntries(pairs), children: [], text: '' };
    open.at(-1)!.children.push(element);
    if (slash === '') open.push(element);
  }
  expect(open).toEqual([root]);
  return root.children[0]!;
}

function decode(text: string): string {
  const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' };
  expect(text.replaceAll(/&(amp|lt|gt|quot|#\d+);/g, '')).not.toContain('&');
  return text.replaceAll(/&(?:([a-z]+)|#(\d+));/g, (_whole, name: string, code: string) =>
    name ? named[name]! : String.fromCodePoint(Number(code)),
  );
}

const suite = (report: Report, name: string) =>
  parse(render(report)).children.find((each) => each.attributes['name'] === name)!;

describe('junit', () => {
  it('writes a failing case for each counted finding', () => {
    const root = parse(render(sampleReport));
    expect(root.attributes).toEqual({
      name: 'registry.example.com/shop/api:1.4.2',
      tests: '15',
      failures: '13',
      errors: '0',
      skipped: '1',
      time: '1.234',
    });
    expect(root.children.map(({ attributes }) => attributes['name'])).toEqual([
      'scan',
      'vulnerability',
      'secret',
      'misconfiguration',
      'integrity',
      'malware',
    ]);
  });

  it('skips vulnerabilities that a later layer hides, but not secrets', () => {
    const outcomes = (name: string) => suite(sampleReport, name).children.map(({ children }) => children[0]!.name);
    expect(outcomes('vulnerability').at(-1)).toBe('skipped');
    expect(outcomes('secret')).toEqual(['failure', 'failure', 'failure']);
  });

  it('writes a passing case without findings', () => {
    expect(parse(render(emptyReport)).attributes).toMatchObject({ tests: '1', failures: '0', errors: '0' });
  });

  it('reports an error if too little could be read', () => {
    expect(parse(render(unknownReport)).attributes).toMatchObject({ tests: '1', errors: '1' });
    const [error] = suite(unknownReport, 'scan').children[0]!.children;
    expect(error!.text).toBe('no advisories were given: packages were not evaluated\nusr/x.jar: not a zip archive');
  });

  it.each([
    ['<script>"&\'</script>', '<script>"&\'</script>'],
    [']]>', ']]>'],
    ['a\nb\tc', 'a\nb\tc'],
    ['nul\u0000 escape\u001B', 'nul\uFFFD escape\uFFFD'],
    ['\uD800 \uFFFE \uFFFF', '\uFFFD \uFFFD \uFFFD'],
    ['😀\u202E', '😀\u202E'],
  ])('preserves %j as far as XML can', (text, expected) => {
    const testCase = suite(hostileReport(text), 'vulnerability').children[0]!;
    expect(testCase.attributes['name']).toBe(expected);
    expect(testCase.children[0]!.text).toContain(expected);
  });
});
