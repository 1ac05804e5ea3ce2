import { checkDockerfile } from './dockerfile-checks.js';
import { expander, type Lookup } from './expand.js';
import { parseDockerfile } from './parse.js';
import { readStages } from './stages.js';

const now = new Date('2026-11-28T12:00:00Z');

const values = new Map([
  ['set', { text: 'value', isKnown: true }],
  ['empty', { text: '', isKnown: true }],
  ['given', { text: '${given}', isKnown: false }],
]);
const lookup: Lookup = (name) => values.get(name);

describe('readStages', () => {
  // From https://docs.docker.com/reference/dockerfile/#environment-replacement
  it.each([
    ['plain', 'plain', true],
    ['$set/${set}_x', 'value/value_x', true],
    ['\\$set \\${set}', '$set ${set}', true],
    [`'$set' "$set"`, '$set value', true],
    ['"a\\"b\\n"', 'a"b\\n', true],
    ['${set:-x}', 'value', true],
    ['${empty:-x}', 'x', true],
    ['${empty-x}', '', true],
    ['${none:-x}', 'x', true],
    ['${none-x}', 'x', true],
    ['${none:-${set}}', 'value', true],
    ['${none:-"}"}', '}', true],
    ['${set:+x}', 'x', true],
    ['${empty:+x}', '', true],
    ['${empty+x}', 'x', true],
    ['${none:+x}', '', false],
    ['${set:?message}', 'value', true],
    ['a$none', 'a${none}', false],
    ['$given', '${given}', false],
    ['${given:-x}', '${given}', false],
    ['${set#v}', '${set}', false],
    ['100$', '100$', true],
    ['$$set', '$value', true],
    ['${', '${}', false],
    ['${set', 'value', true],
  ])('expands %j to %j', (text, expected, isKnown) => {
    expect(expander('\\')(text, lookup)).toEqual({ text: expected, isKnown });
  });

  it('escapes with the backtick if the file declares it', () => {
    expect(expander('`')('c:\\a `$set', lookup)).toEqual({ text: 'c:\\a $set', isKnown: true });
  });

  function stages(text: string) {
    return readStages(parseDockerfile(text, 'Dockerfile'))!;
  }

  it('resolves stages by name and by their bases', () => {
    const file = stages('FROM golang:1 AS Build\nFROM scratch AS base\nFROM base AS tools\nFROM Base\n');
    expect(file.stages.map(({ name, parent }) => [name, parent?.index])).toEqual([
      ['build', undefined],
      ['base', undefined],
      ['tools', 1],
      [undefined, 1],
    ]);
    expect(file.shipped.map(({ index }) => index)).toEqual([1, 3]);
  });

  it('does not use a later stage of the same name as base', () => {
    expect(stages('FROM alpine:3 AS alpine\n').final.parent).toBeUndefined();
    expect(stages('FROM app:1\nFROM b:1 AS app:1').final.parent).toBeUndefined();
  });

  it.each([
    ['ARG V=1\nFROM a:$V', 'a:1', true],
    ['ARG V=1\nARG W=$V.2\nFROM a:${W}', 'a:1.2', true],
    ['ARG V\nFROM a:$V', 'a:${V}', false],
    ['ARG V=1\nFROM b:1\nARG V=2\nFROM a:$V', 'a:1', true],
    ['FROM --platform=linux/amd64 a:1 AS b', 'a:1', true],
  ])('parses the base of %j', (text, expected, isKnown) => {
    expect(stages(text).final.base).toEqual({ text: expected, isKnown });
  });

  it.each([
    ['FROM a\nENV A=1 B="two words" C=x\\ y', { A: '1', B: 'two words', C: 'x y' }],
    ['FROM a\nENV A all of this', { A: 'all of this' }],
    ['FROM a\nENV A=1\nENV A=2 B=$A', { A: '2', B: '1' }],
    ['ARG V=1\nFROM a\nARG V\nENV A=$V', { A: '1' }],
    ['ARG V=1\nFROM a\nENV A=$V', { A: '${V}' }],
    ['FROM a AS x\nENV A=1\nFROM x\nENV B=$A', { B: '1' }],
    ['FROM a\nENV __proto__=1', { ['__proto__']: '1' }],
  ])('parses the variables of %j', (text, expected) => {
    const pairs = stages(text)
      .final.steps.filter(({ keyword }) => keyword === 'ENV')
      .flatMap((step) => step.pairs);
    expect(Object.fromEntries(pairs.map(({ name, value }) => [name, value?.text]))).toEqual(
      Object.fromEntries(Object.entries(expected)),
    );
  });

  it.each([
    ['FROM a\nRUN a && b', ['a', 'b']],
    ['FROM a\nRUN ["a", "b | c"]', ['a']],
    ['FROM a\nRUN <<EOF\na\nb\nEOF', ['a', 'b']],
    ['FROM a\nRUN <<EOF\n#!/bin/bash -e\na\nEOF', ['a']],
    ['FROM a\nRUN <<EOF\n#!/usr/bin/env python3\nimport os\nEOF', undefined],
    ['FROM a\nRUN python3 <<EOF\nimport os\nEOF', ['python3']],
    ['FROM a\nRUN bash <<EOF\nx\nEOF', ['bash', 'x']],
    ['FROM a\nSHELL ["powershell", "-Command"]\nRUN a', undefined],
    ['FROM a\nSHELL ["/bin/bash", "-c"]\nRUN a', ['a']],
    ['# escape=`\nFROM a\nRUN dir', undefined],
  ])('parses the commands of %j', (text, expected) => {
    const step = stages(text).final.steps.find(({ keyword }) => keyword === 'RUN');
    expect(step?.script?.commands.map(({ name }) => name)).toEqual(expected);
  });

  const fingerprints = (text: string) =>
    new Map(checkDockerfile(text, 'Dockerfile', now).findings.map(({ id, fingerprint }) => [id, fingerprint]));

  it('keeps fingerprints when lines move and distinguishes the places of one check', () => {
    const before = fingerprints('FROM a:1 AS build\nRUN curl -k https://example.com/a | sh\n');
    const after = fingerprints(
      '# comment\n\nFROM a:1 AS build\nLABEL a=b\nRUN \\\n  curl -k https://example.com/a | sh\n',
    );
    expect(after).toEqual(before);
    const { findings } = checkDockerfile(
      'FROM a:1\nRUN curl -k https://example.com/a\nRUN curl -k https://example.com/b\n',
      'Dockerfile',
      now,
    );
    const twice = findings.filter(({ id }) => id === 'dockerfile-download-without-tls-check');
    expect(twice.map(({ evidence }) => evidence['line'])).toEqual([2, 3]);
    expect(new Set(twice.map(({ fingerprint }) => fingerprint)).size).toBe(2);
  });

  it('names the place and the remedy', () => {
    const [finding] = checkDockerfile(
      'FROM a:1@sha256:aa\nHEALTHCHECK CMD ["/ok"]\nUSER \\\n  root\n',
      'build/Dockerfile',
      now,
    ).findings;
    expect(finding).toMatchObject({
      kind: 'misconfiguration',
      id: 'dockerfile-root-user',
      severity: 'medium',
      title: 'Image runs as root',
      path: 'build/Dockerfile',
      layer: null,
      state: 'present',
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      evidence: {
        line: 3,
        instruction: 'USER',
        reason: expect.any(String),
        fix: expect.any(String),
        reference: expect.any(String),
      },
    });
  });

  it('never repeats a secret', () => {
    const secret = 'Hunter2Hunter2';
    const text = [
      `ARG TOKEN=${secret}`,
      'FROM a:1',
      `ARG DB_PASSWORD=${secret}`,
      `ENV API_KEY=${secret} URL=http://me:${secret}@example.com/`,
      `RUN echo root:${secret} | chpasswd && curl -k -u me:${secret} https://example.com/?token=${secret} -o a`,
      `RUN git clone http://me:${secret}@example.com/a.git && wget http://example.com/a?key=${secret}`,
      `ADD https://me:${secret}@example.com/a?key=${secret} /a`,
      `RUN mysql -p${secret} && useradd -p ${secret} a && pip install -i http://me:${secret}@example.com/simple a`,
    ].join('\n');
    const { findings } = checkDockerfile(text, 'Dockerfile', now);
    expect(findings.length).toBeGreaterThan(8);
    expect(JSON.stringify(findings)).not.toContain(secret);
  });
});
