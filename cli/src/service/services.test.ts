import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { parse } from 'yaml';

import { writeSecretFiles } from '../secrets/secret-files.js';
import { serviceNames } from './services.js';

interface Container {
  image: string;
  command: string[];
  ports?: string[];
  container_name?: string;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: unknown;
  secrets?: (string | { source: string; target: string })[];
}

interface Compose {
  services: Record<string, Container>;
  secrets: Record<string, { file: string }>;
}

const read = (name: string): string => readFileSync(resolve(__dirname, '../../..', name), 'utf8');
const { services, secrets } = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const servers = ['nats', 'postgres', 'redis'];

describe('docker-compose.yml', () => {
  it('has one container for every service, the three servers and the migration', () => {
    expect(Object.keys(services).toSorted()).toEqual([...serviceNames, ...servers, 'migrate'].toSorted());
  });

  it.each(serviceNames)('starts %s once the database is migrated and the servers are healthy', (name) => {
    expect(services[name]?.command).toEqual(['service', name]);
    expect(services[name]?.depends_on).toEqual({
      migrate: { condition: 'service_completed_successfully' },
      nats: { condition: 'service_healthy' },
      redis: { condition: 'service_healthy' },
    });
  });

  it.each(servers)('pins the image of %s and asks for its health', (name) => {
    expect(services[name]?.image).toMatch(/^[a-z]+:\d+\.\d+(\.\d+)?-[a-z]+$/);
    expect(services[name]?.healthcheck).toBeDefined();
  });

  it('lets the scanner scale: nothing of it can be there only once', () => {
    expect(services['scanner']?.ports).toBeUndefined();
    expect(services['scanner']?.container_name).toBeUndefined();
  });

  it.each(Object.keys(services))('limits memory and processes of %s, and what it may gain', (name) => {
    expect(services[name]).toMatchObject({
      mem_limit: expect.any(String),
      pids_limit: expect.any(Number),
      security_opt: ['no-new-privileges:true'],
    });
  });

  it.each([...serviceNames, 'migrate'])('gives %s the addresses of its own users and no others', (name) => {
    const sources = (services[name]?.secrets ?? []).map((secret) =>
      typeof secret === 'string' ? secret : secret.source,
    );
    const own = name === 'migrate' ? 'owner' : name;
    expect(sources).toContain(`${own}-database-url`);
    const keys = ['fingerprint-key', 'entry-key'];
    expect(sources.filter((source) => !keys.includes(source) && !source.startsWith(`${own}-`))).toEqual([]);
  });

  it('has no password in a command or a variable', () => {
    const text = read('docker-compose.yml');
    expect(text).not.toMatch(/PASSWORD(?!_FILE)/);
    expect(text).not.toMatch(/requirepass|:\/\/[^/\s]*:[^/\s]*@/);
  });

  it('names the files that `tidewaiter secrets` writes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-secrets-'));
    const written = await writeSecretFiles(folder);
    rmSync(folder, { recursive: true });
    const named = Object.values(secrets).map(({ file }) => file.split('/').at(-1)!);
    expect(named.filter((name) => !written.includes(name))).toEqual([]);
    expect(named).toHaveLength(new Set(named).size);
  });
});
