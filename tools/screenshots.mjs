// Makes the screenshots of the README from `up --demo`: npm run screenshots
// It needs Chromium: TIDEWAITER_CHROMIUM, or /usr/bin/chromium.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { chromium } from 'playwright-core';

const root = resolve(import.meta.dirname, '..');
const target = join(root, 'docs/images');
const viewport = { width: 1440, height: 740 };
/** Largest file, so that the README loads fast. */
const maxBytes = 200_000;
const startWithinMs = 300_000;

const home = mkdtempSync(join(tmpdir(), 'tidewaiter-screenshots-'));
const [ingest, console_] = [await freePort(), await freePort()];
const up = spawn(join(root, 'tidewaiter'), ['up', '--demo', '--port-ingest', ingest, '--port-console', console_], {
  env: { ...process.env, TIDEWAITER_HOME: home },
  stdio: ['ignore', 'ignore', 'pipe'],
  detached: true,
});
try {
  await takeAll(await whenReady());
} finally {
  // The group: the launcher and what it has started.
  process.kill(-up.pid, 'SIGTERM');
  await Promise.race([once(up, 'exit'), sleep(30_000)]);
  rmSync(home, { recursive: true, force: true });
}

/** Returns the setup link, once the fleet of the demo is in. */
async function whenReady() {
  const timer = setTimeout(() => up.kill(), startWithinMs);
  let link;
  for await (const line of createInterface({ input: up.stderr })) {
    link ??= /Setup link.*?(http\S+)/.exec(line)?.[1];
    if (line.startsWith('demo: ')) throw new Error(line);
    if (!line.includes('The fleet of the demo is in')) continue;
    clearTimeout(timer);
    up.stderr.resume();
    return link;
  }
  throw new Error('up ended before the demo was in');
}

async function takeAll(link) {
  mkdirSync(target, { recursive: true });
  const executablePath = process.env.TIDEWAITER_CHROMIUM ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage({ viewport, reducedMotion: 'reduce', colorScheme: 'light' });
    await page.goto(link);
    await page.getByRole('heading', { name: 'Now' }).waitFor();
    const base = new URL(link).origin;
    // Counts of vulnerabilities follow the images after a while.
    for (let left = 60; left > 0; left -= 1) {
      await page.goto(`${base}/vulnerabilities`);
      await settled(page);
      if ((await page.getByRole('link', { name: /^DEMO-/ }).count()) > 0) break;
      await sleep(5_000);
    }
    await take(page, 'vulnerabilities');
    await page.goto(`${base}/`);
    await settled(page);
    await take(page, 'now');
    await page.getByRole('link', { name: /^INC-/ }).first().click();
    await page.getByRole('heading', { name: 'Timeline' }).waitFor();
    await settled(page);
    await take(page, 'incident');
    await page.goto(`${base}/images?q=image=shop/checkout:2.1.0`);
    await page.getByRole('link', { name: 'shop/checkout:2.1.0' }).first().click();
    await page.getByRole('heading', { name: /shop\/checkout/ }).waitFor();
    await settled(page);
    await take(page, 'image');
  } finally {
    await browser.close();
  }
}

/** Waits until no placeholder is shown and announcements are gone. */
async function settled(page) {
  await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' });
  await sleep(1_000);
}

async function take(page, name) {
  const path = join(target, `${name}.png`);
  await page.screenshot({ path });
  const { size } = statSync(path);
  console.log(`${path} ${Math.round(size / 1_000)} kB`);
  if (size > maxBytes) throw new Error(`${path} is larger than ${maxBytes} bytes`);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return String(port);
}
