import { PackageURL } from 'packageurl-js';

import type { PurlPattern } from '../purl-pattern.js';
import type { ProductNames, VexProduct } from './statement.js';

/** Texts of a product, one for each affected part: `pkg:npm/lodash@4.17.20 in pkg:oci/cart`. */
export function vexProductTexts({ is, parts, range }: VexProduct): string[] {
  const whole = nameText(is);
  const texts = parts.length === 0 ? [whole] : parts.map((part) => `${nameText(part)} in ${whole}`);
  return range === undefined ? texts : texts.map((text) => `${text}, ${range}`);
}

/** A purl says more than other names of the same product. */
function nameText({ texts, purls: [purl] }: ProductNames): string {
  return purl ? purlText(purl) : (texts[0] ?? 'a product without a name');
}

function purlText({ type, namespace, name, version, qualifiers, subpath }: PurlPattern): string {
  return new PackageURL(type, namespace, name, version, Object.fromEntries(qualifiers), subpath).toString();
}
