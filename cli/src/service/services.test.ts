import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { parse } from 'yaml';

import { serviceNames } from './services.js';

interface Container {
  image: string;
  command: string[];
  ports?: string[];
  container_name?: string;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: unknown;
}

const read = (name: string): string => readFileSync(resolve(__dirname, '../../..', name), 'utf8');
const { services } = parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, Container> };
const servers = ['nats', 'postgres', 'redis'];

describe('docker-compose.yml', () => {
  it('has one container for every service, and the three servers', () => {
    expect(Object.keys(services).toSorted()).toEqual([...serviceNames, ...servers].toSorted());
  });

  it.each(serviceNames)('starts %s once the servers are healthy', (name) => {
    expect(services[name]?.command).toEqual(['service', name]);
    expect(services[name]?.depends_on).toEqual(
      Object.fromEntries(servers.map((server) => [server, { condition: 'service_healthy' }])),
    );
  });

  it.each(servers)('pins the image of %s and asks for its health', (name) => {
    expect(services[name]?.image).toMatch(/^[a-z]+:\d+\.\d+(\.\d+)?-[a-z]+$/);
    expect(services[name]?.healthcheck).toBeDefined();
  });

  it('lets the scanner scale: nothing of it can be there only once', () => {
    expect(services['scanner']?.ports).toBeUndefined();
    expect(services['scanner']?.container_name).toBeUndefined();
  });

  it('has no default password, and .env.example names each without a value', () => {
    const passwords = [...read('docker-compose.yml').matchAll(/\$\{([A-Z]+_PASSWORD)([^}]*)\}/g)];
    expect(new Set(passwords.map(([, , rest]) => rest))).toEqual(new Set([':?set it in .env']));
    for (const [, name] of passwords) expect(read('.env.example')).toMatch(new RegExp(`^${name}=$`, 'm'));
  });
});
