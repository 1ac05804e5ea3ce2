import { useQuery } from '@tanstack/react-query';

import { imageBase, imagePackages } from '../../api/queries.js';
import { Digest } from '../../parts/digest.js';
import { Section } from '../../parts/page.js';
import { column } from '../../parts/table/columns.js';
import { DataTable } from '../../parts/table/data-table.js';
import { sizeText } from '../../parts/words.js';
import type { ImageContextData } from './image-context.js';
import { type LayerRow, layersOf } from './layers.js';

const columns = [
  column<LayerRow>({ id: 'index', title: 'Layer', kind: 'number', cell: ({ index }) => index }),
  column<LayerRow>({
    id: 'command',
    title: 'Command',
    isName: true,
    cell: ({ command, isUnread, isOfBase }) => (
      <>
        <code className="wrap">{command}</code>
        {isOfBase && <small className="quiet">of the base image</small>}
        {isUnread && <small className="quiet">could not be read</small>}
      </>
    ),
  }),
  column<LayerRow>({ id: 'size', title: 'Size', kind: 'number', cell: ({ sizeBytes }) => sizeText(sizeBytes) }),
  column<LayerRow>({ id: 'packages', title: 'Packages', kind: 'number', cell: ({ packages }) => packages || '–' }),
  column<LayerRow>({ id: 'findings', title: 'Findings', kind: 'number', cell: ({ findings }) => findings || '–' }),
  column<LayerRow>({ id: 'digest', title: 'Digest', kind: 'hash', cell: ({ digest }) => <Digest digest={digest} /> }),
];

interface Props extends ImageContextData {
  /** Push by whose rules findings count; undefined for the newest. */
  pushOfRules: string | undefined;
}

/** Layers with their command, size and what each brought; those of the base image are marked. */
export function LayersTab({ digest, images, findings, pushOfRules }: Props) {
  const packages = useQuery(imagePackages(digest));
  const bases = useQuery(imageBase(digest, pushOfRules));
  const layersOfBase = (image: string) =>
    bases.data?.items.find(({ imageDigest }) => imageDigest === image)?.base?.layers ?? 0;
  return images.map((image) => (
    <Section key={image.digest} title={image.platform}>
      <DataTable
        label={`Layers of ${image.platform}`}
        columns={columns}
        rows={layersOf(image, findings?.items ?? [], packages.data?.items ?? [], layersOfBase(image.digest))}
        keyOf={({ index }) => String(index)}
      />
    </Section>
  ));
}
