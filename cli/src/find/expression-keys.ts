/** A condition of a search, as a parameter of the API calls it. */
export type Parameter =
  | 'vulnerability'
  | 'package'
  | 'file'
  | 'path'
  | 'layer'
  | 'base'
  | 'secret'
  | 'image'
  | 'signer';

/** The condition that a key before the equals sign stands for. */
export const parameterOfKey: Readonly<Record<string, Parameter>> = {
  package: 'package',
  purl: 'package',
  cve: 'vulnerability',
  vulnerability: 'vulnerability',
  file: 'file',
  path: 'path',
  layer: 'layer',
  base: 'base',
  secret: 'secret',
  image: 'image',
  signer: 'signer',
};

/** Keys that may stand before the equals sign of an expression. */
export const expressionKeys = Object.keys(parameterOfKey);
