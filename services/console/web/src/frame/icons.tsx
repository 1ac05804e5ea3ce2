/** Outlines of the sections, 16 units wide. */
const paths = {
  now: 'M8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6Z',
  incidents: 'M8 2 14.4 13.4H1.6ZM8 6.4v3.2M8 11.4v.4',
  images: 'M8 1.8 14 5v6l-6 3.2L2 11V5ZM2.2 5.2 8 8.4l5.8-3.2M8 8.4v5.6',
  vulnerabilities: 'M8 1.8 13.4 4v4c0 3.2-2.2 5.2-5.4 6.4C4.8 13.2 2.6 11.2 2.6 8V4ZM5.6 8l1.8 1.8L10.6 6.4',
  workloads: 'M2 2.6h5v4.4H2ZM9 2.6h5v4.4H9ZM2 9h5v4.4H2ZM9 9h5v4.4H9Z',
  policies: 'M3.4 2h9.2v12H3.4ZM5.8 5.2h4.4M5.8 8h4.4M5.8 10.8h2.6',
  system: 'M2 4.4h12M2 8h12M2 11.6h12M5 3v2.8M10.6 6.6v2.8M7 10.2V13',
  scope: 'M2 3h12L9.6 8.4V13L6.4 14V8.4Z',
  search: 'M7 2.4a4.6 4.6 0 1 1 0 9.2 4.6 4.6 0 0 1 0-9.2ZM10.4 10.4 14 14',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
