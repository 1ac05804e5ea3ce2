import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { imageBase } from '../../api/queries.js';
import type { ImageBase } from '../../api/types.js';
import { SeverityMark } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { Loaded } from '../../parts/states.js';
import { counted, dotted, nameOf, shortDigest } from '../../parts/words.js';

type Option = ImageBase['options'][number];
type Base = NonNullable<ImageBase['base']>;

/** Options that are shown; the API has the others. */
const maxOptions = 5;

/** Newer base images with what each would close, or what is missing to know them. */
export function BaseSection({ digest, pushId }: { digest: string; pushId: string | undefined }) {
  return (
    <Section title="Base image">
      <Loaded read={useQuery(imageBase(digest, pushId))}>
        {({ items }) => items.map((item) => <BaseOf key={item.imageDigest} item={item} isAlone={items.length === 1} />)}
      </Loaded>
    </Section>
  );
}

function BaseOf({ item, isAlone }: { item: ImageBase; isAlone: boolean }) {
  const { platform, base, label, options } = item;
  return (
    <>
      {!isAlone && <h3>{platform}</h3>}
      {base === null ? <UnknownBase label={label} /> : <KnownBase base={base} options={options} />}
    </>
  );
}

function KnownBase({ base, options }: { base: Base; options: readonly Option[] }) {
  const { digest, repository, tag, layers, vulnerabilities } = base;
  const useful = options.filter(({ closes }) => closes > 0);
  const name = repository === null ? `@${shortDigest(digest)}` : nameOf({ repository, tag });
  return (
    <>
      <p>
        Built on{' '}
        <Link to="/images/$digest" params={{ digest }}>
          {name}
        </Link>
        , whose {counted(layers, 'layer')} {layers === 1 ? 'brings' : 'bring'}{' '}
        {counted(vulnerabilities, 'vulnerability', 'vulnerabilities')}.
      </p>
      {vulnerabilities > 0 && useful.length === 0 && (
        <p className="quiet">
          {options.length === 0
            ? `No newer image of ${repository ?? 'its repository'} is known here. Push or mirror newer ones to a connected registry to compare them.`
            : `None of ${counted(options.length, 'newer image')} of ${repository ?? 'its repository'} closes one of them.`}
        </p>
      )}
      <ul className="fixes">
        {useful.slice(0, maxOptions).map((option) => (
          <BaseOption key={option.digest} option={option} base={base} />
        ))}
      </ul>
    </>
  );
}

function BaseOption({ option, base }: { option: Option; base: Base }) {
  const { digest, registry, repository, tag, receivedAt, isSameTag, closes, closesWorst, adds } = option;
  return (
    <li>
      {closesWorst !== null && <SeverityMark severity={closesWorst} />}{' '}
      <b>
        {isSameTag ? 'Rebuild on the newer' : 'Move to'} {nameOf({ repository, tag })}
      </b>{' '}
      <small className="quiet">
        {dotted(
          `closes ${closes} of ${counted(base.vulnerabilities, 'vulnerability', 'vulnerabilities')}`,
          adds > 0 && `brings ${adds} new`,
          registry,
        )}
      </small>{' '}
      pushed <Moment at={receivedAt} />{' '}
      <Link
        to="/compare"
        search={{ from: base.digest, to: digest }}
        aria-label={`compare ${nameOf({ repository, tag })} with the base`}
      >
        compare
      </Link>
    </li>
  );
}

function UnknownBase({ label: { name, digest } }: { label: ImageBase['label'] }) {
  const named = name ?? digest;
  return (
    <p>
      {named === null ? (
        'No image that was pushed here is the base of this one, and no label names it.'
      ) : (
        <>
          A label names the base <code className="wrap">{named}</code>, whose layers no image that was pushed here has.
        </>
      )}{' '}
      <span className="quiet">
        Push or mirror base images to a connected registry: then newer ones are compared here by what they close.
      </span>
    </p>
  );
}
