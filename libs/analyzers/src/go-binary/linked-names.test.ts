import { linkedCode } from '@tidewaiter/domain';

import { linkedIn } from '../linked-programs.js';
import { functionTable } from './function-table-writer.js';
import { functionNames } from './function-table.js';
import { linkedNames, readFunction } from './linked-names.js';

describe('readFunction', () => {
  it.each([
    ['net/http.Get', 'net/http', 'Get'],
    ['golang.org/x/net/html.(*Tokenizer).Next', 'golang.org/x/net/html', 'Tokenizer.Next'],
    ['golang.org/x/net/html.Tokenizer.Next', 'golang.org/x/net/html', 'Tokenizer.Next'],
    ['gopkg.in/yaml%2ev3.Unmarshal', 'gopkg.in/yaml.v3', 'Unmarshal'],
    ['net/http.(*Server).Serve.func1.2', 'net/http', 'Server.Serve'],
    ['net/http.(*Server).Serve-fm', 'net/http', 'Server.Serve'],
    ['net/http.(*Server).Serve.gowrap3', 'net/http', 'Server.Serve'],
    ['net/http.(*Server).Serve.deferwrap1', 'net/http', 'Server.Serve'],
    ['slices.Sort[go.shape.[]github.com/x/y.T]', 'slices', 'Sort'],
    ['sync/atomic.(*Pointer[go.shape.struct { a/b.c int }]).Load', 'sync/atomic', 'Pointer.Load'],
    ['example.com/a.init.0', 'example.com/a', 'init'],
    ['main.main', 'main', 'main'],
  ])('splits %s', (name, importPath, symbol) => {
    expect(readFunction(name)).toEqual({ importPath, symbol });
  });

  it.each(['type:.eq.net/http.Header', 'go:buildid', 'runtime', '', '.x', '_cgo_init'])('skips %p', (name) => {
    expect(readFunction(name)).toBeUndefined();
  });
});

describe('linkedNames', () => {
  const modules =
    'path\texample.com/tool/cmd/tool\nmod\texample.com/tool\tv1.0.0\nbuild\tGOOS=linux\nbuild\tGOARCH=arm64\n';
  const linked = [
    { path: 'stdlib', version: '1.24.4' },
    { path: 'example.com/fork', version: 'v2.0.0', isReplacement: true },
  ];

  it('names functions, packages, modules and the system', () => {
    const names = linkedIn(linkedNames(functionNames(functionTable(['net/http.Get', 'main.run'])), modules, linked));
    const expected = [
      linkedCode.function('net/http', 'Get'),
      linkedCode.package('net/http'),
      linkedCode.function('example.com/tool/cmd/tool', 'run'),
      linkedCode.module('stdlib', '1.24.4'),
      linkedCode.setting('GOOS', 'linux'),
      linkedCode.setting('GOARCH', 'arm64'),
    ];
    expect(expected.filter((name) => !names.has(name))).toEqual([]);
    expect(names.has(linkedCode.function('net/http', 'Post'))).toBe(false);
  });

  it('marks a replacement, whose functions have the import paths of another module', () => {
    const names = linkedIn(linkedNames(functionNames(functionTable(['net/http.Get'])), modules, linked));
    expect(names.has(linkedCode.opaqueModule('example.com/fork', 'v2.0.0'))).toBe(true);
    expect(names.has(linkedCode.module('example.com/fork', 'v2.0.0'))).toBe(false);
  });

  it('marks every module of a program without a function table', () => {
    const names = linkedIn(linkedNames(undefined, '', linked));
    expect(names.has(linkedCode.opaqueModule('stdlib', '1.24.4'))).toBe(true);
    expect(names.has(linkedCode.setting('GOOS', ''))).toBe(true);
  });
});
