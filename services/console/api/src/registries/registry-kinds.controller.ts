import { Controller, Get } from '@nestjs/common';
import { TidewaiterSettings } from '@tidewaiter/runtime';
import { registryKinds, setupExample } from '@tidewaiter/webhooks';
import { z } from 'zod';

import { ConsoleConfig } from '../config.js';
import { text } from '../http/fields.js';
import { Operation } from '../http/operation.js';
import { listOf } from '../http/paging.js';

const registryKindsAnswer = listOf(
  z.object({
    /** Value of `kind:`. */
    kind: z.string(),
    aliases: z.array(z.string()),
    /** Name for readers. */
    title: z.string(),
    /** Example of the address of such a registry. */
    url: z.string(),
    /** How its webhooks prove their sender, in Markdown. */
    proof: z.string(),
    /** Steps in the registry, in Markdown, with the texts of `example`. */
    steps: z.array(z.string()),
    note: z.string(),
  }),
).extend({
  /** Texts in the steps that stand for the address and the secret of a connection. */
  example: z.object({ hookUrl: z.string(), secret: z.string() }),
  /** URL under which registries reach ingest; null where it is not configured. */
  ingestUrl: text,
  /** Bounds of managed entries. */
  management: z.object({ filesDir: text, allowPrivate: z.boolean() }),
});

/** Kinds of registries with the steps that connect them. */
@Controller('api/v1/registry-kinds')
export class RegistryKindsController {
  constructor(
    private readonly config: ConsoleConfig,
    private readonly settings: TidewaiterSettings,
  ) {}

  @Get()
  @Operation({ role: 'viewer', summary: 'Kinds of registries, and how each is connected', answer: registryKindsAnswer })
  list(): z.output<typeof registryKindsAnswer> {
    const { filesDir = null, allowPrivate = false } = this.settings.management;
    return {
      items: registryKinds.map(({ kind, aliases, title, setup: { url, proof, steps, note } }) => {
        return { kind, aliases: [...aliases], title, url, proof, steps: [...steps], note };
      }),
      next: null,
      example: setupExample,
      ingestUrl: this.config.ingestUrl ?? null,
      management: { filesDir, allowPrivate },
    };
  }
}
