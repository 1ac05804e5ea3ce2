import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve(import.meta.dirname, '..');

describe('sources of the web pages', () => {
  const names = globSync(['index.html', 'src/**/*.{ts,tsx,css}'], { cwd: folder }).filter(
    (name) => !name.endsWith('.test.ts'),
  );
  const files = names.map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

  it.each(files)('$name makes no markup of text, and runs under the content security policy', ({ name, text }) => {
    expect(text).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?:\/\/(?!\$|www\.w3\.org)/i,
    );
    if (name === 'index.html') expect(text).not.toMatch(/<script>|<style[\s>]|\sstyle=|\son[a-z]+=/);
  });
});
