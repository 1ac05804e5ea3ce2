import { Link, type LinkProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';

/** Heading of a page with its title in the browser, remarks below and actions beside it. */
export function PageHead({ title, about, actions }: { title: string; about?: ReactNode; actions?: ReactNode }) {
  return (
    <header className="page-head">
      <title>{`${title} · Tidewaiter`}</title>
      <div>
        <h1>{title}</h1>
        {about !== undefined && <div className="about">{about}</div>}
      </div>
      {actions !== undefined && <div className="actions">{actions}</div>}
    </header>
  );
}

/** Part of a page under its own heading. */
export function Section({ title, note, children }: { title: string; note?: ReactNode; children: ReactNode }) {
  return (
    <section className="section">
      <h2>
        {title} {note !== undefined && <small className="quiet">{note}</small>}
      </h2>
      {children}
    </section>
  );
}

interface Tab {
  id: string;
  title: string;
  count?: number | undefined;
}

/** Tabs as links: the address names the chosen one. */
export function TabLinks({ label, tabs, chosen }: { label: string; tabs: readonly Tab[]; chosen: string }) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map(({ id, title, count }) => (
        <Link
          key={id}
          to="."
          search={((before: object) => ({ ...before, tab: id, sort: undefined })) as LinkProps['search']}
          aria-current={id === chosen ? 'page' : undefined}
          activeProps={{}}
        >
          {title}
          {count !== undefined && <small> {count.toLocaleString('en')}</small>}
        </Link>
      ))}
    </nav>
  );
}

/** Names and values, such as the facts about an image. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  const known = facts.filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false);
  return (
    <dl className="facts">
      {known.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
