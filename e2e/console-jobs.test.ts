import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '@tidewaiter/servers';
import { describeWith, pathOf, programs } from '@tidewaiter/testkit';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';

import { removeFolders, startTidewaiter, temporaryFolder, type Tidewaiter, until } from './tidewaiter.js';

/** Actions of a user, with the mouse or the keyboard. */
interface Hand {
  page: Page;
  /** Presses a link, a button or a result. */
  choose(target: Locator): Promise<void>;
}

interface Job {
  name: string;
  /** Links and buttons that are pressed, from Now on. */
  presses: number;
  /** @param nth 0 with the mouse, 1 with the keyboard; each acts on an object of its own */
  run(hand: Hand, nth: 0 | 1): Promise<void>;
}

const link = (page: Page, name: string | RegExp) =>
  page.getByRole('link', { name, exact: typeof name === 'string' }).first();
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first();

/** Namespaces with an incident for each hand. */
const namespaces = ['by-mouse', 'by-keyboard'];

const jobs: Job[] = [
  {
    name: 'whether and where a vulnerability runs',
    presses: 2,
    async run({ page, choose }) {
      await choose(button(page, 'Search'));
      await page.getByRole('dialog', { name: 'Search' }).getByRole('searchbox').fill('DEMO-2026-1001');
      await choose(page.getByRole('option', { name: 'DEMO-2026-1001' }));
      const running = page.getByRole('table', { name: 'Images' }).getByText('shop/Pod/checkout-7d9f-abcde');
      await running.first().waitFor();
      // In sight, without scrolling past charts and advisories.
      const { y = Infinity } = (await running.first().boundingBox()) ?? {};
      expect(y).toBeLessThan(page.viewportSize()!.height);
    },
  },
  {
    name: 'what the last push of a tag changed',
    presses: 2,
    async run({ page, choose }) {
      await choose(link(page, 'Images'));
      await choose(link(page, 'shop/checkout:2.1.0'));
      await page.getByRole('heading', { name: 'Introduced by your change' }).waitFor();
      await page.getByText('cron-download-and-run').first().waitFor();
    },
  },
  {
    name: 'why a push failed and which upgrade mends it',
    presses: 2,
    async run({ page, choose }) {
      await choose(link(page, 'shop/web:1.4.0'));
      await choose(link(page, /^Fixes/));
      await page.getByText('3.0.15-1~deb12u1').first().waitFor();
    },
  },
  {
    name: 'to take an incident',
    presses: 2,
    async run({ page, choose }, nth) {
      await choose(link(page, new RegExp(`^INC-\\d+ .*${namespaces[nth]}`)));
      await choose(button(page, 'Acknowledge'));
      await page.getByText('acknowledged by admin', { exact: true }).waitFor();
    },
  },
  {
    name: 'how far a bad image reaches',
    presses: 1,
    async run({ page, choose }) {
      await choose(link(page, /^INC-\d+ Suspect release/));
      await page.getByRole('heading', { name: 'Blast radius' }).waitFor();
      await page.getByText('1 affected workload').waitFor();
    },
  },
  {
    name: 'to accept a risk with reason and end',
    presses: 4,
    async run({ page, choose }, nth) {
      await choose(link(page, 'shop/checkout:2.1.0'));
      await choose(link(page, /^Findings/));
      const finding = ['unowned-setuid', 'image-no-user'][nth]!;
      await choose(button(page, `Accept ${finding}`));
      const dialog = page.getByRole('dialog');
      const reason = dialog.getByLabel('Reason', { exact: true });
      await reason.and(page.locator(':focus')).waitFor();
      await reason.fill('Known and wanted');
      await dialog.getByLabel('Owner').fill('team-shop');
      await dialog.getByLabel('Last day').fill('2099-06-30');
      await choose(dialog.getByRole('button', { name: 'Save' }));
      const accepted = page.getByRole('row', { name: finding }).getByText('Known and wanted · until 2099-06-30');
      await accepted.waitFor();
    },
  },
  {
    name: 'to hand a team its list',
    presses: 2,
    async run({ page, choose }) {
      await choose(link(page, 'Vulnerabilities'));
      const downloaded = page.waitForEvent('download');
      await choose(link(page, 'CSV'));
      expect((await downloaded).suggestedFilename()).toMatch(/\.csv$/);
    },
  },
  {
    name: 'to send again what failed',
    presses: 2,
    async run({ page, choose }) {
      await choose(link(page, /^Dead letters/));
      await choose(button(page, /^Redrive [0-9a-f]{8}/));
      await page.getByRole('status').getByText('is tried again').waitFor();
    },
  },
];

describeWith(programs('chromium'))('the eight jobs of the console', () => {
  let demo: Tidewaiter;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    demo = await startTidewaiter(temporaryFolder(), await freePort(), '--demo');
    await Promise.all(namespaces.map(clearLogIn));
    await until('the demo has its story', async () => {
      const { items } = await demo.api<{ items: { state: string }[] }>('/incidents?limit=50');
      const { items: letters } = await demo.api<{ items: unknown[] }>('/dead-letters?limit=50');
      return letters.length > 1 && items.length > 4 && items.some(({ state }) => state === 'resolved');
    });
    const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
    browser = await chromium.launch({ executablePath: pathOf('chromium'), args });
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(30_000);
    await page.goto(demo.setupUrl);
    await page.getByRole('heading', { name: 'Open incidents' }).waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    await demo?.stop();
    await removeFolders();
  });

  async function clearLogIn(namespace: string): Promise<void> {
    const settings = readFileSync(join(demo.home, 'tidewaiter.yaml'), 'utf8');
    const event = {
      ...{ rule: 'Clear Log Activities', priority: 'Warning', output: 'A log file was truncated' },
      ...{ time: new Date().toISOString(), hostname: 'node-1' },
      output_fields: {
        'container.id': namespace === namespaces[0] ? '5c0ffee00011' : '5c0ffee00012',
        'k8s.ns.name': namespace,
        'k8s.pod.name': 'app',
        'proc.name': 'sh',
        'proc.exepath': '/bin/sh',
        'proc.pid': 61,
        'fd.name': '/var/log/auth.log',
      },
    };
    const answer = await fetch(new URL('/hooks/runtime/falco', demo.ingestUrl), {
      method: 'POST',
      headers: { authorization: `Bearer ${/ token: (\S+)/.exec(settings)![1]}`, 'content-type': 'application/json' },
      body: JSON.stringify(event),
    });
    expect(answer.status).toBe(202);
  }

  it.each(jobs)('take at most $presses clicks from Now to know or do: $name', async ({ presses, run }) => {
    await page.goto(demo.consoleUrl);
    let clicks = 0;
    const choose = async (target: Locator) => {
      await target.click();
      clicks += 1;
    };
    await run({ page, choose }, 0);
    expect(clicks).toBeLessThanOrEqual(presses);
  });

  it.each(jobs)('need no mouse to know or do: $name', async ({ run }) => {
    await page.goto(demo.consoleUrl);
    const choose = async (target: Locator) => {
      await target.waitFor();
      // An option of a list is active while the focus is in the field above it.
      if ((await target.getAttribute('role')) !== 'option') await focusByTab(page, target);
      await page.keyboard.press('Enter');
    };
    await run({ page, choose }, 1);
  });
});

async function focusByTab(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 200; presses += 1) {
    if (await target.evaluate((element) => element.matches(':focus'))) return;
    await page.keyboard.press('Tab');
  }
  throw new Error('the target does not get the focus by the key Tab');
}
