import * as fc from 'fast-check';

import { evaluateHistory } from '../index.js';

const evaluate = (...steps: string[]) => evaluateHistory(steps.map((createdBy) => ({ createdBy })));

describe('evaluateHistory', () => {
  it.each([
    ['RUN /bin/sh -c curl -fsSL https://get.example.com/install | bash # buildkit', 'medium'],
    ['/bin/sh -c wget -qO- http://198.51.100.7/x.sh | sudo -E sh -', 'high'],
    [
      'RUN |1 T=x /bin/sh -c set -ex && curl -sL "https://user:pw@example.com/a?token=1&b=2" 2>&1 | python3 - # buildkit',
      'medium',
    ],
    ['RUN /bin/sh -c bash -c "$(curl -fsSL https://example.com/install.sh)" # buildkit', 'medium'],
    ['RUN /bin/sh -c bash <(curl -s http://example.com/i) # buildkit', 'high'],
    ['RUN /bin/sh -c wget http://example.com/setup.sh && chmod +x setup.sh && ./setup.sh # buildkit', 'high'],
    ['RUN /bin/sh -c curl -o /tmp/i.sh https://example.com/x; sh /tmp/i.sh # buildkit', 'medium'],
  ])('reports a build that runs a download: %s', (step, severity) => {
    expect(evaluate(step)).toMatchObject([
      { id: 'history-download-and-run', kind: 'supply-chain', severity, layer: null },
    ]);
    expect(JSON.stringify(evaluate(step))).not.toMatch(/pw|token/);
  });

  it.each([
    ['ADD https://example.com/app.tar.gz /opt/ # buildkit', 'history-remote-add', 'low'],
    ['/bin/sh -c #(nop) ADD http://example.com/x /x', 'history-remote-add', 'medium'],
    [
      'RUN /bin/sh -c curl -fsSLo /usr/bin/tool https://example.com/tool && chmod +x /usr/bin/tool # buildkit',
      'history-download-without-checksum',
      'low',
    ],
    ['RUN /bin/sh -c curl https://example.com/a.tgz | tar xz # buildkit', 'history-download-without-checksum', 'low'],
  ])('reports an unverified download: %s', (step, id, severity) => {
    expect(evaluate(step)).toMatchObject([{ id, kind: 'supply-chain', severity, confidence: 'possible' }]);
  });

  it.each([
    'RUN /bin/sh -c apt-get update && apt-get install -y curl wget && rm -rf /var/lib/apt/lists/* # buildkit',
    'RUN /bin/sh -c curl -fsSLO https://example.com/n.tgz && echo "abc  n.tgz" | sha256sum -c - && tar xzf n.tgz # buildkit',
    'RUN /bin/sh -c wget -O a.tgz https://example.com/a.tgz && gpg --batch --verify a.asc a.tgz && tar xf a.tgz # buildkit',
    'ADD --checksum=sha256:abc https://example.com/x /x # buildkit',
    'ADD file:0123456789 in / ',
    'COPY . /app # buildkit',
    'CMD ["sh", "-c", "echo https://example.com | sh"]',
    'RUN /bin/sh -c echo "run: curl https://example.com | sh" # buildkit',
    'HEALTHCHECK CMD wget',
    '',
  ])('ignores %s', (step) => {
    expect(evaluate(step)).toEqual([]);
  });

  it('does not apply a digest of another file to a piped download', () => {
    const step = 'RUN /bin/sh -c curl https://example.com/a | sh && sha256sum -c sums # buildkit';
    expect(evaluate(step)).toMatchObject([{ id: 'history-download-and-run' }]);
  });

  it('reports equal steps once', () => {
    const step = 'RUN /bin/sh -c curl https://example.com/a | sh # buildkit';
    expect(evaluate(step, step)).toHaveLength(1);
  });

  it('accepts any text and ends', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) =>
        Array.isArray(evaluate(text, `RUN /bin/sh -c curl ${text} | sh`)),
      ),
    );
    for (const part of ['curl ', 'curl $(', 'curl http://a|', '"curl', '\\\n', 'a&', '(-', 'base64 -d |']) {
      expect(evaluate(`RUN /bin/sh -c ${part.repeat(100_000)}`).length).toBeLessThan(10);
    }
  });
});
