import { findSecretsInConfig, redactSecrets } from './index.js';
import { fake } from './rules/fake.js';

const key = Buffer.from('key of the tests');
const empty = { env: [], labels: {}, history: [], cmd: [], entrypoint: [] };
const look = (config: Partial<Parameters<typeof findSecretsInConfig>[0]>) =>
  findSecretsInConfig({ ...empty, ...config }, key).map(({ origin, name, rule }) => `${origin} ${name} ${rule}`);

describe('findSecretsInConfig', () => {
  it('reads variables, labels, steps and arguments', () => {
    expect(
      look({
        env: ['MYSQL_ROOT_PASSWORD=sommerhaus', `API_TOKEN=${fake(32)}`],
        labels: { 'ci.url': `https://ci:${fake(20)}@git.corp.net/` },
        history: [
          { createdBy: `ARG GITHUB=ghp_${fake(36)}` },
          { createdBy: '/bin/sh -c #(nop)  ENV DB_PASSWORD=sommerhaus-wand' },
          { createdBy: 'ENV DB_PASSWORD sommerhaus-wand # buildkit' },
          { createdBy: `RUN /bin/sh -c mysql -u root -p${fake(14)} < /init.sql # buildkit` },
          { createdBy: 'RUN |1 A=b /bin/sh -c echo "root:grau-brot" | chpasswd # buildkit' },
          { createdBy: `RUN /bin/sh -c docker login -u ci --password ${fake(14)} r.corp.net # buildkit` },
        ],
        entrypoint: ['/run', '--password=GrauBrot77'],
        cmd: ['--api-key', fake(40)],
      }),
    ).toEqual([
      'env MYSQL_ROOT_PASSWORD generic-password',
      'env API_TOKEN generic-api-key',
      'label ci.url url-credentials',
      'history 0 github-pat',
      'history 1 generic-password',
      'history 2 generic-password',
      'history 3 command-line-password',
      'history 4 piped-password',
      'history 5 command-line-password',
      'entrypoint 1 generic-password',
      'cmd 1 generic-api-key',
    ]);
  });

  it('reads the arguments as one command', () => {
    expect(look({ cmd: ['curl', '-u', `ci:${fake(14)}`, 'https://a.corp.net'] })).toEqual(['cmd 0 curl-auth-user']);
  });

  it('reads every other text once', () => {
    const token = `ghp_${fake(36)}`;
    const encoded = Buffer.from(JSON.stringify({ attrs: { 'build-arg:KEY': `hf_${fake(34, 'letters')}` } }));
    const otherTexts = [
      { place: 'config.Healthcheck.Test[1]', text: `curl -H "Authorization: Bearer ${fake(40)}" localhost` },
      { place: 'container_config.Env[0]', text: `TOKEN=${token}` },
      { place: 'moby.buildkit.buildinfo.v1', text: `moby.buildkit.buildinfo.v1=${encoded.toString('base64')}` },
    ];
    expect(look({ env: [`TOKEN=${token}`], otherTexts })).toEqual([
      'env TOKEN github-pat',
      'config config.Healthcheck.Test[1] curl-auth-header',
      'config moby.buildkit.buildinfo.v1 huggingface-access-token',
    ]);
  });

  it('reports nothing in usual configs', () => {
    expect(
      look({
        env: [
          'PATH=/usr/local/bin',
          'GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D',
          'PYTHON_SHA256=bfb249609990220491a1b92850a07135ed0831e41738cf681d63cf01b2a8fbd1',
          'POSTGRES_PASSWORD_FILE=/run/secrets/pg',
          'MYSQL_PASSWORD=password',
          'TOKEN=${TOKEN}',
          'NO_EQUALS',
        ],
        labels: { 'org.opencontainers.image.revision': fake(40, 'hex') },
        history: [{}, { createdBy: '/bin/sh -c curl -fsSL "https://a.b/$TOKEN" | gpg --import' }],
        cmd: ['nginx', '-g', 'daemon off;'],
      }),
    ).toEqual([]);
  });

  it('accepts names of hostile configs', () => {
    const labels: unknown = JSON.parse(`{"__proto__": "ghp_${fake(36)}"}`);
    expect(look({ labels: labels as Record<string, string>, env: ['=', ''] })).toEqual(['label __proto__ github-pat']);
  });

  it('masks every occurrence of a secret in a text', () => {
    const token = `ghp_${fake(36)}`;
    const step = `RUN |1 GITHUB=${token} /bin/sh -c git clone https://x:${token}@github.com/a/b`;
    const safe = redactSecrets(step);
    expect(safe).not.toContain(token);
    expect(safe).toMatch(/^RUN \|1 GITHUB=ghp_\*+ \/bin\/sh -c git clone https:\/\/x:ghp_\*+@github\.com\/a\/b$/);
    expect(redactSecrets('/bin/sh -c #(nop)  CMD ["bash"]')).toBe('/bin/sh -c #(nop)  CMD ["bash"]');
  });
});
