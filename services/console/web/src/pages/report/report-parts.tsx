import { Button } from 'react-aria-components/Button';

/** Prints the page, with the styles for paper. */
export function PrintButton() {
  return (
    <Button className="button" onPress={() => print()}>
      Print
    </Button>
  );
}

/** Heading of a column of a report, whose rows lie below each other on narrow screens. */
export function TableHeading({ className, children }: { className?: string; children: string }) {
  return (
    <th scope="col" role="columnheader" className={className}>
      {children}
    </th>
  );
}
