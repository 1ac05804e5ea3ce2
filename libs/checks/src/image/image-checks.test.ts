import { parseImageConfig } from '@tidewaiter/oci';
import { anyCharacter } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { readStep } from './build-step.js';
import { checkImageConfig } from './image-checks.js';

describe('checkImageConfig', () => {
  // As written by BuildKit, the classic builder, Buildah, Kaniko, Bazel and Jib.
  it.each([
    ['RUN /bin/sh -c apt-get update # buildkit', 'RUN', 'apt-get update', []],
    ['RUN |2 A=1 B=two words /bin/sh -c make all # buildkit', 'RUN', 'make all', ['A=1', 'B=two words']],
    ['RUN /bin/bash -o pipefail -c make # buildkit', 'RUN', 'make', []],
    ['/bin/sh -c make', 'RUN', 'make', []],
    ['|1 A=1 /bin/sh -c make', 'RUN', 'make', ['A=1']],
    ['|0 /bin/sh -c make', 'RUN', 'make', []],
    ['/bin/sh -c #(nop)  CMD ["bash"]', 'CMD', '["bash"]', []],
    ['/bin/sh -c #(nop) ADD file:abc in / ', 'ADD', 'file:abc in /', []],
    ['ENV PATH=/usr/bin', 'ENV', 'PATH=/usr/bin', []],
    ['COPY a b # buildkit', 'COPY', 'a b', []],
    ['RUN make', 'RUN', 'make', []],
    ['bazel build ...', '', 'bazel build ...', []],
    ['jib-core-plugin:0.27', '', 'jib-core-plugin:0.27', []],
    ['', '', '', []],
  ])('parses the step %j', (createdBy, instruction, text, buildArguments) => {
    expect(readStep(createdBy)).toMatchObject({ instruction, text, buildArguments });
  });

  function check(document: object) {
    const config = parseImageConfig(Buffer.from(JSON.stringify(document)));
    return checkImageConfig(config);
  }

  const dayZero = '2026-01-01T00:00:00Z';

  it('reports nothing for a well-made image', () => {
    const findings = check({
      created: dayZero,
      history: [
        { created: dayZero, created_by: "# debian.sh --arch 'amd64' out/ 'bookworm' '@1735689600'" },
        {
          created_by:
            'RUN /bin/sh -c apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* # buildkit',
        },
        { created_by: 'WORKDIR /app', empty_layer: true },
        { created_by: 'COPY /out/app /app # buildkit' },
      ],
      config: {
        User: '65532:65532',
        Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'LANG=C.UTF-8', 'GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D'],
        Entrypoint: ['/app'],
        ExposedPorts: { '8080/tcp': {} },
        Volumes: { '/data': {} },
        Healthcheck: { Test: ['CMD', '/app', 'health'] },
      },
    });
    expect(findings).toEqual([]);
  });

  it('reports each problem with its place and without the secret', () => {
    const findings = check({
      config: {
        Env: ['DB_PASSWORD=hunter2hunter2', 'NODE_TLS_REJECT_UNAUTHORIZED=0'],
        ExposedPorts: { '22/tcp': {} },
        Volumes: { '/var/run/docker.sock': {} },
        Healthcheck: { Test: ['NONE'] },
      },
      history: [
        {
          created_by:
            'RUN |1 NPM_TOKEN=hunter2hunter2 /bin/sh -c curl -k https://example.com/a -o a && chmod 777 a # buildkit',
        },
      ],
    });
    expect(findings.map(({ id }) => id)).toEqual([
      'image-admin-port',
      'image-no-healthcheck',
      'image-no-user',
      'image-runtime-socket-volume',
      'image-secret-build-argument',
      'image-download-without-tls-check',
      'image-world-writable',
      'image-secret-in-env',
      'image-tls-verification-off',
    ]);
    expect(findings[7]).toMatchObject({
      title: 'The variable DB_PASSWORD holds a secret',
      severity: 'high',
      path: null,
      layer: null,
      evidence: { field: 'config.Env.DB_PASSWORD' },
    });
    expect(JSON.stringify(findings)).not.toContain('hunter2');
  });

  it('gives the same result for the same image, and every finding its own fingerprint', () => {
    const document = {
      config: { Env: ['A_TOKEN=abcdef', 'B_TOKEN=abcdef'] },
      history: [{ created_by: 'RUN sudo a && sudo b' }],
    };
    const findings = check(document);
    expect(check(document)).toEqual(findings);
    expect(new Set(findings.map(({ fingerprint }) => fingerprint)).size).toBe(findings.length);
  });

  it('accepts any config', () => {
    const text = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.constantFrom(
        '|999 A',
        '/bin/sh -c #(nop) ',
        'RUN |1 ',
        'ADD http://',
        '__proto__=1',
        'WORKDIR',
        `RUN ${'$('.repeat(2000)}`,
        'PATH=:',
      ),
    );
    const config = fc.record({
      User: text,
      Env: fc.array(text),
      Cmd: fc.array(text),
      Entrypoint: fc.array(text),
      ExposedPorts: fc.dictionary(text, fc.constant({})),
      Volumes: fc.dictionary(text, fc.constant({})),
    });
    fc.assert(
      fc.property(config, fc.array(text), text, (run, steps, created) => {
        check({ created, config: run, history: steps.map((step) => ({ created, created_by: step, comment: step })) });
      }),
    );
  });

  it('ends with a config of worst cases', () => {
    const long = (unit: string) => ({ created_by: `RUN /bin/sh -c ${unit.repeat(60_000 / unit.length)}` });
    const findings = check({
      config: { Env: Array.from({ length: 10_000 }, (_, index) => `TOKEN_${index}=http://${'a:'.repeat(50)}`) },
      history: ['$(', '`', '"', 'a|', '\\', "'", 'sudo ', 'chmod ', '${', '<<A '].map(long),
    });
    expect(findings.length).toBeGreaterThan(0);
  });
});
