import { z } from 'zod';

import { imageName } from '../gate/gate-schemas.js';

/** Media types of the formats. `table` and `json` describe a scan, and a stored image had none. */
export const mediaTypes = {
  cyclonedx: 'application/vnd.cyclonedx+json; version=1.6',
  spdx: 'application/spdx+json; version=2.3',
  openvex: 'application/json',
  sarif: 'application/sarif+json',
  junit: 'application/xml',
  gitlab: 'application/json',
  csv: 'text/csv; charset=utf-8',
} as const;

const formats = Object.keys(mediaTypes) as (keyof typeof mediaTypes)[];

export const reportQuery = z.strictObject({
  /** Tag or digest: `registry.example.com/shop/cart:1.2`. Its repository selects the exceptions. */
  image: imageName,
  format: z.enum(formats),
  /** Platform of an index, such as `linux/arm64`; required where it has several. */
  platform: z.string().max(100).optional(),
});
